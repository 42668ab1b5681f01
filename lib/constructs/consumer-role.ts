/**
 * What a consumer may do: take tasks from its stage's queues, remember them, write its log, read its stage's secrets. One
 * role for all consumers of the stage, made here and never at run time.
 */
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { resultsPrefix, stepsPrefix } from '../../lambdas/contract/data-bucket.ts';
import { rolePath } from '../../lambdas/contract/names.ts';
import { dataRemoval } from './data-removal.ts';
import { grant } from './grant.ts';
import { pipelineArns } from './pipeline-arns.ts';
import { atRunTime, noResource } from './shared-grants.ts';
import type { StageParts } from './stage-parts.ts';

const takeTasksActions = [
  'sqs:ReceiveMessage',
  'sqs:DeleteMessage',
  'sqs:GetQueueAttributes',
  'sqs:GetQueueUrl',
  'sqs:ChangeMessageVisibility',
];

const rememberActions = ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'];

/** What Lambda itself does, with this role, for a function in a VPC (LDG/configuration-vpc). */
const networkInterfaceActions = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

type RoleParts = Pick<StageParts, 'settings' | 'state' | 'data' | 'queues' | 'jobQueues'>;

export class ConsumerRole extends Construct {
  readonly role: Role;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, { settings, state, data, queues, jobQueues }: RoleParts) {
    super(scope, id);
    const { prefix } = settings;
    const arns = pipelineArns(this, prefix);
    this.logGroup = new LogGroup(this, 'Log', { retention: settings.logRetentionDays, removalPolicy: dataRemoval(settings) });
    this.role = new Role(this, 'Role', {
      path: rolePath(prefix),
      description: `Consumers of ${prefix}`,
      // No aws:SourceAccount: no page of AWS says that Lambda sends it, and a role can be passed within its account only.
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    const { role } = this;
    grant(role, 'WriteLog', ['logs:CreateLogStream', 'logs:PutLogEvents'], [this.logGroup.logGroupArn]);
    grant(role, 'TakeTasks', takeTasksActions, [arns.queues], atRunTime);
    grant(role, 'SetTasksAside', ['sqs:SendMessage'], [arns.deadLetterQueues], atRunTime);
    grant(role, 'RememberTasks', rememberActions, [state.tasks.tableArn]);
    grant(role, 'KeepLargeResults', ['s3:GetObject', 's3:PutObject'], [data.bucket.arnForObjects(`${stepsPrefix}*`)], {
      because: 'One object for each large step result, named after its task.',
    });
    // A hint only has somebody look: what is done is read from the config table, which no consumer can write.
    grant(role, 'AskForALook', ['sqs:SendMessage'], [queues.changes.queueArn]);
    // What it says of a job's task counts only for a task that was sent, and once.
    grant(role, 'Report', ['sqs:SendMessage'], [jobQueues.reports.queueArn]);
    grant(role, 'KeepLargeTaskResults', ['s3:PutObject'], [data.bucket.arnForObjects(`${resultsPrefix}*`)], {
      because: 'One object for each large result of a task, named after its job.',
    });
    grant(role, 'ReadParameters', ['ssm:GetParameter', 'ssm:GetParameters'], [arns.parameters], atRunTime);
    grant(role, 'ReadSecrets', ['secretsmanager:GetSecretValue'], [arns.secrets], atRunTime);
    grant(role, 'Trace', ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], ['*'], noResource);
    grant(role, 'JoinVpc', networkInterfaceActions, ['*'], noResource);
    role.addToPolicy(
      new PolicyStatement({
        // Lambda needs these rights to set the function up; the consumer's code must not have them.
        sid: 'NotFromConsumerCode',
        effect: Effect.DENY,
        actions: [...networkInterfaceActions, 'ec2:DetachNetworkInterface'],
        resources: ['*'],
        conditions: { ArnLike: { 'lambda:SourceFunctionArn': arns.functions } },
      }),
    );
  }
}

/** What the reconciler may call: one statement per purpose, and only on what carries the stage's prefix wherever IAM can tell. */
import { Stack } from 'aws-cdk-lib';
import { tagKeys } from '../../lambdas/contract/tags.ts';
import type { OwnFunction } from './own-function.ts';
import { pipelineArns } from './pipeline-arns.ts';
import { anyKey, atRunTime, noResource, readCode, readWrite } from './shared-grants.ts';
import type { StageParts } from './stage-parts.ts';

export function allowReconciling(reconciler: OwnFunction, parts: StageParts): void {
  allowFunctions(reconciler, parts);
  allowMappings(reconciler, parts);
  allowQueues(reconciler, parts);
  allowData(reconciler, parts);
}

function allowFunctions(reconciler: OwnFunction, { settings, consumers }: StageParts): void {
  const { functions, roles } = pipelineArns(reconciler, settings.prefix);
  reconciler.allow(
    'ManageFunctions',
    [
      'lambda:CreateFunction',
      'lambda:UpdateFunctionCode',
      'lambda:UpdateFunctionConfiguration',
      'lambda:DeleteFunction',
      'lambda:GetFunction',
      'lambda:PutFunctionConcurrency',
      'lambda:DeleteFunctionConcurrency',
      'lambda:TagResource',
      'lambda:UntagResource',
      'lambda:ListTags',
    ],
    functions,
    atRunTime,
  );
  reconciler.allow('ProveReleases', ['lambda:InvokeFunction'], functions, atRunTime);
  reconciler.allow('GiveFunctionsTheirRole', ['iam:PassRole'], [consumers.role.roleArn, roles], {
    conditions: { StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' } },
    because: "An item may name a role of its own, if it lives under the stage's path.",
  });
  // Lambda checks these as the caller's when an item names layers or a VPC.
  const layers = Stack.of(reconciler).formatArn({ service: 'lambda', region: '*', account: '*', resource: 'layer:*:*' });
  reconciler.allow('UseLayers', ['lambda:GetLayerVersion'], [layers], {
    because: "A layer may be anybody's, in any account that shares it.",
  });
  reconciler.allow('UseVpcs', ['ec2:DescribeSubnets', 'ec2:DescribeSecurityGroups', 'ec2:DescribeVpcs'], ['*'], noResource);
  reconciler.allow('KnowTheAccountsRoom', ['lambda:GetAccountSettings'], ['*'], noResource);
}

function allowMappings(reconciler: OwnFunction, { settings }: StageParts): void {
  const { functions, mappings } = pipelineArns(reconciler, settings.prefix);
  const ours = {
    conditions: { ArnLike: { 'lambda:FunctionArn': functions } },
    because: 'A mapping has no name of its own; the condition keeps this to mappings of our functions.',
  };
  reconciler.allow('CreateMappings', ['lambda:CreateEventSourceMapping'], ['*'], ours);
  reconciler.allow('ChangeMappings', ['lambda:UpdateEventSourceMapping', 'lambda:DeleteEventSourceMapping'], [mappings], ours);
  reconciler.allow('TagMappings', ['lambda:TagResource'], [mappings], {
    conditions: { StringEquals: { [`aws:RequestTag/${tagKeys.prefix}`]: settings.prefix } },
    because: ours.because,
  });
  // Without the condition: a mapping that is gone has no function, and "not found" would read "access denied".
  reconciler.allow('SeeMappings', ['lambda:GetEventSourceMapping'], [mappings], {
    because: 'A mapping is known by a random id only.',
  });
  reconciler.allow('ListMappings', ['lambda:ListEventSourceMappings'], ['*'], noResource);
}

function allowQueues(reconciler: OwnFunction, { settings, queues, jobQueues }: StageParts): void {
  reconciler.allow(
    'ManageQueues',
    [
      'sqs:CreateQueue',
      'sqs:DeleteQueue',
      'sqs:GetQueueAttributes',
      'sqs:SetQueueAttributes',
      'sqs:GetQueueUrl',
      'sqs:TagQueue',
      'sqs:UntagQueue',
      'sqs:ListQueueTags',
    ],
    [pipelineArns(reconciler, settings.prefix).queues],
    atRunTime,
  );
  // A hint that has to wait does so by visibility, which its mapping grants.
  const hinted = [queues.changes, queues.rollouts, jobQueues.placing].map(({ queueArn }) => queueArn);
  reconciler.allow('SendHints', ['sqs:SendMessage'], hinted);
}

function allowData(reconciler: OwnFunction, { config, state, code }: StageParts): void {
  reconciler.allow('ReadConfig', ['dynamodb:GetItem', 'dynamodb:Scan'], [config.tableArn]);
  reconciler.allow('KeepState', readWrite, [state.pipelines.tableArn, state.releases.tableArn, state.control.tableArn]);
  reconciler.allow('SeeCoolings', ['dynamodb:GetItem'], [state.tasks.tableArn]);
  // Lambda checks that the caller may read the code it gives to a function.
  reconciler.allow('ReadCode', readCode, [code.bucket.arnForObjects('*')], anyKey);
  reconciler.allow('TellMissingCode', ['s3:ListBucket'], [code.bucket.bucketArn]);
}

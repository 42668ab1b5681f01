/**
 * A stage's end, on accounts of their own: `cdk destroy` takes the pipelines along, drained or discarded, and leaves
 * nothing but the data it was told to keep. Before it, a deploy over running pipelines.
 */
import { join } from 'node:path';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { GetFunctionCommand, ListEventSourceMappingsCommand, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { ListBucketsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { ListQueuesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pipelineNames } from '../../lambdas/contract/names.ts';
import type { StageSettingsInput } from '../../lambdas/contract/settings.ts';
import { permitKey, permitLimitAttribute, permitStateSortKey } from '../../lambdas/contract/task-table.ts';
import { type DeployOptions, deploy, destroy } from '../../local/deploy.ts';
import { type AwsClients, awsClients } from '../support/aws-clients.ts';
import { nodeConsumer, type Partner, startPartner } from '../support/consumers.ts';
import { sendThroughProxy } from '../support/deploy-shared-stage.ts';
import { eventually } from '../support/eventually.ts';
import { allowWhatOnlyTheLocalAwsAsks } from '../support/local-permissions.ts';
import { awsJson, awsQuery } from '../support/query-api.ts';
import { keepRolePolicies } from '../support/role-policies.ts';
import { stage } from '../support/shared-stage.ts';
import { synthesizeStages } from '../support/synthesize-stages.ts';

const keeps = { stage: 'keeps', pipelinesOnDestroy: 'drain', dataOnDestroy: 'retain' } as const;
const stages = {
  keeps,
  'keeps, changed': { ...keeps, logLevel: 'INFO', logRetentionDays: 7, permits: { gpu: 3 } },
  drops: { stage: 'drops', pipelinesOnDestroy: 'discard', dataOnDestroy: 'delete' },
} as const satisfies Record<string, StageSettingsInput>;

let partner: Partner;
let assemblies: Record<keyof typeof stages, string>;
beforeAll(async () => {
  [partner, assemblies] = await Promise.all([startPartner(500), synthesizeStages(join(stage.folder, 'stages'), stages)]);
});
afterAll(() => partner.stop());

class OtherStage {
  readonly target: typeof stage;
  readonly aws: AwsClients;
  private readonly options: DeployOptions;
  private assembly = '';
  outputs: Record<string, string> = {};

  constructor(account: string) {
    this.target = { ...stage, account };
    this.aws = awsClients(this.target);
    this.options = {
      ministack: { clientEnvironment: () => ({ ...stage.clientEnvironment, AWS_ACCESS_KEY_ID: account }) },
      folder: join(stage.folder, account),
      account,
    };
  }

  async deploy(as: keyof typeof stages): Promise<void> {
    this.assembly = assemblies[as];
    this.outputs = (await deploy({ ...this.options, assembly: this.assembly })).outputs;
    await allowWhatOnlyTheLocalAwsAsks(this.target, this.outputs['ConsumerRoleArn'] as string);
    await sendThroughProxy(this.aws, stage.endpoint, stage.proxyUrl);
    await keepRolePolicies(this.target, this.outputs['Prefix'] as string, stage.records);
  }

  destroy = () => destroy(this.assembly, this.options);

  async pipeline(taskGroup: string, fields: object = {}): Promise<void> {
    const Item = { taskGroup, concurrency: 1, function: { environment: { PARTNER_URL: partner.url } }, ...fields };
    await this.aws.documents.send(new PutCommand({ TableName: this.outputs['ConfigTableName'], Item }));
    await eventually(`${taskGroup} is up`, async () => {
      const { Item: row } = await this.aws.documents.send(
        new GetCommand({ TableName: this.outputs['PipelinesTableName'], Key: { taskGroup } }),
      );
      if (row?.['phase'] !== 'Active') throw new Error(JSON.stringify(row ?? 'no row'));
      return true;
    });
  }

  names = (taskGroup: string) => pipelineNames(this.outputs['Prefix'] as string, taskGroup, false);

  async send(taskGroup: string, ids: string[]): Promise<void> {
    const QueueUrl = `${stage.endpoint}/${this.target.account}/${this.names(taskGroup).queue}`;
    for (const id of ids)
      await this.aws.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify({ group: taskGroup, id }) }));
  }

  async permitLimit(name: string): Promise<unknown> {
    const Key = { pk: permitKey(name), sk: permitStateSortKey };
    const { Item } = await this.aws.documents.send(
      new GetCommand({ TableName: this.outputs['TasksTableName'], Key, ConsistentRead: true }),
    );
    return Item?.[permitLimitAttribute];
  }

  /** As a consumer does with a result too large for the table. */
  keepResult = () => this.aws.s3.send(new PutObjectCommand({ Bucket: this.outputs['DataBucketName'], Key: 'steps/a/b', Body: '{}' }));

  upload = () =>
    this.aws.s3.send(new PutObjectCommand({ Bucket: this.outputs['CodeBucketName'], Key: 'consumer.zip', Body: nodeConsumer() }));

  lastModified = async (taskGroup: string) =>
    (await this.aws.lambda.send(new GetFunctionCommand({ FunctionName: this.names(taskGroup).function }))).Configuration?.LastModified;

  /** All there is of the stage in its account, by kind and name. */
  async everything(): Promise<string[]> {
    const { lambda, sqs, s3, documents } = this.aws;
    const query = (service: string, Action: string, Version: string) => awsQuery(this.target, service, { Action, Version });
    const [functions, mappings, queues, tables, buckets, logs, ...xml] = await Promise.all([
      lambda.send(new ListFunctionsCommand({})),
      lambda.send(new ListEventSourceMappingsCommand({})),
      sqs.send(new ListQueuesCommand({})),
      documents.send(new ListTablesCommand({})),
      s3.send(new ListBucketsCommand({})),
      awsJson<{ logGroups: { logGroupName: string }[] }>(this.target, 'logs', 'Logs_20140328.DescribeLogGroups', {}),
      query('iam', 'ListRoles', '2010-05-08'),
      query('sns', 'ListTopics', '2010-03-31'),
      query('cloudformation', 'DescribeStacks', '2010-05-15'),
      query('monitoring', 'DescribeAlarms', '2010-08-01'),
    ]);
    const rules = await awsJson<{ Rules: { Name: string }[] }>(this.target, 'events', 'AWSEvents.ListRules', {});
    const found = [
      ...(functions.Functions ?? []).map(({ FunctionName }) => `function ${FunctionName}`),
      ...(mappings.EventSourceMappings ?? []).map(({ FunctionArn }) => `mapping of ${FunctionArn}`),
      ...(queues.QueueUrls ?? []).map((url) => `queue ${url}`),
      ...(tables.TableNames ?? []).map((name) => `table ${name}`),
      ...(buckets.Buckets ?? []).map(({ Name }) => `bucket ${Name}`),
      ...logs.logGroups.map(({ logGroupName }) => `log group ${logGroupName}`),
      ...rules.Rules.map(({ Name }) => `rule ${Name}`),
      ...xml.flatMap((text) =>
        [...text.matchAll(/<(RoleName|TopicArn|StackName|AlarmName)>([^<]+)</g)].map(([, kind, name]) => `${kind} ${name}`),
      ),
    ];
    // The cleaner's last line of log makes its group anew here; on AWS its role may not make groups.
    return found
      .filter((name) => !/log group .*StackCleaner/.test(name))
      .filter((name) => name.includes(this.target.outputs.Prefix.replace(/test$/, '')) || name.includes('Sluice'))
      .toSorted();
  }
}

const ids = (count: number) => Array.from({ length: count }, (_, i) => String(i));

describe.concurrent('a stage', () => {
  test('goes on under a deploy over it, drains when it is destroyed, and leaves the data it is to keep', async () => {
    const other = new OtherStage('111111111111');
    await other.deploy('keeps');
    await other.upload();
    await other.pipeline('A');
    const before = await other.lastModified('A');
    await other.send('A', ids(20));
    expect([await other.permitLimit('gpu'), await other.permitLimit('printer')]).toEqual([2, 1]);
    await other.deploy('keeps, changed');
    expect(await other.lastModified('A')).toBe(before);
    expect([await other.permitLimit('gpu'), await other.permitLimit('printer')]).toEqual([3, undefined]);
    await eventually('the tasks of before are done, each once', async () => partner.done('A').length === 20);
    expect(partner.visits.filter(({ group }) => group === 'A')).toHaveLength(20);
    await other.pipeline('also', { onDelete: 'discard' });

    await other.send('A', ids(30).slice(20));
    await other.destroy();
    expect(new Set(partner.done('A')).size).toBe(30);
    expect(await other.everything()).toEqual(
      [
        `bucket ${other.outputs['CodeBucketName']}`,
        `bucket ${other.outputs['DataBucketName']}`,
        `log group ${other.outputs['ConsumerLogGroupName']}`,
        `table ${other.outputs['ConfigTableName']}`,
      ].toSorted(),
    );
  });

  test('told to discard and to keep nothing, leaves nothing', async () => {
    const other = new OtherStage('222222222222');
    await other.deploy('drops');
    await other.upload();
    await other.pipeline('B');
    await other.keepResult();
    await other.send('B', ids(50));
    await other.destroy();
    expect(await other.everything()).toEqual([]);
  });
});

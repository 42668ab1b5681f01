/**
 * A stage's end, on accounts of their own: `cdk destroy` takes the pipelines along, drained or discarded, and leaves
 * nothing but the data it was told to keep. Before it, a deploy over running pipelines, and jobs that a validator looks at.
 */
import { join } from 'node:path';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { GetFunctionCommand, ListEventSourceMappingsCommand, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { ListBucketsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { ListQueuesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StageSettingsInput } from '../../lambdas/contract/settings.ts';
import { permitKey, permitLimitAttribute, permitStateSortKey } from '../../lambdas/contract/task-table.ts';
import { nodeConsumer, type Partner, startPartner } from '../support/consumers.ts';
import { eventually } from '../support/eventually.ts';
import { OtherStage } from '../support/other-stage.ts';
import { awsJson, awsQuery } from '../support/query-api.ts';
import { stage } from '../support/shared-stage.ts';
import { synthesizeStages } from '../support/synthesize-stages.ts';
import { jobsAreLookedAt } from '../support/validated-jobs.ts';

/** Of a name that no stage's things have. */
const validator = 'looks-at-jobs';
const keeps = { stage: 'keeps', pipelinesOnDestroy: 'drain', dataOnDestroy: 'retain' } as const;
const stages = {
  keeps,
  'keeps, changed': { ...keeps, logLevel: 'INFO', logRetentionDays: 7, permits: { gpu: 3 } },
  drops: { stage: 'drops', pipelinesOnDestroy: 'discard', dataOnDestroy: 'delete', validatorFunction: validator },
} as const satisfies Record<string, StageSettingsInput>;

let partner: Partner;
let assemblies: Record<keyof typeof stages, string>;
beforeAll(async () => {
  [partner, assemblies] = await Promise.all([startPartner(500), synthesizeStages(join(stage.folder, 'stages'), stages)]);
});
afterAll(() => partner.stop());

class DoomedStage extends OtherStage {
  /** Of a plain consumer that visits the partner. */
  visiting = (taskGroup: string, fields: object = {}) =>
    this.pipeline(taskGroup, { function: { environment: { PARTNER_URL: partner.url } }, ...fields });

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
    const other = new DoomedStage('111111111111');
    await other.deploy(assemblies.keeps);
    await other.upload('consumer.zip', nodeConsumer());
    await other.visiting('A');
    const before = await other.lastModified('A');
    await other.send('A', ids(20));
    expect([await other.permitLimit('gpu'), await other.permitLimit('printer')]).toEqual([2, 1]);
    await other.deploy(assemblies['keeps, changed']);
    expect(await other.lastModified('A')).toBe(before);
    expect([await other.permitLimit('gpu'), await other.permitLimit('printer')]).toEqual([3, undefined]);
    await eventually('the tasks of before are done, each once', async () => partner.done('A').length === 20);
    expect(partner.visits.filter(({ group }) => group === 'A')).toHaveLength(20);
    await other.visiting('also', { onDelete: 'discard' });

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

  test('has its own validator look at jobs first; told to discard and to keep nothing, leaves nothing', async () => {
    const other = new DoomedStage('222222222222');
    await other.deploy(assemblies.drops);
    await other.upload('consumer.zip', nodeConsumer());
    await jobsAreLookedAt(other, validator);
    await other.visiting('B');
    await other.keepResult();
    await other.send('B', ids(50));
    await other.destroy();
    expect(await other.everything()).toEqual([]);
  });
});

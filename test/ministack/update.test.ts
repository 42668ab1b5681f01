/** A changed field → exactly the calls that field needs, in AWS's order, and nothing else is touched. */
import { PublishLayerVersionCommand } from '@aws-sdk/client-lambda';
import { beforeAll, describe, expect, test } from 'vitest';
import { nodeConsumer } from '../support/consumers.ts';
import {
  type AnyItem,
  aws,
  lookAtWhole,
  namesOf,
  newCode,
  newGroup,
  removeGroupsAfterwards,
  untilRow,
  writeItem,
} from '../support/groups.ts';
import { awsQuery } from '../support/query-api.ts';
import { callsSince, changesIn, markRecord } from '../support/recorded-calls.ts';
import { stage } from '../support/shared-stage.ts';

type Whole = Awaited<ReturnType<typeof lookAtWhole>>;
type Fields = Omit<AnyItem, 'taskGroup'>;

interface Case {
  what: string;
  before?: Fields;
  after: Fields;
  calls: string[];
  /** What is so afterwards. */
  seen: (whole: Whole) => unknown;
  is: unknown;
}

const configured = 'lambda:UpdateFunctionConfiguration';
const queueSet = 'sqs:SetQueueAttributes';
const mappingSet = 'lambda:UpdateEventSourceMapping';
const role = `arn:aws:iam::${stage.account}:role/${stage.outputs.Prefix}/own-role`;
const layer = `arn:aws:lambda:${stage.region}:${stage.account}:layer:tools:1`;
const vpc = { subnetIds: ['subnet-1', 'subnet-2'], securityGroupIds: ['sg-1'] };

const configuration = ({ function: fn }: Whole) => fn.Configuration;
const queueAttribute = (name: string) => (whole: Whole) => whole.queue.attributes[name];
const variable = (name: string) => (whole: Whole) => whole.function.Configuration?.Environment?.Variables?.[name];
const limits = ({ function: fn, mapping }: Whole) => [
  fn.Concurrency?.ReservedConcurrentExecutions,
  mapping.ScalingConfig?.MaximumConcurrency,
];

const cases: Case[] = [
  {
    what: 'concurrency, where the mapping takes no lower cap',
    after: { concurrency: 2 },
    calls: ['lambda:PutFunctionConcurrency'],
    seen: limits,
    is: [2, 2],
  },
  {
    what: 'concurrency up: room first, then pollers',
    before: { concurrency: 2 },
    after: { concurrency: 4 },
    calls: ['lambda:PutFunctionConcurrency', mappingSet],
    seen: limits,
    is: [4, 4],
  },
  {
    what: 'concurrency down: fewer pollers first',
    before: { concurrency: 4 },
    after: { concurrency: 2 },
    calls: [mappingSet, 'lambda:PutFunctionConcurrency'],
    seen: limits,
    is: [2, 2],
  },
  {
    what: 'reserve off',
    before: { concurrency: 2 },
    after: { concurrency: 2, reserve: false },
    calls: ['lambda:DeleteFunctionConcurrency'],
    seen: limits,
    is: [undefined, 2],
  },
  {
    what: 'memory',
    after: { function: { memorySize: 512 } },
    calls: [configured],
    seen: (whole) => configuration(whole)?.MemorySize,
    is: 512,
  },
  {
    what: 'timeout up: visibility first',
    after: { function: { timeout: 60 } },
    calls: [queueSet, configured],
    seen: (whole) => [configuration(whole)?.Timeout, queueAttribute('VisibilityTimeout')(whole)],
    is: [60, '360'],
  },
  {
    what: 'timeout down: visibility last',
    after: { function: { timeout: 10 } },
    calls: [configured, queueSet],
    seen: (whole) => [configuration(whole)?.Timeout, queueAttribute('VisibilityTimeout')(whole)],
    is: [10, '60'],
  },
  {
    what: 'environment',
    after: { function: { environment: { COLOUR: 'blue' } } },
    calls: [configured],
    seen: variable('COLOUR'),
    is: 'blue',
  },
  {
    what: 'tracing',
    after: { function: { tracing: 'Active' } },
    calls: [configured],
    seen: (whole) => configuration(whole)?.TracingConfig?.Mode,
    is: 'Active',
  },
  {
    what: 'ephemeral storage',
    after: { function: { ephemeralStorage: 1_024 } },
    calls: [configured],
    seen: (whole) => configuration(whole)?.EphemeralStorage?.Size,
    is: 1_024,
  },
  {
    what: 'runtime',
    after: { function: { runtime: 'nodejs22.x' } },
    calls: [configured],
    seen: (whole) => configuration(whole)?.Runtime,
    is: 'nodejs22.x',
  },
  {
    what: 'handler',
    after: { function: { handler: 'index.other' } },
    calls: [configured],
    seen: (whole) => configuration(whole)?.Handler,
    is: 'index.other',
  },
  {
    what: 'layers',
    after: { function: { layers: [layer] } },
    calls: [configured],
    seen: (whole) => configuration(whole)?.Layers?.map(({ Arn }) => Arn),
    is: [layer],
  },
  { what: 'role', after: { function: { role } }, calls: [configured], seen: (whole) => configuration(whole)?.Role, is: role },
  {
    what: 'VPC',
    after: { function: { vpc } },
    calls: [configured],
    seen: (whole) => configuration(whole)?.VpcConfig,
    is: expect.objectContaining({ SubnetIds: vpc.subnetIds, SecurityGroupIds: vpc.securityGroupIds }),
  },
  {
    what: 'architecture',
    after: { function: { architecture: 'x86_64' } },
    calls: ['lambda:UpdateFunctionCode'],
    seen: (whole) => configuration(whole)?.Architectures,
    is: ['x86_64'],
  },
  {
    what: 'visibility timeout',
    after: { queue: { visibilityTimeout: 300 } },
    calls: [queueSet],
    seen: queueAttribute('VisibilityTimeout'),
    is: '300',
  },
  {
    what: 'retention',
    after: { queue: { messageRetention: 86_400 } },
    calls: [queueSet],
    seen: queueAttribute('MessageRetentionPeriod'),
    is: '86400',
  },
  {
    what: 'receives before the dead-letter queue',
    after: { queue: { maxReceiveCount: 7 } },
    calls: [queueSet],
    seen: (whole) => Number(JSON.parse(whole.queue.attributes['RedrivePolicy'] ?? '{}').maxReceiveCount),
    is: 7,
  },
  { what: 'delay', after: { queue: { delay: 5 } }, calls: [queueSet], seen: queueAttribute('DelaySeconds'), is: '5' },
  { what: 'batch size', after: { batch: { size: 5 } }, calls: [mappingSet], seen: ({ mapping }) => mapping.BatchSize, is: 5 },
  {
    what: 'batch window: the visibility covers it',
    after: { batch: { size: 20, window: 10 } },
    calls: [queueSet, mappingSet],
    seen: (whole) => [whole.mapping.MaximumBatchingWindowInSeconds, queueAttribute('VisibilityTimeout')(whole)],
    is: [10, '190'],
  },
  {
    what: 'a tag more',
    after: { tags: { team: 'red' } },
    calls: ['sqs:TagQueue', 'sqs:TagQueue', 'lambda:TagResource'],
    seen: ({ function: fn, queue, deadLetterQueue }) => [fn.Tags?.['team'], queue.tags['team'], deadLetterQueue.tags['team']],
    is: ['red', 'red', 'red'],
  },
  {
    what: 'a tag less',
    before: { tags: { team: 'red' } },
    after: {},
    calls: ['sqs:UntagQueue', 'sqs:UntagQueue', 'lambda:UntagResource'],
    seen: ({ function: fn, queue, deadLetterQueue }) => [fn.Tags?.['team'], queue.tags['team'], deadLetterQueue.tags['team']],
    is: [undefined, undefined, undefined],
  },
  { what: 'paused', after: { paused: true }, calls: [mappingSet], seen: ({ mapping }) => mapping.State, is: 'Disabled' },
  { what: 'resumed', before: { paused: true }, after: {}, calls: [mappingSet], seen: ({ mapping }) => mapping.State, is: 'Enabled' },
  { what: 'what removal does', after: { onDelete: 'drain' }, calls: [], seen: () => undefined, is: undefined },
  {
    what: 'secrets, by reference',
    after: { secrets: { API_KEY: `ssm:${stage.outputs.SecretsPath}key` } },
    calls: [configured],
    seen: variable('SLUICE_SECRETS'),
    is: JSON.stringify({ API_KEY: `ssm:${stage.outputs.SecretsPath}key` }),
  },
  {
    what: 'consumer library',
    after: { consumer: 'sluice' },
    calls: [queueSet, configured],
    seen: variable('SLUICE_RETRY'),
    is: JSON.stringify({ maxRetries: 3, baseSeconds: 2, capSeconds: 3_600 }),
  },
  {
    what: 'retry',
    before: { consumer: 'sluice' },
    after: { consumer: 'sluice', retry: { maxRetries: 5 } },
    calls: [configured],
    seen: variable('SLUICE_RETRY'),
    is: JSON.stringify({ maxRetries: 5, baseSeconds: 2, capSeconds: 3_600 }),
  },
  {
    what: 'rate',
    before: { consumer: 'sluice' },
    after: { consumer: 'sluice', ratePerSecond: 0.5 },
    calls: [configured],
    seen: variable('SLUICE_RATE_PER_SECOND'),
    is: '0.5',
  },
];

let code: { key: string };
removeGroupsAfterwards();

beforeAll(async () => {
  const { key } = await newCode(nodeConsumer());
  code = { key };
  await Promise.all([
    aws.lambda.send(new PublishLayerVersionCommand({ LayerName: 'tools', Content: { ZipFile: nodeConsumer() } })),
    awsQuery(stage, 'iam', {
      Action: 'CreateRole',
      Version: '2010-05-08',
      RoleName: 'own-role',
      Path: `/${stage.outputs.Prefix}/`,
      AssumeRolePolicyDocument: '{"Version":"2012-10-17","Statement":[]}',
    }).catch(() => undefined),
  ]);
});

describe.concurrent('changing', () => {
  test.for(cases)('$what', async ({ before = {}, after, calls, seen, is }) => {
    const taskGroup = newGroup('update');
    await writeItem({ taskGroup, code, ...before });
    const { appliedHash } = await untilRow(taskGroup, 'up', (row) => row.appliedHash !== undefined);
    const first = await lookAtWhole(taskGroup);
    const mark = markRecord();

    await writeItem({ taskGroup, code, ...after });
    const row = await untilRow(taskGroup, 'changed', (now) => now.appliedHash !== undefined && now.appliedHash !== appliedHash);
    const whole = await lookAtWhole(taskGroup);

    expect(changesIn(callsSince(mark, [namesOf(taskGroup).function, row.resources.mappingId as string]))).toEqual(calls);
    expect(seen(whole)).toEqual(is);
    if (!calls.some((call) => /UpdateFunction/.test(call)))
      expect(configuration(whole)?.LastModified).toBe(configuration(first)?.LastModified);
    expect(whole.mapping.UUID).toBe(first.mapping.UUID);
  });
});

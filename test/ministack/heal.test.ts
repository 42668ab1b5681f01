/** What somebody removed or changed by hand comes back with the sweep, and only that is written. */
import {
  DeleteEventSourceMappingCommand,
  DeleteFunctionCommand,
  DeleteFunctionConcurrencyCommand,
  PutFunctionConcurrencyCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateEventSourceMappingCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { DeleteQueueCommand, SetQueueAttributesCommand, TagQueueCommand } from '@aws-sdk/client-sqs';
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, expect, test } from 'vitest';
import { nodeConsumer } from '../support/consumers.ts';
import { eventually } from '../support/eventually.ts';
import {
  aws,
  lookAtWhole,
  namesOf,
  newCode,
  newGroup,
  removeGroupsAfterwards,
  removeItem,
  rowOf,
  sweep,
  untilGone,
  untilPhase,
  untilRelease,
  upload,
  writeItem,
} from '../support/groups.ts';
import { callsSince, changesIn, markRecord } from '../support/recorded-calls.ts';
import { stage } from '../support/shared-stage.ts';

type Whole = Awaited<ReturnType<typeof lookAtWhole>>;
interface Harm {
  what: string;
  harm: (whole: Whole) => Promise<unknown>;
  mended: string[];
}

const name = ({ function: fn }: Whole) => fn.Configuration?.FunctionName as string;
let key: string;
let earlier: string;

const harms: Harm[] = [
  {
    what: 'the mapping is gone',
    harm: ({ mapping }) => aws.lambda.send(new DeleteEventSourceMappingCommand({ UUID: mapping.UUID })),
    mended: ['lambda:CreateEventSourceMapping'],
  },
  {
    what: 'the function is gone',
    harm: (whole) => aws.lambda.send(new DeleteFunctionCommand({ FunctionName: name(whole) })),
    mended: [
      'lambda:DeleteEventSourceMapping',
      'lambda:CreateFunction',
      'lambda:PutFunctionConcurrency',
      'lambda:CreateEventSourceMapping',
    ],
  },
  {
    what: 'the queue is gone',
    harm: ({ queue }) => aws.sqs.send(new DeleteQueueCommand({ QueueUrl: queue.url })),
    mended: ['sqs:CreateQueue'],
  },
  {
    what: 'the dead-letter queue is gone',
    harm: ({ deadLetterQueue }) => aws.sqs.send(new DeleteQueueCommand({ QueueUrl: deadLetterQueue.url })),
    mended: ['sqs:CreateQueue'],
  },
  {
    what: 'the reservation is gone',
    harm: (whole) => aws.lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName: name(whole) })),
    mended: ['lambda:PutFunctionConcurrency'],
  },
  {
    what: 'the reservation was raised',
    harm: (whole) => aws.lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: name(whole), ReservedConcurrentExecutions: 7 })),
    mended: ['lambda:PutFunctionConcurrency'],
  },
  {
    what: 'memory and environment were changed',
    harm: (whole) =>
      aws.lambda.send(
        new UpdateFunctionConfigurationCommand({ FunctionName: name(whole), MemorySize: 1_024, Environment: { Variables: {} } }),
      ),
    mended: ['lambda:UpdateFunctionConfiguration'],
  },
  {
    what: 'the code is an earlier version',
    harm: (whole) =>
      aws.lambda.send(
        new UpdateFunctionCodeCommand({
          FunctionName: name(whole),
          S3Bucket: stage.outputs.CodeBucketName,
          S3Key: key,
          S3ObjectVersion: earlier,
          S3ObjectStorageMode: 'REFERENCE',
        }),
      ),
    mended: ['lambda:UpdateFunctionCode'],
  },
  {
    what: 'the code is something else',
    harm: (whole) => aws.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: name(whole), ZipFile: nodeConsumer('by hand') })),
    mended: ['lambda:UpdateFunctionCode'],
  },
  {
    what: 'the mapping is disabled and takes more',
    harm: ({ mapping }) =>
      aws.lambda.send(
        new UpdateEventSourceMappingCommand({
          UUID: mapping.UUID,
          Enabled: false,
          BatchSize: 10,
          ScalingConfig: { MaximumConcurrency: 50 },
          FunctionResponseTypes: [],
        }),
      ),
    mended: ['lambda:UpdateEventSourceMapping'],
  },
  {
    what: 'attributes of the queue were changed',
    harm: ({ queue }) =>
      aws.sqs.send(
        new SetQueueAttributesCommand({ QueueUrl: queue.url, Attributes: { VisibilityTimeout: '31', RedrivePolicy: '', Policy: '' } }),
      ),
    mended: ['sqs:SetQueueAttributes'],
  },
  {
    what: 'retention of the dead-letter queue was changed',
    harm: ({ deadLetterQueue }) =>
      aws.sqs.send(new SetQueueAttributesCommand({ QueueUrl: deadLetterQueue.url, Attributes: { MessageRetentionPeriod: '60' } })),
    mended: ['sqs:SetQueueAttributes'],
  },
  {
    what: 'tags were changed',
    harm: async (whole) => {
      await aws.lambda.send(new UntagResourceCommand({ Resource: whole.function.Configuration?.FunctionArn, TagKeys: ['team'] }));
      await aws.lambda.send(new TagResourceCommand({ Resource: whole.function.Configuration?.FunctionArn, Tags: { extra: 'x' } }));
      await aws.sqs.send(new TagQueueCommand({ QueueUrl: whole.queue.url, Tags: { team: 'none' } }));
    },
    mended: ['sqs:TagQueue', 'lambda:UntagResource', 'lambda:TagResource'],
  },
];

removeGroupsAfterwards();
beforeAll(async () => {
  ({ key, version: earlier } = await newCode(nodeConsumer('earlier')));
  await untilRelease(key, await upload(key, nodeConsumer('now')), 'RolledOut');
});

/** Without what differs by being made anew. */
const essence = ({ function: fn, queue, deadLetterQueue, mapping }: Whole) => ({
  configuration: { ...fn.Configuration, LastModified: '', RevisionId: '', LastUpdateStatus: '' },
  reserved: fn.Concurrency?.ReservedConcurrentExecutions,
  code: fn.Code?.ResolvedS3Object?.S3ObjectVersion,
  tags: [fn.Tags, queue.tags, deadLetterQueue.tags],
  queues: [queue, deadLetterQueue].map(({ attributes: { CreatedTimestamp: _c, LastModifiedTimestamp: _m, ...rest } }) => rest),
  mapping: [mapping.State, mapping.BatchSize, mapping.ScalingConfig, mapping.FunctionResponseTypes, mapping.EventSourceArn],
});

test('everything done to pipelines by hand is undone by one sweep, with the calls that takes and no other', async () => {
  const groups = harms.map(() => newGroup('heal'));
  const untouched = newGroup('heal not');
  await Promise.all([...groups, untouched].map((taskGroup) => writeItem({ taskGroup, code: { key }, tags: { team: 'blue' } })));
  const rows = await Promise.all([...groups, untouched].map((taskGroup) => untilPhase(taskGroup, 'Active')));
  const before = await Promise.all(groups.map((taskGroup) => lookAtWhole(taskGroup)));
  await Promise.all(harms.map(({ harm }, i) => harm(before[i] as Whole)));
  const mark = markRecord();
  await sweep();

  const callsFor = (i: number) =>
    changesIn(callsSince(mark, [namesOf(rows[i]?.taskGroup as string).function, rows[i]?.resources.mappingId as string]));
  for (const [i, { what, mended }] of harms.entries()) {
    await eventually(`${what}: mended by ${mended.join(', ')}`, async () => {
      const calls = callsFor(i);
      if (calls.join() !== mended.join()) throw new Error(calls.join(', ') || 'no call');
      return true;
    });
    await untilPhase(groups[i] as string, 'Active');
    expect(essence(await lookAtWhole(groups[i] as string)), what).toEqual(essence(before[i] as Whole));
  }
  expect(callsFor(harms.length)).toEqual([]);
});

test('a status row that was lost is written again, and a pipeline nobody has a row or an item of is taken away', async () => {
  const [kept, orphan] = [newGroup('row lost'), newGroup('orphan')];
  await Promise.all([kept, orphan].map((taskGroup) => writeItem({ taskGroup, code: { key } })));
  await Promise.all([kept, orphan].map((taskGroup) => untilPhase(taskGroup, 'Active')));
  const dropRow = (taskGroup: string) =>
    aws.documents.send(new DeleteCommand({ TableName: stage.outputs.PipelinesTableName, Key: { taskGroup } }));
  await removeItem(orphan);
  await untilGone(orphan);
  await dropRow(kept);
  const mark = markRecord();
  await sweep();
  const row = await untilPhase(kept, 'Active');
  expect(row.release?.codeKey).toBe(key);
  expect(changesIn(callsSince(mark, [namesOf(kept).function])).filter((call) => !/UpdateFunctionCode/.test(call))).toEqual([]);
  expect(await rowOf(orphan)).toBeUndefined();
});

/**
 * Every AWS operation our functions use fails in turn: throttled, with an error of AWS's, by a cut line, and done without
 * an answer. Whatever it is, the wished state is reached, nothing is made twice, and no other group waits.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeConsumer } from '../support/consumers.ts';
import { eventually } from '../support/eventually.ts';
import { type FaultKind, type FaultProxy, faultKinds, startFaultProxy } from '../support/fault-proxy.ts';
import {
  aws,
  look,
  lookAtWhole,
  newGroup,
  removeGroupsAfterwards,
  removeItem,
  rowOf,
  sweep,
  untilGone,
  untilPhase,
  untilRow,
  upload,
  writeItem,
} from '../support/groups.ts';
import { withMessagesBackSoon } from '../support/own-queues.ts';
import { callsSince, markRecord } from '../support/recorded-calls.ts';
import { knownRoles } from '../support/role-policies.ts';
import { stage } from '../support/shared-stage.ts';

/** Operations whose calls name their group: each is failed for one group of its own, four times in four ways. */
const ofOneGroup = [
  'dynamodb:GetItem',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
  'dynamodb:TransactWriteItems',
  'sqs:CreateQueue',
  'sqs:GetQueueUrl',
  'sqs:GetQueueAttributes',
  'sqs:SetQueueAttributes',
  'sqs:ListQueueTags',
  'sqs:TagQueue',
  'sqs:UntagQueue',
  'sqs:DeleteQueue',
  'sqs:SendMessageBatch',
  'lambda:CreateFunction',
  'lambda:GetFunction',
  'lambda:UpdateFunctionCode',
  'lambda:UpdateFunctionConfiguration',
  'lambda:DeleteFunction',
  'lambda:PutFunctionConcurrency',
  'lambda:DeleteFunctionConcurrency',
  'lambda:TagResource',
  'lambda:UntagResource',
  'lambda:CreateEventSourceMapping',
  'lambda:ListEventSourceMappings',
  's3:HeadObject',
];
/** Those that name none: failed for whoever calls next. */
const ofAnyGroup = [
  'lambda:Invoke',
  'dynamodb:Query',
  'dynamodb:Scan',
  'lambda:GetAccountSettings',
  'lambda:GetEventSourceMapping',
  'lambda:UpdateEventSourceMapping',
  'lambda:DeleteEventSourceMapping',
  'sqs:ChangeMessageVisibility',
  'sqs:ListQueues',
];

/** Long enough for a machine that has much else to do: nothing here is about how fast. */
const upSeconds = 300;
const kinds = Object.keys(faultKinds) as FaultKind[];
const groups = new Map([...ofOneGroup, 'any', 'stubborn'].map((operation) => [operation, newGroup('fault')]));
const subjectOf = (operation: string) => (groups.get(operation) as string).split(' ')[1] as string;

let proxy: FaultProxy;
const mark = markRecord();
removeGroupsAfterwards();
beforeAll(async () => {
  proxy = await startFaultProxy([...groups.keys()].map(subjectOf));
});
afterAll(() => proxy.stop());

/** A group's whole life, with a call of every kind in it. */
async function live(operation: string): Promise<void> {
  const taskGroup = groups.get(operation) as string;
  const key = `${subjectOf(operation)}/consumer.zip`;
  const first = await upload(key, nodeConsumer('first'));
  await writeItem({ taskGroup, concurrency: 3, code: { key }, tags: { team: 'red', gone: 'soon' } });
  await untilRow(taskGroup, `up in spite of ${operation}`, (row) => row.phase === 'Active' && row.release?.version === first, upSeconds);
  await isOne(taskGroup);

  const version = await upload(key, nodeConsumer('second'));
  await writeItem({
    taskGroup,
    concurrency: 3,
    reserve: false,
    code: { key },
    tags: { team: 'blue' },
    batch: { size: 2 },
    function: { memorySize: 512, timeout: 10 },
  });
  await untilRow(
    taskGroup,
    `changed in spite of ${operation}`,
    (row) => row.phase === 'Active' && row.release?.version === version && JSON.stringify(row.effective).includes('blue'),
    upSeconds,
  );
  const whole = await isOne(taskGroup);
  expect(whole.function).toMatchObject({
    Configuration: { MemorySize: 512, Timeout: 10 },
    Tags: { team: 'blue' },
    Code: { ResolvedS3Object: { S3ObjectVersion: version } },
  });
  expect(whole.function.Concurrency?.ReservedConcurrentExecutions).toBeUndefined();
  expect(whole.mapping).toMatchObject({ BatchSize: 2, ScalingConfig: { MaximumConcurrency: 3 } });
  expect(whole.queue).toMatchObject({ attributes: { VisibilityTimeout: '60' }, tags: { team: 'blue' } });

  await removeItem(taskGroup);
  await untilGone(taskGroup, upSeconds);
  expect(await look(taskGroup)).toEqual({ mappings: [] });
}

/** Nothing is there twice. A second mapping, which AWS refuses and the local AWS makes, goes with the next sweep. */
function isOne(taskGroup: string) {
  return eventually(
    `one mapping of ${taskGroup}`,
    async () => {
      const whole = await lookAtWhole(taskGroup);
      if (whole.mappings.length > 1) throw new Error(`${whole.mappings.length} mappings`);
      return whole;
    },
    upSeconds,
  );
}

/** AWS gives an upload's event three times to a function that fails; the local AWS once. Then it is for the sweep to find. */
async function withSweeps<T>(work: () => Promise<T>): Promise<T> {
  const done = new AbortController();
  const sweeping = (async () => {
    while (!done.signal.aborted) {
      await sleep(8_000, undefined, { signal: done.signal }).catch(() => {});
      await sweep().catch(() => {});
    }
  })();
  try {
    return await work();
  } finally {
    done.abort();
    await sweeping;
  }
}

describe('with an operation that fails in four ways one after the other', () => {
  test('of one group, every group gets where it should, side by side', { timeout: 900_000 }, async () => {
    await proxy.inject(
      ofOneGroup.flatMap((operation) => kinds.map((kind) => ({ operation, kind, subject: subjectOf(operation), times: 1 }))),
    );
    const outcomes = await withSweeps(() => Promise.allSettled(ofOneGroup.map(live)));
    expect(outcomes.flatMap((outcome, i) => (outcome.status === 'rejected' ? [`${ofOneGroup[i]}: ${outcome.reason}`] : []))).toEqual([]);
    const fired = await proxy.fired();
    for (const operation of ofOneGroup)
      expect(fired.filter((fault) => fault.operation === operation).length, operation).toBeGreaterThanOrEqual(1);
    const { Functions = [] } = await aws.lambda.send(new ListFunctionsCommand({}));
    expect(Functions.filter(({ FunctionName = '' }) => FunctionName.includes('-proof-'))).toEqual([]);
  });

  test('of any group, they do as well', { timeout: 900_000 }, async () => {
    await proxy.inject(ofAnyGroup.flatMap((operation) => kinds.map((kind) => ({ operation, kind, times: 1 }))));
    await withMessagesBackSoon(['Hints'], () => live('any'));
    const asking = newGroup('asking');
    let concurrency = 1;
    const everything = async () => {
      await sweep();
      // AWS is asked for the account's room when a reservation changes and what it said is a minute old.
      concurrency = 3 - concurrency;
      await writeItem({ taskGroup: asking, concurrency, code: { key: `${subjectOf('any')}/consumer.zip` } });
      const fired = new Set((await proxy.fired()).map(({ operation }) => operation));
      const missing = ofAnyGroup.filter((operation) => !fired.has(operation) && operation !== 'sqs:ChangeMessageVisibility');
      if (missing.length > 0) throw new Error(`not failed yet: ${missing.join(', ')}`);
      return true;
    };
    await eventually('every operation failed at least once', everything, upSeconds);
  });
});

test("a group that fails for good ends as Failed with AWS's words, holds up nobody, and is picked up by the sweep", async () => {
  const taskGroup = groups.get('stubborn') as string;
  const bystander = newGroup('bystander');
  const key = `${subjectOf('stubborn')}/consumer.zip`;
  await upload(key, nodeConsumer());
  await proxy.inject([{ operation: 'lambda:PutFunctionConcurrency', kind: 'failed', subject: subjectOf('stubborn') }]);
  await writeItem({ taskGroup, code: { key } });
  await untilRow(taskGroup, 'tries', ({ message }) => /^try \d of \d failed/.test(message));
  await writeItem({ taskGroup: bystander, code: { key } });
  await untilPhase(bystander, 'Active');
  expect((await rowOf(taskGroup))?.phase).not.toBe('Failed');
  const failed = await untilPhase(taskGroup, 'Failed', 120);
  expect(failed.message).toMatch(/PutFunctionConcurrency .*InternalFailure.*The next change or sweep tries again/);
  await proxy.inject([]);
  await sweep();
  await untilPhase(taskGroup, 'Active');
  expect((await rowOf(taskGroup))?.attempts).toBe(0);
});

test('no operation was left out', () => {
  const keys = new Set(knownRoles(stage.records).flatMap(({ account, accessKey }) => (account === stage.account ? [accessKey] : [])));
  const calls = callsSince(mark).filter(({ accessKey }) => keys.has(accessKey));
  const used = new Set(calls.map(({ operation }) => operation));
  expect([...used].toSorted()).toEqual(
    [...ofOneGroup, ...ofAnyGroup, 'sqs:SendMessage'].filter((operation) => used.has(operation)).toSorted(),
  );
  expect([...ofOneGroup, ...ofAnyGroup].filter((operation) => !used.has(operation))).toEqual([]);
});

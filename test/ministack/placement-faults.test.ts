/**
 * 500 jobs on pools while calls of our functions are throttled, fail, are cut off, or are done without an answer, and while
 * limits are raised and lowered, a pool shrinks, another is closed and opened, and one goes: each ends once, no limit is
 * passed, and nothing is left over.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Priority } from '../../lambdas/contract/job.ts';
import { eventually } from '../support/eventually.ts';
import { type FaultKind, type FaultProxy, faultKinds, startFaultProxy } from '../support/fault-proxy.ts';
import { lookAtQueue, namesOf, removeGroupsAfterwards, removeItem } from '../support/groups.ts';
import { api } from '../support/job-api.ts';
import { withJobSweeps } from '../support/job-sweeps.ts';
import { messagesIn, queuesOf, withMessagesBackSoon } from '../support/own-queues.ts';
import { endsOf, untilAllEndsAreKnown } from '../support/placed-ends.ts';
import { changePool, poolGroup, untilPool } from '../support/placed-jobs.ts';
import { LimitsWatch, untilAllGaveBack } from '../support/placement-watch.ts';
import { type Ear, listen } from '../support/target-function.ts';
import { type TopicQueue, topicQueue } from '../support/topic-queue.ts';

const total = 500;
const postsAtOnce = 10;
const kinds = Object.keys(faultKinds) as FaultKind[];
/** What our functions call on the way of a placed job. */
const operations = [
  'dynamodb:GetItem',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
  'dynamodb:Query',
  'dynamodb:TransactWriteItems',
  'sqs:SendMessage',
  'sqs:SendMessageBatch',
  's3:PutObject',
  's3:GetObject',
  'sns:Publish',
];
/** A few times in all: whether one of those fails is luck. */
const rarelyCalled = new Set(['dynamodb:PutItem', 'dynamodb:DeleteItem', 'dynamodb:Query']);
/** Of all their calls, in any way. */
const share = 0.1;

const pools = {
  west: { capacity: { maxJobs: 6, quantities: { cpu: 8 } }, costPerHour: 2 },
  east: { capacity: { maxJobs: 5, quantities: { cpu: 6, gpu: 2 } }, costPerHour: 1 },
  north: { capacity: { maxJobs: 4, quantities: { cpu: 4 } } },
  south: { capacity: { maxJobs: 4, quantities: { cpu: 4 } }, costPerHour: 3 },
};
type Pool = keyof typeof pools;
const customers = ['acme', 'zeta', 'kilo', undefined];
const groups = {} as Record<Pool, string>;

let ear: Ear;
let proxy: FaultProxy;
let topic: TopicQueue;

removeGroupsAfterwards();
beforeAll(async () => {
  // A consumer that dies over a job is given up soon, and what it had comes back soon.
  const quick = { function: { timeout: 5 }, queue: { visibilityTimeout: 10 } };
  [ear, proxy, topic] = await Promise.all([
    listen(),
    startFaultProxy([], share),
    topicQueue({ state: ['completed', 'failed', 'cancelled'] }),
    ...Object.entries(pools).map(async ([name, pool]) => {
      groups[name as Pool] = await poolGroup(name, pool, quick);
    }),
  ]);
});
afterAll(async () => {
  await Promise.all([ear?.stop(), proxy?.stop()]);
  await limits({ overall: { maxJobs: 10 }, customers: { acme: null, zeta: null } });
});

const limits = (body: object) =>
  eventually(`limits ${JSON.stringify(body)}`, async () => {
    const { status, text } = await api('PUT', '/limits', { body });
    if (status !== 200) throw new Error(`${status}: ${text}`);
    return true;
  });

const requestOf = (n: number) => ({
  body: { value: n, ms: (n * 13) % 51, tell: ear.url },
  customer: customers[n % customers.length],
  priority: Priority.options[Math.floor(n / customers.length) % Priority.options.length],
  objective: n % 3 === 0 ? 'cost' : 'spread',
  needs: { quantities: n % 10 === 0 ? { gpu: 1 } : { cpu: n % 5 === 1 ? 2 : 1 } },
  ...(n % 11 === 0 && n % 10 !== 0 ? { affinity: { pool: groups.north, reason: 'resources' } } : {}),
  maxRetries: 100,
});

/** In spite of an API whose own calls fail: the same request, until it is taken. */
async function postAll(): Promise<string[]> {
  const run = randomUUID();
  const jobs: string[] = [];
  const left = Array.from({ length: total }, (_, n) => n);
  const post = async () => {
    for (let n = left.shift(); n !== undefined; n = left.shift()) {
      const call = { body: requestOf(n), headers: { 'idempotency-key': `${run}-${n}` } };
      jobs[n] = await eventually(`job ${n} is taken`, async () => {
        const { status, json, text } = await api('POST', '/jobs', call);
        if (status !== 200 && status !== 202) throw new Error(`${status}: ${text}`);
        return json.id as string;
      });
    }
  };
  await Promise.all(Array.from({ length: postsAtOnce }, post));
  return jobs;
}

const begun = () => new Set((ear.told as unknown as { job: string }[]).map(({ job }) => job)).size;
const untilBegun = (count: number) =>
  eventually(
    `${count} jobs have begun`,
    async () => {
      if (begun() < count) throw new Error(`${begun()} have`);
      return true;
    },
    150,
  );

/** All that may change, while jobs run. */
async function change(): Promise<void> {
  const deeds: [number, () => Promise<unknown>][] = [
    [40, () => limits({ overall: { maxJobs: 5 } })],
    [80, () => limits({ overall: { maxJobs: 18 }, customers: { acme: { maxJobs: 1 } } })],
    [140, () => limits({ customers: { acme: { maxJobs: 6 }, zeta: { maxJobs: 4, weight: 3 } } })],
    [180, () => changePool(groups.north, { open: false })],
    [200, () => untilPool(groups.north, 'closed', ({ state }) => state === 'closed')],
    [240, () => changePool(groups.north, { open: true })],
    [280, () => changePool(groups.west, { capacity: { maxJobs: 2, quantities: { cpu: 3 } } })],
    [340, () => removeItem(groups.south)],
  ];
  for (const [count, deed] of deeds) {
    await untilBegun(count);
    await deed();
  }
  await untilBegun(total);
}

const failureQueues = async () => (await Promise.all(['HintsFailures', 'HintsFifoFailures'].map(queuesOf))).flat();
const messagesInAll = async (urls: string[]) => (await Promise.all(urls.map(messagesIn))).reduce((sum, count) => sum + count, 0);

test('each of 500 jobs ends once, whatever fails and whatever is changed meanwhile', { timeout: 240_000 }, async () => {
  const givenUpBefore = await messagesInAll(await failureQueues());
  await limits({ overall: { maxJobs: 14 }, customers: { acme: null, zeta: null } });
  // Each way as often as any other: of what the first leaves, the second takes a third, and so on.
  await proxy.inject(operations.flatMap((operation) => kinds.map((kind, i) => ({ operation, kind, share: 1 / (kinds.length - i) }))));
  const watch = new LimitsWatch();
  const jobs = await withMessagesBackSoon(['JobQueuesReports', 'JobQueuesDispatch', 'JobQueuesEvents'], () =>
    withJobSweeps(async () => {
      const [posted] = await Promise.all([postAll(), change()]);
      await untilAllGaveBack(60);
      return posted;
    }),
  );
  await watch.stop();
  const fired = await proxy.fired();
  await proxy.inject([]);
  expect(watch.wrong).toEqual([]);
  expect(watch.looks).toBeGreaterThan(50);
  expect(watch.peak).toBeGreaterThan(5);
  for (const operation of operations.filter((name) => !rarelyCalled.has(name)))
    expect(fired.filter((fault) => fault.operation === operation).length, operation).toBeGreaterThan(0);

  expect(new Set(jobs).size).toBe(total);
  const ends = await endsOf(jobs);
  const events = await untilAllEndsAreKnown(topic, jobs, 150);
  for (const [n, job] of jobs.entries()) {
    const { row, task } = ends.get(job) ?? {};
    expect({ ...row, task }, job).toMatchObject({
      status: 'COMPLETED',
      life: 0,
      placed: { step: 'ended' },
      task: { status: 'done', deadLettered: false },
    });
    expect(JSON.parse(task?.result ?? '')).toMatchObject({ value: n });
    expect([...(events.get(job)?.values() ?? [])], job).toEqual([row?.placed?.sequence]);
  }
  expect(await messagesInAll(await failureQueues())).toBe(givenUpBefore);
  for (const name of ['west', 'east', 'north'] as const) {
    const { queue, deadLetterQueue } = namesOf(groups[name]);
    const urls = (await Promise.all([queue, deadLetterQueue].map(lookAtQueue))).map((seen) => seen?.url ?? '');
    await eventually(`nothing is left for ${name}`, async () => (await messagesInAll(urls)) === 0);
  }
});

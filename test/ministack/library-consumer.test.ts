/**
 * The consumer library at work: tasks that fail in every way, on a group with a rate and a limit. Each is recorded done
 * once or dead with its right reason, none is lost, the limits hold throughout; and what was put back goes on where it failed.
 */
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AttemptRecord, attemptsSortKey, taskKey } from '../../lambdas/contract/task-table.ts';
import { type Letter, taskAttributes } from '../../lambdas/contract/task-wire.ts';
import { readLetter } from '../../lambdas/domain/task/letter.ts';
import { batchedGet } from '../support/batched-get.ts';
import { eventually } from '../support/eventually.ts';
import {
  aws,
  lookAtQueue,
  namesOf,
  newCode,
  newGroup,
  removeGroupsAfterwards,
  sendTasks,
  untilPhase,
  writeItem,
} from '../support/groups.ts';
import { libraryZip, startTaskPartner, type TaskPartner } from '../support/library-consumer.ts';
import { stage } from '../support/shared-stage.ts';
import { sluice } from '../support/sluice-tool.ts';

const consumer = `
import { defineConsumer, DataError, RateLimited, TransientError } from 'sluice/consumer';

const partner = process.env.PARTNER_URL;
const visit = async (context, what, ms) => {
  const path = [context.group, context.taskId, what].map(encodeURIComponent).join('/');
  const answer = await fetch(partner + '/' + path + '?ms=' + (ms ?? 0) + '&at=' + Date.now(), { signal: context.signal });
  return Number(await answer.text());
};

export const handler = defineConsumer({
  task: async (task, context) => {
    if (task.fate === 'steps') {
      await context.step('one', () => visit(context, 'one'));
      await context.step('two', async () => {
        if ((await visit(context, 'two')) === 1) process.exit(3);
      });
      await visit(context, 'three');
      return;
    }
    const times = await visit(context, 'run', task.ms);
    if (task.fate === 'transient' && context.attempt < 3) throw new TransientError('the network blinked');
    if (task.fate === 'hopeless') throw new TransientError('the network is gone');
    if (task.fate === 'permanent' && times < 2) throw new DataError('no such customer');
    if (task.fate === 'limited' && times === 1) throw new RateLimited(1);
    if (task.fate === 'crash' && times === 1) process.exit(1);
  },
});
`;

let partner: TaskPartner;
let key: string;
removeGroupsAfterwards();
beforeAll(async () => {
  partner = await startTaskPartner();
  ({ key } = await newCode(await libraryZip(consumer)));
});
afterAll(() => partner.stop());

interface Task {
  id: string;
  fate: string;
  ms?: number;
}

/** Sends them with their id as the sender's. */
const send = (taskGroup: string, tasks: Task[]) => sendTasks(taskGroup, tasks, { attributes: ({ id }) => ({ [taskAttributes.task]: id }) });

const recordRow = batchedGet(aws.documents, stage.outputs.TasksTableName);

async function recordOf(taskGroup: string, id: string, redrives: number): Promise<AttemptRecord | undefined> {
  const row = await recordRow({ pk: taskKey(namesOf(taskGroup).function, id), sk: attemptsSortKey(redrives) });
  return row && AttemptRecord.parse(row);
}

async function recordsOf(taskGroup: string, tasks: Task[], redrives = 0): Promise<Map<string, AttemptRecord>> {
  const found = await Promise.all(tasks.map(async ({ id }) => [id, await recordOf(taskGroup, id, redrives)] as const));
  return new Map(found.flatMap(([id, record]) => (record ? [[id, record] as const] : [])));
}

async function letters(taskGroup: string): Promise<Letter[]> {
  const queue = await lookAtQueue(namesOf(taskGroup).deadLetterQueue);
  const found: Letter[] = [];
  for (;;) {
    const { Messages = [] } = await aws.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queue?.url, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'], VisibilityTimeout: 60 }),
    );
    if (Messages.length === 0) return found;
    for (const { MessageAttributes } of Messages) {
      const letter = readLetter(MessageAttributes?.[taskAttributes.letter]?.StringValue);
      if (letter) found.push(letter);
    }
  }
}

/** Only what is open is asked for again and again, and all of it once more at the end. */
async function untilEnded(taskGroup: string, tasks: Task[], seconds: number): Promise<Map<string, AttemptRecord>> {
  let open = tasks;
  return eventually(
    `every task of ${taskGroup} is done or dead`,
    async () => {
      const records = await recordsOf(taskGroup, open);
      open = open.filter(({ id }) => !['done', 'dead'].includes(records.get(id)?.status ?? ''));
      if (open.length > 0) throw new Error(`${open.length} open, such as ${JSON.stringify([open[0], records.get(open[0]?.id ?? '')])}`);
      return recordsOf(taskGroup, tasks);
    },
    seconds,
  );
}

test.concurrent('2,000 tasks that fail in every way: each done once or dead for its reason, within the limits', {
  timeout: 300_000,
}, async () => {
  const taskGroup = newGroup('fates');
  const [ratePerSecond, concurrency] = [80, 10];
  await writeItem({
    taskGroup,
    code: { key },
    consumer: 'sluice',
    concurrency,
    ratePerSecond,
    batch: { size: 5 },
    retry: { maxRetries: 3, baseSeconds: 1, capSeconds: 4 },
    function: { timeout: 10, environment: { PARTNER_URL: partner.url } },
    // What dies with its invocation comes back soon after its claim is over: timeout and skew.
    queue: { visibilityTimeout: 16 },
  });
  await untilPhase(taskGroup, 'Active');
  const fateOf = (n: number) =>
    n % 10 === 3 ? 'transient' : n % 50 === 7 ? 'permanent' : n % 100 === 9 ? 'limited' : n % 100 === 11 ? 'crash' : 'good';
  const tasks = Array.from({ length: 2_000 }, (_, n): Task => ({ id: `task-${n}`, fate: fateOf(n), ms: 20 }));
  const hopeless: Task[] = [{ id: 'hopeless', fate: 'hopeless' }];
  await send(taskGroup, [...hopeless, ...tasks]);

  const records = await untilEnded(taskGroup, [...hopeless, ...tasks], 240);
  const dead = tasks.filter(({ id }) => records.get(id)?.status === 'dead').map(({ id }) => id);
  expect(dead).toEqual(tasks.filter(({ fate }) => fate === 'permanent').map(({ id }) => id));

  const found = await letters(taskGroup);
  expect(new Set(found.map(({ task }) => task))).toEqual(new Set([...dead, 'hopeless']));
  for (const letter of found.filter(({ task }) => task !== 'hopeless'))
    expect(letter).toMatchObject({ group: taskGroup, class: 'DATA', message: 'no such customer', attempt: 1, redrives: 0, by: 'sluice' });
  const exhausted = found.find(({ task }) => task === 'hopeless');
  expect(exhausted).toMatchObject({ class: 'TRANSIENT', message: 'the network is gone', attempt: 4 });
  expect(exhausted?.history.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);

  const visits = partner.visits.filter(({ group }) => group === taskGroup);
  const visitsOf = Map.groupBy(visits, ({ task }) => task);
  // A crash of one task of a batch may take along a neighbour that was done and not yet deleted: its record keeps it from running again.
  const expected: Record<string, number> = { good: 1, transient: 3, permanent: 1, limited: 2, crash: 2 };
  const wrong = tasks.filter(({ id, fate }) => visitsOf.get(id)?.length !== expected[fate]);
  expect(wrong.map(({ id, fate }) => `${id} ${fate}: ${visitsOf.get(id)?.length}`)).toEqual([]);
  expect(partner.peak(taskGroup)).toBeLessThanOrEqual(concurrency);
  const crashes = tasks.filter(({ fate }) => fate === 'crash').length;
  expect(
    mostAboveRate(
      visits.map(({ atMs }) => atMs),
      ratePerSecond,
    ),
  ).toBeLessThanOrEqual(concurrency + crashes);
});

test.concurrent('redrive finishes what was set aside, once its cause is gone', { timeout: 120_000 }, async () => {
  const taskGroup = newGroup('redriven');
  await writeItem({
    taskGroup,
    code: { key },
    consumer: 'sluice',
    concurrency: 2,
    function: { timeout: 10, environment: { PARTNER_URL: partner.url } },
  });
  await untilPhase(taskGroup, 'Active');
  const tasks = Array.from({ length: 20 }, (_, n): Task => ({ id: `task-${n}`, fate: n % 2 === 0 ? 'permanent' : 'good' }));
  await send(taskGroup, tasks);
  const records = await untilEnded(taskGroup, tasks, 150);
  const dead = tasks.filter(({ id }) => records.get(id)?.status === 'dead');
  expect(dead).toHaveLength(10);
  const { code, stdout } = await sluice('redrive', taskGroup, '--json');
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { putBack: { DATA: 10 }, refused: [] }]);
  await eventually(
    'all are done',
    async () => {
      const again = await recordsOf(taskGroup, dead, 1);
      const open = dead.filter(({ id }) => again.get(id)?.status !== 'done');
      if (open.length > 0) throw new Error(JSON.stringify(open));
      return true;
    },
    150,
  );
  expect(await letters(taskGroup)).toEqual([]);
});

/** The most by which any window held more starts than the rate gives it; `Date.now` has a grain of a millisecond. */
function mostAboveRate(startsMs: number[], ratePerSecond: number): number {
  const sorted = startsMs.toSorted((a, b) => a - b);
  // starts in [i, j] less r·T, at its most over all i <= j: a running minimum does for all pairs.
  let most = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [n, ms] of sorted.entries()) {
    const debt = n - (ratePerSecond * ms) / 1_000;
    least = Math.min(least, debt);
    most = Math.max(most, debt - least + 1 - ratePerSecond / 1_000);
  }
  return most;
}

test.concurrent('after a crash in step two, step one does not run again', async () => {
  const taskGroup = newGroup('steps');
  await writeItem({
    taskGroup,
    code: { key },
    consumer: 'sluice',
    function: { timeout: 3, environment: { PARTNER_URL: partner.url } },
    queue: { visibilityTimeout: 9 },
  });
  await untilPhase(taskGroup, 'Active');
  await send(taskGroup, [{ id: 'one-two', fate: 'steps' }]);
  const records = await untilEnded(taskGroup, [{ id: 'one-two', fate: 'steps' }], 150);
  expect(records.get('one-two')?.status).toBe('done');
  const visits = partner.visits.filter(({ group }) => group === taskGroup).map(({ what }) => what);
  expect(visits).toEqual(['one', 'two', 'two', 'three']);
});

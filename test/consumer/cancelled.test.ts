/** Tasks of a job that was cancelled: what has not started never does. */
import { expect, it } from 'vitest';
import { defineConsumer } from '../../consumer/index.ts';
import { testConsumer } from '../../consumer/testing.ts';
import { batches } from '../support/consumer-batches.ts';
import { sqsRecord } from '../support/sqs-record.ts';

const taskOf = (n: number, receives = 1) => sqsRecord(`m${n}`, { receives, attributes: { 'sluice.job': 'j', 'sluice.task': `j/${n}` } });

it.each<[string, { duplicates?: false }]>([
  ['are recorded', {}],
  ['may run', { duplicates: false }],
])('are finished with and never run, where duplicates %s', async (_what, options) => {
  const ran: string[] = [];
  const world = testConsumer(defineConsumer({ ...options, task: (_body, { taskId }) => void ran.push(taskId) }));
  const task = world.send({}, { job: 'j' });
  world.cancel('j');
  const { outcome, reports, logs } = await task.attempt();
  expect([outcome, reports, ran]).toEqual(['done', [], []]);
  expect(logs).toContainEqual(expect.objectContaining({ message: 'not run: its job was cancelled', job: 'j' }));
  expect(logs.find((line) => '_aws' in line)).toMatchObject({ Started: 0, Succeeded: 0, Cancelled: 1 });
  expect((await task.attempt()).reports).toEqual([]);
  await world.send({}, { job: 'other' }).attempt();
  expect(ran).toEqual(['other/2']);
});

it('are told by their record where a copy comes again', async () => {
  const world = batches({ task: () => 1 });
  world.jobs.cancel('j');
  expect(await world.run(taskOf(1))).toEqual([]);
  const again = await world.ports.records.claim(
    { pipeline: 'acme', task: 'j/1', redrives: 0, holder: 'x', aliveUntilMs: 0 },
    world.clock.nowMs(),
  );
  expect(again).toMatchObject({ kind: 'ended', record: { status: 'done', cancelledAtMs: Date.UTC(2026, 0, 1) } });
  expect(world.jobs.reported).toEqual([]);
});

it('never start once it is said, also in the midst of a batch and of a wait for their turn', async () => {
  const ran: string[] = [];
  const world = batches(
    {
      task: (_body, { taskId }) => {
        ran.push(taskId);
        // Cancelled while the next one waits for its turn: it was looked at before.
        if (ran.length === 2) world.clock.after(3_000, () => world.jobs.cancel('j'));
      },
    },
    { settings: { rate: { ratePerSecond: 0.2, concurrency: 1 } } },
  );
  expect(await world.run(taskOf(1), taskOf(2), taskOf(3), taskOf(4))).toEqual([]);
  expect(ran).toEqual(['j/1', 'j/2']);
  expect(world.jobs.reported.map(({ task }) => task)).toEqual(['j/1', 'j/2']);
});

it('that ran before are reported still, where their message comes again', async () => {
  const world = batches({ task: () => 1 });
  await world.run(taskOf(1));
  world.jobs.cancel('j');
  await world.run(taskOf(1, 2));
  expect(world.jobs.reported).toMatchObject([
    { task: 'j/1', status: 'done', result: '1' },
    { task: 'j/1', status: 'done', result: '1' },
  ]);
});

it('that came back never start again', async () => {
  let runs = 0;
  const world = testConsumer(
    defineConsumer({
      task: () => {
        runs += 1;
        throw new Error('down');
      },
    }),
  );
  const task = world.send({}, { job: 'j' });
  expect((await task.attempt()).outcome).toBe('retry');
  world.cancel('j');
  expect(await task.attempt()).toMatchObject({ outcome: 'done', reports: [] });
  expect([runs, world.deadLetters]).toEqual([1, []]);
});

it.each<[string, { duplicates?: false }]>([
  ['are recorded', {}],
  ['may run', { duplicates: false }],
])('come back unharmed where nobody can say whether it is, and duplicates %s', async (_what, options) => {
  let silent = true;
  const attempts: number[] = [];
  const world = batches(
    { ...options, task: (_body, { attempt }) => void attempts.push(attempt) },
    {
      ports: ({ jobStates }) => ({
        jobStates: { isCancelled: (job) => (silent ? Promise.reject(new Error('down')) : jobStates.isCancelled(job)) },
      }),
    },
  );
  expect(await world.run(taskOf(1))).toEqual(['m1']);
  expect(world.asked).toEqual([['m1/1', 5]]);
  silent = false;
  expect(await world.run(taskOf(1, 2))).toEqual([]);
  expect(attempts).toEqual([1]);
});

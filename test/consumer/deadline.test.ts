/** A task with a deadline of its own: late it never starts, running it is aborted, and no retry begins past it. */
import { describe, expect, it } from 'vitest';
import { defineConsumer } from '../../consumer/index.ts';
import { testConsumer } from '../../consumer/testing.ts';
import { batches, until } from '../support/consumer-batches.ts';
import { sqsRecord } from '../support/sqs-record.ts';

const t0 = Date.UTC(2026, 0, 1);
const inSeconds = (seconds: number) => new Date(t0 + seconds * 1_000);
const job = 'j';

describe('passed before it starts', () => {
  it.each<[string, { duplicates?: false }]>([
    ['are recorded', {}],
    ['may run', { duplicates: false }],
  ])('it fails for good, with its reason, and is reported, where duplicates %s', async (_what, options) => {
    const ran: string[] = [];
    const world = testConsumer(defineConsumer({ ...options, task: (_body, { taskId }) => void ran.push(taskId) }));
    const task = world.send({}, { job, deadline: inSeconds(10) });
    await world.advance(10);
    const { outcome, deadLetter, reports } = await task.attempt();
    expect([outcome, ran]).toEqual(['dead', []]);
    const why = 'its deadline (2026-01-01T00:00:10.000Z) had passed before it could start';
    expect(deadLetter?.letter).toMatchObject({ class: 'RESOURCE', message: why, attempt: 1, job });
    expect(reports).toMatchObject([{ status: 'failed', class: 'RESOURCE', message: why, deadLettered: true }]);
  });

  it('it leaves its dead letter without the deadline, to be put back', async () => {
    const world = testConsumer(defineConsumer({ task: () => 1 }));
    const { deadLetter } = await world.send({}, { job, deadline: inSeconds(-1) }).attempt();
    expect(Object.keys(deadLetter?.attributes ?? {}).toSorted()).toEqual(['sluice', 'sluice.job', 'sluice.task']);
  });

  it('it does not wait for the end of a cooling to say so', async () => {
    const world = batches({ task: () => 1 });
    await world.ports.cooling.cool('acme', { untilMs: t0 + 600_000, message: 'no', streak: 0 }, t0);
    const attributes = { 'sluice.job': job, 'sluice.task': 'j/1', 'sluice.deadline': String(t0 - 1) };
    expect(await world.run(sqsRecord('a', { attributes }))).toEqual([]);
    expect(world.jobs.reported).toMatchObject([{ status: 'failed', class: 'RESOURCE' }]);
  });

  it('while it waited for its turn it does not start', async () => {
    const ran: string[] = [];
    const world = batches(
      { task: (_body, { taskId }) => void ran.push(taskId) },
      { settings: { rate: { ratePerSecond: 0.2, concurrency: 1 } } },
    );
    const late = { 'sluice.job': job, 'sluice.task': 'j/2', 'sluice.deadline': String(t0 + 4_000) };
    expect(await world.run(sqsRecord('a'), sqsRecord('b', { attributes: late }))).toEqual([]);
    expect(ran).toEqual(['a']);
    expect(world.jobs.reported).toMatchObject([
      { task: 'j/2', status: 'failed', message: expect.stringContaining('before it could start') },
    ]);
  });

  it('after it was done it is done', async () => {
    const world = testConsumer(defineConsumer({ task: () => 'in time' }));
    const task = world.send({}, { job, deadline: inSeconds(10) });
    await task.attempt();
    await world.advance(60);
    expect(await task.attempt()).toMatchObject({ outcome: 'done', reports: [{ status: 'done', result: '"in time"' }] });
  });
});

describe('while it runs', () => {
  it('is what it is told, where it is sooner than the end of its invocation', async () => {
    const handler = defineConsumer({ task: (_body, { deadline, remainingMs }) => [deadline.toISOString(), remainingMs()] });
    const world = testConsumer(handler, { timeoutSeconds: 60 });
    expect((await world.send({}, { deadline: inSeconds(20) }).attempt()).result).toEqual(['2026-01-01T00:00:20.000Z', 20_000]);
    expect((await world.send({}, { deadline: inSeconds(100) }).attempt()).result).toEqual(['2026-01-01T00:00:57.000Z', 57_000]);
    expect((await world.send({}, { attributes: { 'sluice.deadline': 'soon' } }).attempt()).result).toEqual([
      '2026-01-01T00:00:57.000Z',
      57_000,
    ]);
  });

  it('aborts it, and it has failed for good', async () => {
    const world = testConsumer(defineConsumer({ task: (_body, { sleep }) => sleep(20_000) }));
    const { outcome, deadLetter, reports } = await world.send({}, { job, deadline: inSeconds(5) }).attempt();
    expect([outcome, world.now]).toEqual(['dead', inSeconds(5)]);
    const message = 'aborted after 5 s, at its deadline (2026-01-01T00:00:05.000Z): give it more time, or do less in one task';
    expect(deadLetter?.letter).toMatchObject({ class: 'RESOURCE', message });
    expect(reports).toMatchObject([{ status: 'failed', class: 'RESOURCE', message }]);
  });

  it('does not abort the task after it', async () => {
    const ended: string[] = [];
    const world = batches({
      task: async (_body, { taskId, sleep }) => {
        await sleep(4_000);
        ended.push(taskId);
      },
    });
    const attributes = { 'sluice.task': 'first', 'sluice.deadline': String(t0 + 5_000) };
    expect(await world.run(sqsRecord('a', { attributes }), sqsRecord('b'))).toEqual([]);
    expect(ended).toEqual(['first', 'b']);
  });

  it('has the invocation go on without it, three seconds after, where it ignores its signal', async () => {
    const world = batches({
      task: async (_body, { sleep }) => {
        await sleep(20_000).catch(() => undefined);
        await new Promise<void>(() => {});
      },
    });
    const attributes = { 'sluice.job': job, 'sluice.task': 'j/1', 'sluice.deadline': String(t0 + 5_000) };
    void world.run(sqsRecord('a', { attributes }), sqsRecord('b'));
    await until(() => world.clock.monotonicMs() === 5_000);
    await world.clock.sleep(3_000);
    await until(() => world.asked.length === 2);
    expect(world.asked.toSorted()).toEqual([
      ['a/1', 'deleted'],
      ['b/1', 0],
    ]);
    expect(world.jobs.reported).toMatchObject([{ task: 'j/1', status: 'failed', message: expect.stringContaining('at its deadline') }]);
  });
});

describe('a retry', () => {
  const failing = defineConsumer({
    task: () => {
      throw new Error('down');
    },
  });

  it('that would begin past it is not waited for', async () => {
    const task = testConsumer(failing).send({}, { job, deadline: inSeconds(3) });
    expect(await task.attempt()).toMatchObject({ outcome: 'retry', delaySeconds: 2 });
    const { outcome, reports } = await task.attempt();
    expect(outcome).toBe('dead');
    const message = 'down (not tried again: its deadline, 2026-01-01T00:00:03.000Z, would have passed)';
    expect(reports).toMatchObject([{ status: 'failed', class: 'TRANSIENT', attempt: 2, message }]);
  });

  it('that begins before it is one', async () => {
    const task = testConsumer(failing).send({}, { job, deadline: inSeconds(60) });
    for (let n = 1; n <= 3; n += 1) expect((await task.attempt()).outcome).toBe('retry');
    expect((await task.attempt()).deadLetter?.letter).toMatchObject({ class: 'TRANSIENT', message: 'down', attempt: 4 });
  });
});

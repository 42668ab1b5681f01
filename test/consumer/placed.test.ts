/** Tasks of jobs that were placed on this pool: what an author sees of them, and what their jobs are told. */
import { describe, expect, it } from 'vitest';
import { DataError, defineConsumer, RateLimited, type TaskContext } from '../../consumer/index.ts';
import { testConsumer } from '../../consumer/testing.ts';
import { placedPipeline } from '../../lambdas/contract/task-table.ts';
import { type Lease, Report } from '../../lambdas/contract/task-wire.ts';
import { batches } from '../support/consumer-batches.ts';
import { sqsRecord } from '../support/sqs-record.ts';

const atMs = Date.UTC(2026, 0, 1);
const about = { v: 1, job: 'j', task: 'j/1', redrives: 0, attempt: 1, deadLettered: false, lease: 'token-j-1', atMs };
const placed = { job: 'j', placed: true } as const;

const leasedMessage = (id: string, lease: Lease) =>
  sqsRecord(id, { attributes: { 'sluice.job': 'j', 'sluice.task': 'j/1', 'sluice.lease': JSON.stringify(lease) } });

const fails = (error: () => Error) =>
  defineConsumer({
    task: () => {
      throw error();
    },
  });

describe('a placed task', () => {
  it('knows its lease, and has said who runs it before it began', async () => {
    const handler = defineConsumer({ task: (_body, { lease, taskId }) => [lease, taskId, world.lease('j')?.holder] });
    const world = testConsumer(handler, { group: 'west' });
    const { result } = await world.send({}, placed).attempt();
    expect(result).toEqual([{ token: 'token-j-1', url: 'https://test/jobs/j', fence: 1, leaseSeconds: 300 }, 'j/1', 'west']);
    expect(world.lease('j')?.heartbeats).toBe(1);
  });

  it.each<[string, { duplicates?: false }]>([
    ['are recorded', {}],
    ['may run', { duplicates: false }],
  ])('is reported done under it, and again where its message comes again, where duplicates %s', async (_what, options) => {
    let runs = 0;
    const handler = defineConsumer({
      ...options,
      task: () => {
        runs += 1;
        return { run: runs };
      },
    });
    const task = testConsumer(handler).send({}, placed);
    const expected = { ...about, status: 'done', result: '{"run":1}' };
    expect(await task.attempt()).toMatchObject({ outcome: 'done', reports: [expected] });
    expect(await task.attempt()).toMatchObject({ outcome: 'done', reports: [expected] });
    expect(runs).toBe(1);
    expect(Report.parse(expected)).toEqual(expected);
  });

  it.each<[string, () => Error, Partial<Report>]>([
    ['of what may pass', () => new Error('down'), { class: 'TRANSIENT', message: 'down' }],
    ['of its data', () => new DataError('no such scene'), { class: 'DATA', message: 'no such scene' }],
  ])('that failed, %s, is told to its job at once: not retried here, not set aside', async (_what, error, why) => {
    const world = testConsumer(fails(error));
    const task = world.send({}, placed);
    const expected = { ...about, ...why, status: 'failed' };
    expect(await task.attempt()).toMatchObject({ outcome: 'failed', delaySeconds: undefined, reports: [expected] });
    expect(await task.attempt()).toMatchObject({ outcome: 'failed', reports: [expected] });
    expect(world.deadLetters).toEqual([]);
    expect(world.lease('j')?.heartbeats).toBe(1);
  });

  it.each<[string, (context: TaskContext) => unknown, Record<string, unknown>, Date | undefined]>([
    [
      'took too long',
      ({ sleep }) => sleep(60_000),
      { class: 'RESOURCE', message: expect.stringContaining('aborted after 27 s') },
      undefined,
    ],
    ['is past its deadline', () => 1, { class: 'RESOURCE', message: expect.stringContaining('had passed') }, new Date(atMs)],
    [
      'failed in a step',
      ({ step }) => step('render', () => Promise.reject(new Error('no'))),
      { class: 'TRANSIENT', message: 'no', step: 'render' },
      undefined,
    ],
  ])('that %s is, too', async (_what, task, why, deadline) => {
    const world = testConsumer(defineConsumer({ task: (_body, context) => task(context) }));
    const { outcome, reports } = await world.send({}, { ...placed, ...(deadline ? { deadline } : {}) }).attempt();
    expect([outcome, reports]).toEqual([
      'failed',
      [expect.objectContaining({ ...about, ...why, status: 'failed', atMs: expect.anything() })],
    ]);
    expect(world.deadLetters).toEqual([]);
  });

  it('whose body does not fit is, too', async () => {
    const { outcome, reports } = await testConsumer(fails(() => new Error('never')))
      .send('{', placed)
      .attempt();
    expect([outcome, reports]).toMatchObject(['failed', [{ status: 'failed', class: 'DATA', lease: 'token-j-1' }]]);
  });

  it('counts attempts over its leases, and resumes at the step where the last one stopped', async () => {
    const ran: string[] = [];
    const attempts: number[] = [];
    const { records } = batches({ task: () => 1 }).ports;
    const poolOf = (pipeline: string, isBroken: boolean) => {
      const task = async (_body: unknown, { step, attempt }: TaskContext) => {
        attempts.push(attempt);
        await step('fetch', () => void ran.push(`${pipeline} fetch`));
        await step('render', () => {
          ran.push(`${pipeline} render`);
          if (isBroken) throw new Error('no');
        });
      };
      return batches({ task }, { settings: { pipeline }, ports: () => ({ records }) });
    };
    const [west, east] = [poolOf('west', true), poolOf('east', false)];
    await west.run(leasedMessage('a', west.leases.grant('j', 300)));
    east.leases.grant('j', 300);
    await east.run(leasedMessage('b', east.leases.grant('j', 300)));
    expect(ran).toEqual(['west fetch', 'west render', 'east render']);
    expect(attempts).toEqual([1, 2]);
    expect(west.jobs.reported).toMatchObject([{ status: 'failed', attempt: 1, step: 'render' }]);
    expect(east.jobs.reported).toMatchObject([{ status: 'done', attempt: 2, lease: 'token-j-2' }]);
    const steps = await records.steps({ pipeline: placedPipeline, task: 'j/1', redrives: 9 }, atMs);
    expect([...steps.keys()]).toEqual(['fetch', 'render']);
  });

  it('says the step it is in as it starts', async () => {
    const said: unknown[] = [];
    const handler = defineConsumer({
      task: async (_body, { step, sleep }) => {
        for (const name of ['fetch', 'render', 'store'])
          await step(name, async () => {
            await sleep(1_000);
            said.push(world.lease('j')?.step);
          });
      },
    });
    const world = testConsumer(handler);
    await world.send({}, placed).attempt();
    expect(said).toEqual(['fetch', 'render', 'store']);
    expect(world.lease('j')?.heartbeats).toBe(4);
  });
});

describe('without its lease', () => {
  const counting = () => {
    const ran: string[] = [];
    return { ran, handler: defineConsumer({ task: (_body, { taskId }) => void ran.push(taskId) }) };
  };

  it.each<[string, (world: ReturnType<typeof testConsumer>) => unknown]>([
    ['is taken away', (world) => world.loseLease('j')],
    ['is over', (world) => world.advance(301)],
    ['is an older one', (world) => world.send({}, placed)],
    ['is that of a cancelled job', (world) => world.cancel('j')],
  ])('nothing runs and nothing is told: one that %s', async (_what, lose) => {
    const { ran, handler } = counting();
    const world = testConsumer(handler);
    const task = world.send({}, placed);
    await lose(world);
    for (let n = 0; n < 2; n += 1) expect(await task.attempt()).toMatchObject({ reports: [], delaySeconds: undefined });
    expect([ran, world.deadLetters]).toEqual([[], []]);
  });

  it('a line in the log says so, and a metric counts it', async () => {
    const world = testConsumer(counting().handler);
    const task = world.send({}, placed);
    world.loseLease('j');
    const { outcome, logs } = await task.attempt();
    expect(outcome).toBe('lost');
    expect(logs).toContainEqual(expect.objectContaining({ level: 'WARN', reason: 'the lease of job j is over', job: 'j' }));
    expect(logs.find((line) => '_aws' in line)).toMatchObject({ Started: 0, LeasesLost: 1 });
  });

  it.each(['{', '{"v":2}', '[]'])('a task whose lease reads %s is let go, for the lease to run out', async (lease) => {
    const { ran, handler } = counting();
    const world = testConsumer(handler);
    const { outcome, reports, logs } = await world.send({}, { ...placed, attributes: { 'sluice.lease': lease } }).attempt();
    expect([outcome, reports, ran, world.deadLetters]).toEqual(['lost', [], [], []]);
    expect(logs).toContainEqual(expect.objectContaining({ reason: expect.stringContaining('cannot be read') }));
  });

  it('so is one that names no job it could be told to', async () => {
    const { ran, handler } = counting();
    const world = testConsumer(handler);
    const lease = JSON.stringify({ v: 1, url: 'https://test/jobs/j', token: 't', fence: 1, leaseSeconds: 300 });
    const { reports } = await world.send({}, { id: 'order 7', attributes: { 'sluice.lease': lease } }).attempt();
    expect([reports, ran]).toEqual([[], []]);
  });

  it('where nobody can say whether it is held, the task comes back soon, and no attempt is spent', async () => {
    const attempts: number[] = [];
    const world = testConsumer(defineConsumer({ task: (_body, { attempt }) => void attempts.push(attempt) }));
    const task = world.send({}, placed);
    world.answerHeartbeats(false);
    expect(await task.attempt()).toMatchObject({ outcome: 'back', delaySeconds: 5, reports: [] });
    world.answerHeartbeats(true);
    expect((await task.attempt()).outcome).toBe('done');
    expect(attempts).toEqual([1]);
  });
});

describe('one that comes back', () => {
  it('is hidden no longer than its lease can wait, and heard of each time', async () => {
    let refusals = 1;
    const handler = defineConsumer({
      task: () => {
        if (refusals-- > 0) throw new RateLimited(1_000);
        return 1;
      },
    });
    const world = testConsumer(handler);
    const task = world.send({}, placed);
    expect(await task.attempt()).toMatchObject({ outcome: 'back', delaySeconds: 100, reports: [] });
    let deliveries = 1;
    while ((await task.attempt()).outcome === 'back') deliveries += 1;
    // 1,000 s of cooling, in pieces of a third of the lease; some of each is waited out by the invocation.
    expect(deliveries).toBeGreaterThan(7);
    expect(world.lease('j')?.heartbeats).toBe(deliveries + 1);
    expect(world.lease('j')?.holder).toBe('test');
    expect(world.reports).toMatchObject([{ status: 'done', attempt: 1 }]);
  });

  it('before it began lets its lease run out, where that is how it goes: no attempt is spent so', async () => {
    const world = batches({ task: () => 1 });
    await world.ports.cooling.cool('acme', { untilMs: atMs + 1_000_000, message: 'no', streak: 0 }, atMs);
    const lease = world.leases.grant('j', 300);
    const message = (receives: number) =>
      sqsRecord('a', { receives, attributes: { 'sluice.job': 'j', 'sluice.task': 'j/1', 'sluice.lease': JSON.stringify(lease) } });
    expect(await world.run(message(1))).toEqual(['a']);
    expect(world.leases.of('j')?.heartbeats).toBe(0);
    // It may have begun before this one.
    expect(await world.run(message(2))).toEqual(['a']);
    expect(world.leases.of('j')).toMatchObject({ heartbeats: 1, holder: undefined });
    expect(world.asked).toEqual([
      ['a/1', 100],
      ['a/2', 100],
    ]);
  });

  it('as often as its queue allows has failed', async () => {
    const handler = defineConsumer({ task: (_body, { withPermit }) => withPermit('gpu', () => {}) });
    const world = testConsumer(handler, { permits: { gpu: 0 }, maxReceiveCount: 3 });
    const { outcome, reports } = await world.send({}, placed).untilEnd();
    expect([outcome, world.deadLetters]).toEqual(['failed', []]);
    expect(reports).toMatchObject([{ status: 'failed', class: 'TRANSIENT', message: expect.stringContaining('received 3 times') }]);
  });
});

it('an ordinary task has no lease, and cannot be handed on', async () => {
  const world = testConsumer(defineConsumer({ task: (_body, { lease, pending }) => lease ?? pending() }));
  const { deadLetter } = await world.send({}, { job: 'j' }).attempt();
  expect(deadLetter?.letter).toMatchObject({ class: 'PERMANENT', message: expect.stringContaining('has no lease') });
});

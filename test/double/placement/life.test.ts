/** A placed job's life without trouble: it gets a place, is worked for, ends; and each way it may go instead. */
import { describe, expect, it } from 'vitest';
import { customerLimitsKey, overallLimitsKey } from '../../../lambdas/contract/placement.ts';
import { noMishaps } from '../jobs/mishaps.ts';
import type { Work } from './placed-worker.ts';
import { PlacementStage } from './placement-stage.ts';

const statesOf = (stage: PlacementStage, job: string) => stage.watch.told.filter((told) => told.job === job).map(({ state }) => state);
const iso = (ms: number) => new Date(ms).toISOString();

describe('a placed job', () => {
  it('starts at once where it fits, runs, and ends with its result', async () => {
    const stage = new PlacementStage();
    const west = await stage.pool('west', { maxJobs: 2, quantities: { cpu: 4 } });
    await stage.pass(5);
    const job = await stage.submit({ needs: { quantities: { cpu: 2 } }, customer: 'acme' });
    await stage.pass(2);
    expect(stage.row(job)).toMatchObject({ status: 'RUNNING', placed: { step: 'leased', pool: 'west', reason: 'only', fence: 1 } });
    await stage.endAll(60);
    expect(stage.row(job)).toMatchObject({ status: 'COMPLETED', placed: { step: 'ended' } });
    expect(west.works).toHaveLength(1);
    expect(statesOf(stage, job)).toEqual(['waiting', 'started', 'completed']);
    expect(stage.leftOver()).toEqual([]);
  });

  it('takes the place of another the moment that one ends', async () => {
    const stage = new PlacementStage();
    await stage.pool('west', { maxJobs: 1, workMs: () => 4_000 });
    await stage.pass(65);
    for (let n = 0; n < 4; n += 1) await stage.submit({});
    await stage.endAll(25);
    expect(stage.statuses()).toEqual(Array(4).fill('COMPLETED'));
    const starts = stage.watch.started.map(({ atMs }) => atMs);
    // Four seconds of work, and what it takes to tell of its end: no tick is waited for.
    for (const [i, atMs] of starts.slice(1).entries()) expect(atMs - (starts[i] ?? 0)).toBeLessThan(5_000);
    expect(stage.leftOver()).toEqual([]);
  });

  it.each([
    ['TRANSIENT, and then is done', 'transient', 3, ['retrying', 'waiting', 'started', 'completed'], 'COMPLETED'],
    ['PERMANENT', 'permanent', 3, ['failed'], 'FAILED'],
    ['TRANSIENT, and has no retries', 'transient', 0, ['failed'], 'FAILED'],
  ] as const)('that fails %s', async (_how, ending, maxRetries, then, status) => {
    const stage = new PlacementStage();
    const west = await stage.pool('west', {
      maxJobs: 1,
      workMs: () => 1_000,
      ending: ({ failures }) => (failures === 0 ? ending : 'done'),
    });
    const job = await stage.submit({ maxRetries });
    await stage.endAll(120);
    expect(stage.row(job).status).toBe(status);
    expect(statesOf(stage, job)).toEqual(['waiting', 'started', ...then]);
    expect(stage.row(job).placed?.history).toMatchObject([
      { attempt: 1, class: ending.toUpperCase(), message: `it was ${ending.toUpperCase()}` },
    ]);
    expect(west.works).toHaveLength(status === 'COMPLETED' ? 2 : 1);
    expect(stage.leftOver()).toEqual([]);
  });

  it('comes back after two seconds, not at the next sweep', async () => {
    const stage = new PlacementStage();
    const west = await stage.pool('west', {
      maxJobs: 1,
      workMs: () => 1_000,
      ending: ({ failures }) => (failures < 2 ? 'transient' : 'done'),
    });
    await stage.pass(65);
    await stage.submit({});
    await stage.endAll(20);
    expect(west.works.map(({ fence, failures }) => [fence, failures])).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
    ]);
    expect(stage.leftOver()).toEqual([]);
  });

  it('whose holder goes silent is tried again, and the late word of that one changes nothing', async () => {
    const stage = new PlacementStage();
    const west = await stage.pool('west', { maxJobs: 1, workMs: () => 10_000, ending: ({ fence }) => (fence === 1 ? 'late' : 'done') });
    const job = await stage.submit({});
    await stage.endAll(300);
    await stage.pass(120);
    expect(west.works.map(({ fence }) => fence)).toEqual([1, 2]);
    expect(stage.row(job)).toMatchObject({ status: 'COMPLETED', placed: { fence: 2, failures: 1 } });
    expect(stage.row(job).placed?.history).toMatchObject([
      { class: 'RESOURCE', message: expect.stringMatching(/^west on pool west has been silent since 2026/) },
    ]);
    expect(stage.leftOver()).toEqual([]);
  });

  it('that is handed on outlives its message', async () => {
    const stage = new PlacementStage();
    const west = await stage.pool('west', { maxJobs: 1, workMs: () => 3_600_000, ending: () => 'handedOn' });
    const job = await stage.submit({});
    await stage.pass(60);
    expect(west.queue.size).toBe(0);
    expect(stage.watch.leases.get(job)).toMatchObject({ pending: true, holder: 'west' });
    await stage.endAll(3_700);
    expect(stage.row(job)).toMatchObject({ status: 'COMPLETED', placed: { fence: 1 } });
    expect(stage.leftOver()).toEqual([]);
  });

  it('that nobody begins is placed again, and no attempt is counted', async () => {
    const stage = new PlacementStage();
    const west = await stage.pool('west', { maxJobs: 1 });
    west.paused = true;
    const job = await stage.submit({ maxRetries: 0 });
    await stage.pass(200);
    expect(stage.row(job).placed?.fence).toBeGreaterThan(2);
    west.paused = false;
    await stage.endAll(200);
    expect(stage.row(job)).toMatchObject({ status: 'COMPLETED', placed: { failures: 0, history: [] } });
    expect(west.works).toHaveLength(1);
    expect(stage.leftOver()).toEqual([]);
  });

  it('that is not begun by its time fails, and says so', async () => {
    const stage = new PlacementStage();
    await stage.pool('west', { maxJobs: 1, workMs: () => 300_000 });
    await stage.submit({});
    const by = iso(stage.nowMs + 60_000);
    const job = await stage.submit({ startBy: by });
    await stage.pass(95);
    expect(stage.row(job)).toMatchObject({
      status: 'FAILED',
      failure: `it had not started by ${by}: no pool that fits was free for it within the limits`,
    });
    await stage.endAll(400);
    expect(stage.leftOver()).toEqual([]);
  });

  it('may fail and be tried again long after the time it had to start by', async () => {
    const stage = new PlacementStage();
    await stage.pool('west', { maxJobs: 1, workMs: () => 60_000, ending: ({ failures }) => (failures === 0 ? 'transient' : 'done') });
    const job = await stage.submit({ startBy: iso(stage.nowMs + 30_000) });
    await stage.endAll(400);
    expect(stage.row(job).status).toBe('COMPLETED');
  });

  it('whose own time is over fails while it runs', async () => {
    const stage = new PlacementStage();
    await stage.pool('west', { maxJobs: 1, workMs: () => 600_000 });
    const job = await stage.submit({ timeoutSeconds: 60 });
    await stage.pass(130);
    expect(stage.row(job)).toMatchObject({
      status: 'FAILED',
      failure: expect.stringContaining('the 60 s of the job were over before it had ended on pool west'),
    });
    await stage.pass(600);
    expect(stage.leftOver()).toEqual([]);
  });

  it('waits for its time', async () => {
    const stage = new PlacementStage();
    await stage.pool('west', { maxJobs: 1 });
    await stage.pass(65);
    const atMs = stage.nowMs;
    const job = await stage.submit({ delaySeconds: 100 });
    await stage.endAll(130);
    expect(statesOf(stage, job)).toEqual(['scheduled', 'waiting', 'started', 'completed']);
    const started = (stage.watch.started[0]?.atMs ?? 0) - atMs;
    // Clocks differ by up to five seconds.
    expect(started).toBeGreaterThan(95_000);
    expect(started).toBeLessThan(110_000);
  });

  it('whose task could not be sent is sent again long before its lease is over', async () => {
    const stage = new PlacementStage({ settings: { leaseSeconds: 3_600 }, mishaps: { sendThrottled: 1 } });
    const west = await stage.pool('west', { maxJobs: 1 });
    await stage.submit({});
    await stage.pass(10);
    expect(west.queue.size).toBe(0);
    stage.mishaps = noMishaps;
    await stage.endAll(100);
    expect(west.works.map(({ fence }) => fence)).toEqual([1]);
    expect(stage.leftOver()).toEqual([]);
  });

  it('whose task file is lost fails, and frees its place', async () => {
    const stage = new PlacementStage();
    const west = await stage.pool('west', { maxJobs: 1 });
    west.paused = true;
    const first = await stage.submit({});
    await stage.pass(3);
    const second = await stage.submit({});
    stage.loseFile(second);
    const third = await stage.submit({});
    west.paused = false;
    await stage.endAll(200);
    expect([first, second, third].map((job) => stage.row(job).status)).toEqual(['COMPLETED', 'FAILED', 'COMPLETED']);
    expect(stage.row(second).failure).toContain('its task file is gone');
  });
});

describe('what people do to a placed job', () => {
  const running = async (ending: (work: Work) => 'done' | 'permanent' = () => 'done') => {
    const stage = new PlacementStage();
    const west = await stage.pool('west', { maxJobs: 1, workMs: () => 20_000, ending });
    const job = await stage.submit({ steps: ['a', 'b', 'c'] });
    await stage.pass(5);
    return { stage, west, job };
  };

  it('cancel: whoever works for it stops, and the next one starts', async () => {
    const { stage, west, job } = await running();
    const next = await stage.submit({});
    expect(await stage.ask((placement) => placement.cancel(job))).toBe(true);
    await stage.pass(3);
    expect(stage.row(next).status).toBe('RUNNING');
    await stage.endAll(60);
    expect(stage.row(job).status).toBe('CANCELLED');
    expect(await stage.ask((placement) => placement.cancel(job))).toBe(false);
    expect(west.works).toHaveLength(2);
    expect(stage.leftOver()).toEqual([]);
  });

  it('cancel while it waits', async () => {
    const { stage, job } = await running();
    const next = await stage.submit({});
    const later = await stage.submit({ delaySeconds: 900 });
    await stage.pass(2);
    for (const one of [next, later]) expect(await stage.ask((placement) => placement.cancel(one))).toBe(true);
    await stage.endAll(60);
    expect([job, next, later].map((one) => stage.row(one).status)).toEqual(['COMPLETED', 'CANCELLED', 'CANCELLED']);
    expect(stage.leftOver()).toEqual([]);
  });

  it('release: its place is free, it is placed anew, and the word of the one before is refused', async () => {
    const { stage, west, job } = await running();
    expect(await stage.ask((placement) => placement.release(job))).toBe(true);
    await stage.endAll(90);
    expect(west.works.map(({ fence }) => fence)).toEqual([1, 2]);
    expect(stage.row(job)).toMatchObject({ status: 'COMPLETED', placed: { fence: 2, failures: 0 } });
    expect(statesOf(stage, job)).toEqual(['waiting', 'started', 'waiting', 'started', 'completed']);
    expect(stage.leftOver()).toEqual([]);
  });

  it('retry: in a life of its own, with the fencing numbers going on; twice at once counts once', async () => {
    const { stage, west, job } = await running(({ fence }) => (fence === 1 ? 'permanent' : 'done'));
    await stage.endAll(60);
    expect(stage.row(job).status).toBe('FAILED');
    const both = await stage.wait(Promise.all([stage.services.placement.retry(job), stage.services.placement.retry(job)]));
    expect(both.map(({ kind }) => kind).toSorted()).toEqual(['done', 'past']);
    await stage.endAll(90);
    expect(west.works.map(({ fence }) => fence)).toEqual([1, 2]);
    expect(stage.row(job)).toMatchObject({ status: 'COMPLETED', life: 1, placed: { failures: 0 } });
    expect(stage.leftOver()).toEqual([]);
  });

  it('change: another priority goes first', async () => {
    const { stage } = await running();
    const [normal, low] = [await stage.submit({}), await stage.submit({ priority: 'low' })];
    await stage.pass(2);
    expect(await stage.ask((placement) => placement.change(low, { priority: 'critical', maxRetries: 7 }))).toBe(true);
    expect(stage.row(low)).toMatchObject({ priority: 'critical', maxRetries: 7 });
    await stage.endAll(120);
    expect(stage.watch.started.map(({ job }) => job).slice(1)).toEqual([low, normal]);
    expect(await stage.ask((placement) => placement.change(low, { maxRetries: 1 }))).toBe(false);
  });

  it('change twice at the same time: both count', async () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const stage = new PlacementStage({ seed });
      const job = await stage.submit({});
      const { placement } = stage.services;
      const changes = [
        placement.change(job, { affinity: { pool: 'west' } }),
        placement.change(job, { priority: 'low' }),
        placement.change(job, { maxRetries: 9 }),
      ];
      await stage.wait(Promise.all(changes));
      expect(stage.row(job)).toMatchObject({ priority: 'low', maxRetries: 9, placed: { affinity: { pool: 'west' } } });
      const waiting = stage.wait(placement.placing().next());
      expect((await waiting).value).toMatchObject([{ job, priority: 'low', affinity: { pool: 'west' } }]);
    }
  });

  it('change: another pool is wanted, and its retries, which leaves its place in the order', async () => {
    const { stage } = await running();
    await stage.pool('east', { maxJobs: 1, open: false });
    const job = await stage.submit({ affinity: { pool: 'east', required: true } });
    await stage.pass(2);
    const key = stage.row(job).placed?.stepKeyMs;
    expect(await stage.ask((placement) => placement.change(job, { affinity: null }))).toBe(true);
    expect(stage.row(job).placed).toMatchObject({ stepKeyMs: key });
    await stage.endAll(120);
    expect(stage.row(job).placed?.pool).toBe('west');
    expect(stage.leftOver()).toEqual([]);
  });

  it('fail it when it is looked at: no place is taken, and tried again it is looked at again', async () => {
    const stage = new PlacementStage();
    await stage.pool('west', { maxJobs: 1 });
    const job = await stage.submit({ inputs: [{ bucket: 'data', key: 'a' }] }, { validates: true });
    await stage.pass(35);
    expect(stage.row(job)).toMatchObject({ status: 'PENDING', placed: { step: 'validating' } });
    const bad = { error: { class: 'DATA' as const, message: 'there is no data/a' }, findings: ['no a'], from: ['validating' as const] };
    expect(await stage.ask((placement) => placement.failUnstarted(job, bad))).toBe(true);
    expect(stage.row(job)).toMatchObject({ status: 'FAILED', failure: 'there is no data/a', placed: { findings: ['no a'], fence: 0 } });
    expect(stage.leftOver()).toEqual([]);
    expect(await stage.ask((placement) => placement.retry(job))).toBe(true);
    expect(stage.row(job).placed).toMatchObject({ step: 'validating' });
    expect(await stage.ask((placement) => placement.toPlacing(job, { inputs: [{ bucket: 'data', key: 'a', bytes: 7 }] }))).toBe(true);
    await stage.endAll(60);
    expect(stage.row(job)).toMatchObject({ status: 'COMPLETED', life: 1, placed: { inputs: [{ bytes: 7 }] } });
    expect(statesOf(stage, job)).toEqual(['validating', 'failed', 'validating', 'waiting', 'started', 'completed']);
  });
});

describe('pools and limits that change', () => {
  const runs = (stage: PlacementStage, pool?: string) =>
    [...stage.watch.leases.values()].filter((lease) => pool === undefined || lease.pool === pool).length;
  const busy = async (jobs: number, request: Parameters<PlacementStage['submit']>[0] = {}) => {
    const stage = new PlacementStage();
    await stage.pool('west', { maxJobs: 20, workMs: () => 600_000, concurrency: 20 });
    for (let n = 0; n < jobs; n += 1) await stage.submit(request);
    await stage.pass(3);
    return stage;
  };

  it('hold at once: the one over all, raised and lowered', async () => {
    const stage = await busy(16);
    expect(runs(stage)).toBe(10);
    await stage.limits(overallLimitsKey, { maxJobs: 14 });
    await stage.pass(2);
    expect(runs(stage)).toBe(14);
    await stage.limits(overallLimitsKey, { maxJobs: 3 });
    const [first] = stage.watch.leases.keys();
    await stage.ask((placement) => placement.cancel(first ?? ''));
    await stage.pass(2);
    expect(runs(stage)).toBe(13);
    expect(stage.watch.wrong).toEqual([]);
  });

  it('hold at once: those of customers, and of all that have none of their own', async () => {
    const stage = await busy(6, { customer: 'acme' });
    for (const customer of ['zeta', 'zeta', 'zeta', 'none']) await stage.submit({ customer });
    await stage.pass(2);
    await stage.limits(overallLimitsKey, { maxJobs: 100, perCustomer: { maxJobs: 1 } });
    await stage.limits(customerLimitsKey('acme'), { maxJobs: 3 });
    await stage.limits(customerLimitsKey('zeta'), { maxJobs: 2 });
    await stage.pass(2);
    const of = (name: string) => [...stage.watch.leases.values()].filter(({ customer }) => customer === name).length;
    // What ran before goes on.
    expect([of('acme'), of('zeta'), of('none')]).toEqual([6, 3, 1]);
    for (const { job, customer } of [...stage.watch.leases.values()])
      if (customer !== 'acme') await stage.ask((placement) => placement.cancel(job));
    for (const customer of ['zeta', 'zeta', 'zeta', 'none', 'none', 'acme']) await stage.submit({ customer });
    await stage.pass(2);
    expect([of('acme'), of('zeta'), of('none')]).toEqual([6, 2, 1]);
    expect(stage.watch.wrong).toEqual([]);
  });

  it('a smaller pool finishes what runs and takes nothing new until it fits', async () => {
    const stage = await busy(12);
    await stage.limits(overallLimitsKey, { maxJobs: 100 });
    await stage.pool('west', { maxJobs: 5, workMs: () => 600_000, concurrency: 20 });
    await stage.pass(2);
    expect(runs(stage)).toBeGreaterThanOrEqual(10);
    const before = runs(stage);
    for (const job of [...stage.watch.leases.keys()].slice(0, before - 5)) await stage.ask((placement) => placement.cancel(job));
    await stage.submit({});
    await stage.pass(2);
    expect(runs(stage)).toBe(5);
    const [one] = stage.watch.leases.keys();
    await stage.ask((placement) => placement.cancel(one ?? ''));
    await stage.pass(2);
    expect(runs(stage)).toBe(5);
    expect(stage.watch.wrong).toEqual([]);
  });

  it('a closed pool drains', async () => {
    const stage = await busy(4);
    await stage.pool('west', { maxJobs: 20, open: false });
    await stage.submit({});
    await stage.pass(40);
    expect(runs(stage)).toBe(4);
  });

  it('a removed pool hands back what nobody has begun, and what runs there ends', async () => {
    const stage = new PlacementStage();
    const west = await stage.pool('west', { maxJobs: 3, concurrency: 1, workMs: () => 20_000 });
    for (let n = 0; n < 3; n += 1) await stage.submit({});
    await stage.pass(3);
    expect(runs(stage, 'west')).toBe(3);
    await stage.removePool('west');
    await stage.pass(2);
    expect(runs(stage, 'west')).toBe(1);
    const east = await stage.pool('east', { maxJobs: 3 });
    await stage.endAll(90);
    expect(stage.statuses()).toEqual(Array(3).fill('COMPLETED'));
    expect([west.works.length, east.works.length]).toEqual([1, 2]);
    await stage.pass(65);
    expect(await stage.wait(stage.services.placement.pool('west'))).toBeUndefined();
    expect(stage.leftOver()).toEqual([]);
  });

  it('a pool whose queue is FIFO gets its jobs, too', async () => {
    const stage = new PlacementStage();
    const west = await stage.pool('west', {
      maxJobs: 2,
      fifo: true,
      workMs: () => 1_000,
      ending: ({ failures }) => (failures === 0 ? 'transient' : 'done'),
    });
    for (let n = 0; n < 3; n += 1) await stage.submit({});
    await stage.endAll(120);
    expect(stage.statuses()).toEqual(Array(3).fill('COMPLETED'));
    expect(west.works).toHaveLength(6);
    expect(stage.leftOver()).toEqual([]);
  });
});

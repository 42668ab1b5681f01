/** A placed job's life without trouble: it gets a place, is worked for, ends; and each way it may go instead. */
import { describe, expect, it } from 'vitest';
import { AwsError } from '../aws/errors.ts';
import { noMishaps } from '../jobs/mishaps.ts';
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

  it('is sent again at once where a send of its task fails: a place is not held for nothing until the next sweep', async () => {
    const stage = new PlacementStage({ settings: { leaseSeconds: 300 } });
    const west = await stage.pool('west', { maxJobs: 1, workMs: () => 1_000 });
    await stage.pass(5);
    const isSend = ({ caller, operation }: { caller: string; operation: string }) =>
      caller.startsWith('poolScheduler') && operation === 'SendMessageBatch';
    const effects = [new AwsError('ThrottlingException', 'Rate exceeded', 400), new AwsError('InternalFailure', 'internal', 500)];
    for (const [i, effect] of effects.entries()) stage.aws.log.plant({ fits: isSend, nth: i + 1, when: 'before', effect });
    const job = await stage.submit({});
    await stage.pass(4);
    expect(west.works).toHaveLength(1);
    await stage.endAll(10);
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

  it('is told of by its end alone where the stage says so, with its number all the same', async () => {
    const stage = new PlacementStage({ settings: { notifyJobs: false } });
    await stage.pool('west', { maxJobs: 1, ending: ({ failures }) => (failures === 0 ? 'transient' : 'done') });
    await stage.submit({});
    await stage.endAll(60);
    expect(stage.watch.told).toMatchObject([{ event: 'job-001_6', state: 'completed', sequence: 6 }]);
  });

  it('is tried once where the stage tries none again', async () => {
    const stage = new PlacementStage({ settings: { retryJobs: false } });
    const west = await stage.pool('west', { maxJobs: 1, ending: () => 'transient' });
    const job = await stage.submit({});
    await stage.endAll(60);
    expect(stage.row(job).failure).toBe('attempt 1 failed (TRANSIENT): it was TRANSIENT; this stage tries no job again (retryJobs)');
    expect(west.works).toHaveLength(1);
  });
});

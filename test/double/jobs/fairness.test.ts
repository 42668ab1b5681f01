/** What shares a target, or the dispatcher: a small job starts within seconds beside a large one, however busy all are. */
import { describe, expect, it } from 'vitest';
import { DispatchStage } from './dispatch-stage.ts';
import { differences } from './recount.ts';
import { tables } from './resources.ts';

const tasks = (count: number, task: { delaySeconds?: number } = {}) => Array.from({ length: count }, () => task);

/** Seconds from now until the job's first task runs. */
async function secondsToStart(stage: DispatchStage, job: string, sinceMs: number, patience = 300): Promise<number> {
  const first = () => [...stage.groups.values()].flatMap(({ runs }) => runs.filter((run) => run.job === job)).at(0);
  await stage.runUntil(() => stage.watch.hasEnded(job), patience);
  return ((first()?.atMs ?? Number.POSITIVE_INFINITY) - sinceMs) / 1_000;
}

describe('one task', () => {
  it('beside 20,000 starts within 15 seconds, and they are worked off as fast as they can be', async () => {
    const stage = new DispatchStage();
    stage.aws.log.keepInputs = false;
    const acme = stage.group('acme', { concurrency: 25, taskMs: () => 500 });
    const large = await stage.submit({ taskGroup: 'acme' }, tasks(20_000));
    await stage.pass(120);
    const atMs = stage.nowMs;
    const small = await stage.submit({ taskGroup: 'acme' }, tasks(1));
    expect(await secondsToStart(stage, small, atMs)).toBeLessThan(15);
    expect(await stage.end([large], 900)).toEqual(['COMPLETED']);
    // 50 a second are 400 s; a consumer takes 40 ms more for each in the double.
    const [started] = stage.watch.started;
    expect(((stage.watch.ended.at(-1)?.atMs ?? 0) - (started?.atMs ?? 0)) / 1_000).toBeLessThan(480);
    expect(acme.runs).toHaveLength(20_001);
    expect(differences(stage.aws, large)).toEqual([]);
  });

  it.each([
    ['that are to start later', { delaySeconds: 40_000 }, false],
    ['that have an order', {}, true],
  ])('beside thousands %s starts within 15 seconds', async (_which, task, fifo) => {
    const stage = new DispatchStage();
    stage.group('acme', { fifo, concurrency: 10, batchSize: 10, taskMs: () => 20 });
    await stage.submit({ taskGroup: 'acme' }, tasks(8_000, task));
    await stage.pass(2);
    const atMs = stage.nowMs;
    const small = await stage.submit({ taskGroup: 'acme' }, tasks(1));
    expect(await secondsToStart(stage, small, atMs)).toBeLessThan(15);
  });

  it('on a group that worked off small jobs only starts within 15 seconds beside a large one', async () => {
    const stage = new DispatchStage();
    stage.group('acme', { concurrency: 2, taskMs: () => 400 });
    for (let i = 0; i < 12; i += 1) await stage.end([await stage.submit({ taskGroup: 'acme' }, tasks(3))], 60);
    await stage.submit({ taskGroup: 'acme' }, tasks(2_000));
    await stage.pass(10);
    const atMs = stage.nowMs;
    const small = await stage.submit({ taskGroup: 'acme' }, tasks(1));
    expect(await secondsToStart(stage, small, atMs)).toBeLessThan(15);
  });

  it('beside a large one starts within 15 seconds where tasks came one at a time before', async () => {
    const stage = new DispatchStage();
    stage.group('acme', { concurrency: 2, taskMs: () => 400 });
    const trickle = Array.from({ length: 20 }, (_, i) => ({ delaySeconds: i * 15 }));
    await stage.end([await stage.submit({ taskGroup: 'acme' }, trickle)], 600);
    await stage.submit({ taskGroup: 'acme' }, tasks(2_000));
    await stage.pass(10);
    const atMs = stage.nowMs;
    const small = await stage.submit({ taskGroup: 'acme' }, tasks(1));
    expect(await secondsToStart(stage, small, atMs)).toBeLessThan(15);
  });

  it('on a group of its own starts within 15 seconds while 16 others are busy', async () => {
    const stage = new DispatchStage();
    for (let i = 0; i < 16; i += 1) {
      stage.group(`busy-${i}`, { concurrency: 4, taskMs: () => 200 });
      await stage.submit({ taskGroup: `busy-${i}` }, tasks(600));
    }
    stage.group('quiet');
    const waits: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      await stage.pass(8);
      const atMs = stage.nowMs;
      const small = await stage.submit({ taskGroup: 'quiet' }, tasks(1));
      waits.push(await secondsToStart(stage, small, atMs));
    }
    expect(Math.max(...waits)).toBeLessThan(15);
  });
});

it('on a group of its own starts within 15 seconds while more ordered jobs are sent than there are dispatchers', async () => {
  const stage = new DispatchStage();
  for (let i = 0; i < 6; i += 1) {
    stage.group(`ordered-${i}`, { fifo: true, concurrency: 2, batchSize: 10, taskMs: () => 5 });
    await stage.submit({ taskGroup: `ordered-${i}` }, tasks(2_500));
  }
  stage.group('quiet');
  await stage.pass(5);
  const atMs = stage.nowMs;
  const small = await stage.submit({ taskGroup: 'quiet' }, tasks(1));
  expect(await secondsToStart(stage, small, atMs)).toBeLessThan(15);
  expect([...stage.groups.values()].some(({ queue }) => queue.size > 0)).toBe(true);
});

it('a queue never holds more than its depth and a newcomer, and never runs dry', async () => {
  const stage = new DispatchStage();
  const acme = stage.group('acme', { concurrency: 10, taskMs: () => 250 });
  const large = await stage.submit({ taskGroup: 'acme' }, tasks(6_000));
  const depths: number[] = [];
  let dry = 0;
  let looks = 0;
  stage.aws.clock.every(500, () => {
    depths.push(Number(stage.aws.dynamodb.read(tables.jobs, { pk: 'target#group:acme', sk: 'pace' })?.['depth'] ?? 0));
    const recent = Math.max(...depths.slice(-60));
    expect(acme.queue.size).toBeLessThanOrEqual(2 * recent);
    if (depths.length > 20 && !stage.watch.hasEnded(large)) {
      looks += 1;
      if (acme.queue.counts(stage.nowMs).visible === 0) dry += 1;
    }
  });
  await stage.pass(60);
  const others = [await stage.submit({ taskGroup: 'acme', priority: 'high' }, tasks(500))];
  expect(await stage.end([large, ...others], 900)).toEqual(['COMPLETED', 'COMPLETED']);
  expect(dry / looks).toBeLessThan(0.05);
});

it('shares a group by weight', async () => {
  const stage = new DispatchStage({ settings: { maxParallelJobsPerGroup: 3 } });
  const acme = stage.group('acme', { concurrency: 10, taskMs: () => 300 });
  const jobs: string[] = [];
  for (const priority of ['critical', 'normal', 'low'] as const)
    jobs.push(await stage.submit({ taskGroup: 'acme', priority }, tasks(3_000)));
  await stage.pass(60);
  const from = acme.runs.length;
  await stage.pass(60);
  const [critical = 0, normal = 0, low = 0] = jobs.map((job) => acme.runs.slice(from).filter((run) => run.job === job).length);
  expect(critical / low).toBeGreaterThan(4);
  expect(critical / normal).toBeGreaterThan(2.5);
  expect(normal / low).toBeGreaterThan(1.3);
});

/** Tasks that are to start later, from minutes to weeks ahead: none before its time, each soon after it, and each once. */
import { describe, expect, it } from 'vitest';
import { DispatchStage } from './dispatch-stage.ts';
import { countsOf, differences, jobRow } from './recount.ts';

const day = 86_400;

describe.each([
  ['standard', false],
  ['FIFO', true],
])('on a %s queue', (_kind, fifo) => {
  it.each([
    ['minutes', [60, 300, 90, 600, 61, 30]],
    ['hours and days', [3_600, 90, 2 * day, 7 * day]],
    ['weeks', [40 * day, 5]],
  ])('%s ahead', async (_ahead, delays) => {
    const stage = new DispatchStage();
    const acme = stage.group('acme', { fifo, taskMs: () => 100 });
    const tasks = [{}, ...delays.map((delaySeconds) => ({ delaySeconds })), {}];
    const startMs = stage.nowMs;
    const job = await stage.submit({ taskGroup: 'acme' }, tasks);
    for (const seconds of delays.toSorted((a, b) => a - b)) {
      const leftSeconds = seconds - (stage.nowMs - startMs) / 1_000;
      if (leftSeconds > 1_000) await stage.leap(leftSeconds - 200);
      await stage.pass(Math.min(leftSeconds, 200) + 80);
    }
    expect(await stage.end([job], 60)).toEqual(['COMPLETED']);
    expect(acme.runs).toHaveLength(tasks.length);
    for (const [i, seconds] of delays.entries()) {
      const waited = ((acme.runsOf(job, i + 2)[0]?.atMs ?? 0) - startMs) / 1_000;
      expect(waited).toBeGreaterThanOrEqual(seconds);
      // Up to 15 minutes ahead by a hint for that moment, beyond by the sweep's.
      expect(waited).toBeLessThan(seconds + 75);
    }
    expect(differences(stage.aws, job)).toEqual([]);
  });
});

it('those that are due at once do not wait for those that are not', async () => {
  const stage = new DispatchStage();
  const acme = stage.group('acme', { concurrency: 10, taskMs: () => 100 });
  const startMs = stage.nowMs;
  const job = await stage.submit({ taskGroup: 'acme' }, [...Array.from({ length: 1_000 }, () => ({ delaySeconds: 400 })), {}]);
  await stage.runUntil(() => acme.runs.length > 0, 60);
  expect(acme.runs.map(({ n }) => n)).toEqual([1_001]);
  expect(stage.nowMs - startMs).toBeLessThan(20_000);
  expect(await stage.end([job], 900)).toEqual(['COMPLETED']);
  expect(acme.runs).toHaveLength(1_001);
  expect(differences(stage.aws, job)).toEqual([]);
});

it('a dispatcher that dies counts none of them twice, whether it put them aside or sent them', async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const stage = new DispatchStage({ seed });
    const acme = stage.group('acme', { concurrency: 3, taskMs: () => 700 });
    const tasks = Array.from({ length: 120 }, (_, i) => (i % 3 === 0 ? { delaySeconds: 2 + (i % 40) } : {}));
    const job = await stage.submit({ taskGroup: 'acme' }, tasks);
    stage.mishaps = { ...stage.mishaps, diesAtCall: 0.04 };
    await stage.pass(60);
    stage.mishaps = { ...stage.mishaps, diesAtCall: 0 };
    expect(await stage.end([job], 1_800)).toEqual(['COMPLETED']);
    expect(countsOf(stage.aws, job).completed).toBe(120);
    expect(acme.runs).toHaveLength(120);
    expect(jobRow(stage.aws, job).dispatched).toBe(120);
  }
});

it('a job that is to start later waits for its time, and then for its slot', async () => {
  const stage = new DispatchStage({ settings: { maxParallelJobsPerGroup: 1 } });
  const acme = stage.group('acme', { taskMs: () => 1_000 });
  const startMs = stage.nowMs;
  const later = await stage.submit({ taskGroup: 'acme', delaySeconds: 120, priority: 'low' }, [{}]);
  const far = await stage.submit({ taskGroup: 'acme', runAt: new Date(startMs + 3 * day * 1_000).toISOString() }, [{}]);
  await stage.pass(100);
  expect(acme.runs).toEqual([]);
  const now = await stage.submit(
    { taskGroup: 'acme' },
    Array.from({ length: 200 }, () => ({})),
  );
  expect(await stage.end([later, now], 600)).toEqual(['COMPLETED', 'COMPLETED']);
  expect(stage.watch.started.map(({ job }) => job)).toEqual([now, later]);
  await stage.leap(3 * day - (stage.nowMs - startMs) / 1_000 - 30);
  expect(await stage.end([far], 200)).toEqual(['COMPLETED']);
  const waited = ((acme.runsOf(far, 1)[0]?.atMs ?? 0) - startMs) / 1_000;
  expect(waited).toBeGreaterThanOrEqual(3 * day);
  expect(waited).toBeLessThan(3 * day + 20);
});

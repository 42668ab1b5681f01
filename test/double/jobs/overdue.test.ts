/** Tasks nobody hears of any more, and jobs whose time is over: no job runs for ever. */
import { describe, expect, it } from 'vitest';
import { DispatchStage } from './dispatch-stage.ts';
import { countsOf, differences, jobRow, taskRow } from './recount.ts';

const tasks = (count: number) => Array.from({ length: count }, () => ({}));

describe('a task that is never heard of', () => {
  it('has failed after its own time, and its job ends', async () => {
    const stage = new DispatchStage();
    stage.group('acme', { ending: ({ n }) => (n === 3 ? 'silent' : 'done') });
    const startMs = stage.nowMs;
    const job = await stage.submit({ taskGroup: 'acme' }, [{}, {}, { timeoutSeconds: 300 }, { timeoutSeconds: 600 }, {}]);
    expect(await stage.end([job], 900)).toEqual(['FAILED']);
    expect((stage.nowMs - startMs) / 1_000).toBeLessThan(420);
    expect(taskRow(stage.aws, job, 3)).toMatchObject({ status: 'failed', error: { class: 'RESOURCE' } });
    expect(differences(stage.aws, job)).toEqual([]);
  });

  it('has failed when its queue keeps it no longer, without a time of its own', async () => {
    const stage = new DispatchStage();
    stage.group('acme', { ending: ({ n }) => (n === 2 ? 'silent' : 'done'), retentionSeconds: 4 * 3_600 });
    const job = await stage.submit({ taskGroup: 'acme', maxFailures: 1 }, tasks(200));
    await stage.pass(3 * 3_600);
    expect(jobRow(stage.aws, job).status).toBe('RUNNING');
    expect(await stage.end([job], 2 * 3_600)).toEqual(['COMPLETED']);
    expect(countsOf(stage.aws, job)).toMatchObject({ completed: 199, failed: 1 });
    expect(differences(stage.aws, job)).toEqual([]);
  });

  it('of a second life has failed in that life', async () => {
    const stage = new DispatchStage();
    stage.group('acme', { ending: ({ n, redrives }) => (n === 1 ? (redrives === 0 ? 'permanent' : 'silent') : 'done') });
    const job = await stage.submit({ taskGroup: 'acme' }, [{ timeoutSeconds: 120 }, {}, {}]);
    await stage.end([job], 300);
    await stage.retry(job);
    expect(await stage.end([job], 600)).toEqual(['FAILED']);
    expect(taskRow(stage.aws, job, 1)).toMatchObject({ status: 'failed', life: 1 });
    expect(differences(stage.aws, job)).toEqual([]);
  });

  it('is waited for longer than anything is kept for, where it has the time', async () => {
    const stage = new DispatchStage({ settings: { jobRetentionDays: 1 } });
    stage.group('acme', { ending: () => 'silent' });
    const job = await stage.submit({ taskGroup: 'acme' }, [{ timeoutSeconds: 60 * 86_400 }]);
    await stage.pass(60);
    for (let day = 0; day < 60; day += 1) {
      await stage.leap(86_400);
      stage.aws.dynamodb.expire();
    }
    expect(await stage.end([job], 600)).toEqual(['FAILED']);
    expect(differences(stage.aws, job)).toEqual([]);
  });

  it('among hundreds that were sent one by one has failed soon, within the time of the dispatcher', async () => {
    const stage = new DispatchStage({ aws: { latencyMs: { min: 50, max: 70 } }, settings: { functions: ['work'] } });
    stage.function('work', { ending: () => 'silent' });
    const silent = Array.from({ length: 500 }, () => ({ timeoutSeconds: 60 }));
    const job = await stage.submit({ function: 'work', batchSize: 1, maxOutstanding: 500, maxRetries: 0 }, silent);
    await stage.pass(50);
    // Nobody looks before all of them are overdue.
    stage.mishaps = { ...stage.mishaps, hintLost: 1 };
    await stage.pass(120);
    stage.mishaps = { ...stage.mishaps, hintLost: 0 };
    expect(await stage.end([job], 600)).toEqual(['FAILED']);
    expect(stage.dispatcher.tally).toMatchObject({ timedOut: 0, error: 0 });
    expect(differences(stage.aws, job)).toEqual([]);
  });

  it('and reports after all changes nothing', async () => {
    const stage = new DispatchStage();
    stage.group('acme', { taskMs: ({ n }) => (n === 1 ? 400_000 : 100) });
    const job = await stage.submit({ taskGroup: 'acme' }, [{ timeoutSeconds: 60 }, {}]);
    expect(await stage.end([job], 300)).toEqual(['FAILED']);
    await stage.pass(600);
    expect(differences(stage.aws, job)).toEqual([]);
    expect(taskRow(stage.aws, job, 1)?.status).toBe('failed');
  });
});

describe('a job whose time is over', () => {
  it('has failed with all that had not ended, sent or not, later or running', async () => {
    const stage = new DispatchStage();
    const acme = stage.group('acme', { concurrency: 2, taskMs: () => 1_000 });
    const startMs = stage.nowMs;
    const job = await stage.submit({ taskGroup: 'acme', timeoutSeconds: 60 }, [
      ...tasks(1_500),
      { delaySeconds: 30 },
      { delaySeconds: 3_600 },
    ]);
    expect(await stage.end([job], 300)).toEqual(['FAILED']);
    expect((stage.nowMs - startMs) / 1_000).toBeLessThan(60 + 30 + 70);
    const { completed, failed } = countsOf(stage.aws, job);
    expect(completed + failed).toBe(1_502);
    expect(completed).toBeGreaterThan(50);
    // Nothing was begun after it.
    expect(acme.runs.every(({ atMs }) => atMs < startMs + 62_000)).toBe(true);
    expect(differences(stage.aws, job)).toEqual([]);
    await stage.pass(7_200);
    expect(acme.runs.length).toBe(completed);
  });

  it('may have them tried again: each once, within a queue as deep as ever', async () => {
    const stage = new DispatchStage();
    const acme = stage.group('acme', { concurrency: 2, taskMs: () => 1_000 });
    const job = await stage.submit({ taskGroup: 'acme', timeoutSeconds: 400 }, [
      ...tasks(1_000),
      { delaySeconds: 120 },
      { delaySeconds: 3_600 },
    ]);
    expect(await stage.end([job], 600)).toEqual(['FAILED']);
    let deepest = 0;
    stage.aws.clock.every(1_000, () => {
      deepest = Math.max(deepest, acme.queue.size);
    });
    const before = countsOf(stage.aws, job);
    acme.plan = { ...acme.plan, taskMs: () => 400 };
    await stage.retry(job);
    expect(await stage.end([job], 900)).toEqual(['COMPLETED']);
    expect(acme.runs.filter(({ redrives }) => redrives === 1)).toHaveLength(before.failed);
    expect(deepest).toBeLessThanOrEqual(110);
    expect(differences(stage.aws, job)).toEqual([]);
  });

  it('on a function has failed, too, and none of it is tried again', async () => {
    const stage = new DispatchStage({ settings: { functions: ['work'] } });
    const work = stage.function('work', { taskMs: () => 10_000, ending: () => ({ status: 'failed', message: 'no' }) });
    const job = await stage.submit({ function: 'work', timeoutSeconds: 45, maxOutstanding: 4, maxRetries: 100 }, tasks(50));
    expect(await stage.end([job], 300)).toEqual(['FAILED']);
    const runs = work.runs.length;
    await stage.pass(7_200);
    expect(work.runs.length).toBe(runs);
    expect(differences(stage.aws, job)).toEqual([]);
  });
});

/** Jobs whose failed tasks are tried again: those and no others, in a life of their own, as often as somebody asks. */
import { describe, expect, it } from 'vitest';
import { DispatchStage } from './dispatch-stage.ts';
import { countsOf, differences, jobRow, outboxOf } from './recount.ts';

const tasks = (count: number) => Array.from({ length: count }, () => ({}));

describe('a job on a task group', () => {
  it.each([
    ['few of many', 200, (n: number) => n % 40 === 7],
    ['the last one alone', 120, (n: number) => n === 120],
    ['all', 60, () => true],
  ])('has %s of its tasks tried again, and ends', async (_which, total, fails) => {
    const stage = new DispatchStage();
    const failing = { is: true };
    const acme = stage.group('acme', { taskMs: () => 200, ending: ({ n }) => (failing.is && fails(n) ? 'permanent' : 'done') });
    const job = await stage.submit({ taskGroup: 'acme' }, tasks(total));
    expect(await stage.end([job], 900)).toEqual(['FAILED']);
    const failed = countsOf(stage.aws, job).failed;
    failing.is = false;

    const runs = acme.runs.length;
    expect(await stage.retry(job)).toBe(true);
    expect(await stage.end([job], 900)).toEqual(['COMPLETED']);
    const again = acme.runs.slice(runs);
    expect(again.map(({ n }) => n).sort((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, i) => i + 1).filter(fails));
    expect(again.every(({ redrives }) => redrives === 1)).toBe(true);
    expect(again).toHaveLength(failed);
    expect(outboxOf(stage.aws).map(({ life, status }) => [life, status])).toEqual([
      [0, 'FAILED'],
      [1, 'COMPLETED'],
    ]);
    expect(differences(stage.aws, job)).toEqual([]);
  });

  it('is tried again twice, and twice at once counts once', async () => {
    const stage = new DispatchStage();
    const acme = stage.group('acme', { taskMs: () => 100, ending: ({ n, redrives }) => (n <= 3 && redrives < n ? 'permanent' : 'done') });
    const job = await stage.submit({ taskGroup: 'acme', maxFailures: 0 }, tasks(30));
    await stage.end([job], 600);
    const row = jobRow(stage.aws, job);
    const both = await stage.wait(Promise.all([stage.services.jobs.retry(row), stage.services.jobs.retry(row)]));
    expect(both.toSorted()).toEqual([false, true]);
    await stage.wait(stage.services.hints.schedule());
    expect(await stage.end([job], 600)).toEqual(['FAILED']);
    await stage.retry(job);
    expect(await stage.end([job], 600)).toEqual(['FAILED']);
    await stage.retry(job);
    expect(await stage.end([job], 600)).toEqual(['COMPLETED']);
    expect([1, 2, 3, 4].map((n) => acme.runs.filter((run) => run.n === n).length)).toEqual([2, 3, 4, 1]);
    expect(differences(stage.aws, job)).toEqual([]);
  });

  it('waits again for a slot, behind who waits already', async () => {
    const stage = new DispatchStage({ settings: { maxParallelJobsPerGroup: 1 } });
    stage.group('acme', { taskMs: () => 1_000, ending: ({ redrives }) => (redrives === 0 ? 'permanent' : 'done') });
    const first = await stage.submit({ taskGroup: 'acme' }, tasks(5));
    await stage.end([first], 600);
    const second = await stage.submit({ taskGroup: 'acme', maxFailures: 20 }, tasks(20));
    await stage.pass(2);
    await stage.retry(first);
    const third = await stage.submit({ taskGroup: 'acme', maxFailures: 20 }, tasks(5));
    expect(await stage.end([first, second, third], 900)).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED']);
    expect(stage.watch.started.map(({ job }) => job)).toEqual([first, second, first, third]);
    expect(stage.watch.wrong).toEqual([]);
  });
});

describe('a job on a function', () => {
  it('has its failed tasks tried again, with attempts of their own', async () => {
    const stage = new DispatchStage({ settings: { functions: ['work'] } });
    const work = stage.function('work', {
      taskMs: () => 300,
      ending: ({ n, invocation }) =>
        n % 10 === 1 && invocation.attempt === 1 && work.runs.filter((run) => run.n === n).length < 2
          ? { status: 'failed', class: 'DATA', message: 'bad' }
          : { status: 'done', result: n },
    });
    const job = await stage.submit({ function: 'work' }, tasks(45));
    expect(await stage.end([job], 900)).toEqual(['FAILED']);
    expect(countsOf(stage.aws, job)).toMatchObject({ completed: 40, failed: 5 });
    await stage.retry(job);
    expect(await stage.end([job], 900)).toEqual(['COMPLETED']);
    expect(work.runs).toHaveLength(50);
    expect(differences(stage.aws, job)).toEqual([]);
  });
});

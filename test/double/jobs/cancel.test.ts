/** Cancelling a job in each of its phases: what has not started never runs, its slot is free, and its end is told once. */
import { describe, expect, it } from 'vitest';
import { DispatchStage } from './dispatch-stage.ts';
import { countsOf, jobRow, outboxOf, slotsOf, waitingOf } from './recount.ts';

const tasks = (count: number) => Array.from({ length: count }, () => ({}));

function expectCancelled(stage: DispatchStage, job: string): void {
  expect(jobRow(stage.aws, job).status).toBe('CANCELLED');
  expect(outboxOf(stage.aws).map((event) => [event.job, event.status])).toContainEqual([job, 'CANCELLED']);
  expect(slotsOf(stage.aws).running).not.toHaveProperty(job);
  expect(waitingOf(stage.aws)).not.toContain(job);
  expect(stage.watch.wrong).toEqual([]);
}

describe('a job that is cancelled', () => {
  it('before its time', async () => {
    const stage = new DispatchStage();
    const acme = stage.group('acme');
    const job = await stage.submit({ taskGroup: 'acme', delaySeconds: 300 }, tasks(5));
    await stage.pass(10);
    expect(await stage.cancel(job)).toBe(true);
    await stage.pass(600);
    expectCancelled(stage, job);
    expect(acme.runs).toEqual([]);
  });

  it('while it waits for a slot', async () => {
    const stage = new DispatchStage({ settings: { maxParallelJobsPerGroup: 1 } });
    const acme = stage.group('acme');
    const first = await stage.submit({ taskGroup: 'acme' }, tasks(200));
    const second = await stage.submit({ taskGroup: 'acme' }, tasks(5));
    await stage.pass(5);
    expect(await stage.cancel(second)).toBe(true);
    await stage.end([first], 600);
    expectCancelled(stage, second);
    expect(acme.runs.every(({ job }) => job === first)).toBe(true);
  });

  it('while it is being sent: what is on the queue never runs, and the next one starts', async () => {
    const stage = new DispatchStage({ settings: { maxParallelJobsPerGroup: 1 } });
    const acme = stage.group('acme', { taskMs: () => 2_000 });
    const first = await stage.submit({ taskGroup: 'acme' }, tasks(1_000));
    const second = await stage.submit({ taskGroup: 'acme' }, tasks(5));
    await stage.pass(30);
    expect(await stage.cancel(first)).toBe(true);
    const begun = acme.runs.length;
    expect(begun).toBeGreaterThan(20);
    expect(await stage.end([second], 60)).toEqual(['COMPLETED']);
    expectCancelled(stage, first);
    // One had looked, and began right then.
    expect(acme.runs.filter(({ job }) => job === first).length).toBeLessThanOrEqual(begun + 1);
    expect(acme.queue.size).toBe(0);
    // What had begun ends, and is on record.
    expect(countsOf(stage.aws, first).completed).toBe(acme.runs.filter(({ job }) => job === first).length);
  });

  it('with tasks for later and a last one running', async () => {
    const stage = new DispatchStage();
    const acme = stage.group('acme', { taskMs: () => 20_000 });
    const job = await stage.submit({ taskGroup: 'acme' }, [{}, { delaySeconds: 60 }, { delaySeconds: 86_400 }]);
    await stage.pass(10);
    expect(await stage.cancel(job)).toBe(true);
    await stage.pass(2 * 86_400);
    expectCancelled(stage, job);
    expect(acme.runs.map(({ n }) => n)).toEqual([1]);
  });

  it('on a function: what was invoked may end, and nothing else is', async () => {
    const stage = new DispatchStage({ settings: { functions: ['work'] } });
    const work = stage.function('work', { taskMs: () => 5_000 });
    const job = await stage.submit({ function: 'work', maxOutstanding: 10 }, tasks(100));
    await stage.pass(7);
    expect(await stage.cancel(job)).toBe(true);
    const invoked = work.runs.length;
    await stage.pass(3_600);
    expectCancelled(stage, job);
    expect(work.runs.length).toBeLessThanOrEqual(invoked + 10);
    expect(countsOf(stage.aws, job).completed).toBe(work.runs.length);
  });

  it('and one that has ended already is not', async () => {
    const stage = new DispatchStage();
    stage.group('acme');
    const job = await stage.submit({ taskGroup: 'acme' }, tasks(2));
    expect(await stage.end([job], 60)).toEqual(['COMPLETED']);
    expect(await stage.cancel(job)).toBe(false);
    expect(outboxOf(stage.aws)).toHaveLength(1);
  });
});

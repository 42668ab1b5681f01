/** What happens to a job whose group changes under it: paused, removed, made larger or smaller, or never there. */
import { describe, expect, it } from 'vitest';
import { DispatchStage } from './dispatch-stage.ts';
import { countsOf, differences, jobRow, outboxOf, slotsOf } from './recount.ts';
import { tables } from './resources.ts';

const tasks = (count: number) => Array.from({ length: count }, () => ({}));

describe('a group', () => {
  it('that is paused holds its job, which says so, with little on the queue; resumed, it goes on', async () => {
    const stage = new DispatchStage();
    const acme = stage.group('acme', { concurrency: 5, taskMs: () => 500 });
    const job = await stage.submit({ taskGroup: 'acme' }, tasks(1_000));
    await stage.pass(30);
    acme.paused = true;
    stage.pipeline('acme', { phase: 'Paused', updatedAt: new Date(stage.nowMs).toISOString() });
    await stage.pass(1_800);
    expect(acme.queue.size).toBeLessThanOrEqual(120);
    expect(jobRow(stage.aws, job)).toMatchObject({ status: 'RUNNING', warnings: [expect.stringContaining('Paused')] });
    stage.pipeline('acme', { phase: 'Active' });
    acme.resume();
    expect(await stage.end([job], 300)).toEqual(['COMPLETED']);
    expect(differences(stage.aws, job)).toEqual([]);
  });

  it('that is removed while it drains keeps what is on its queue, and its job fails when that is done', async () => {
    const stage = new DispatchStage({ settings: { maxParallelJobsPerGroup: 1 } });
    const acme = stage.group('acme', { concurrency: 5, taskMs: () => 500 });
    const job = await stage.submit({ taskGroup: 'acme' }, tasks(1_000));
    const next = await stage.submit({ taskGroup: 'acme' }, tasks(10));
    await stage.pass(30);
    stage.aws.dynamodb.delete(tables.config, { taskGroup: 'acme' });
    stage.pipeline('acme', { phase: 'Draining' });
    expect(await stage.end([job, next], 300)).toEqual(['FAILED', 'FAILED']);
    expect(acme.queue.size).toBe(0);
    const { completed, failed } = countsOf(stage.aws, job);
    expect(completed).toBe(acme.runs.filter((run) => run.job === job).length);
    expect(failed).toBe(0);
    expect(jobRow(stage.aws, job).failure).toBe(`the task group acme was removed: ${1_000 - completed} of its tasks had not ended`);
    expect(outboxOf(stage.aws).map((event) => event.event)).toEqual([`${job}_0_failed`, `${next}_0_failed`]);
    expect(stage.resources.queues.events.messages().map(({ body }) => JSON.parse(body).event)).toContain(`${job}_0_failed`);
    expect(slotsOf(stage.aws).running).toEqual({});
  });

  it('that is gone with what was on its queue has its job fail soon, and says what was lost', async () => {
    const stage = new DispatchStage();
    const acme = stage.group('acme', { concurrency: 5, taskMs: () => 5_000 });
    const job = await stage.submit({ taskGroup: 'acme' }, tasks(40));
    await stage.pass(8);
    acme.paused = true;
    acme.queue.purge();
    stage.aws.dynamodb.delete(tables.config, { taskGroup: 'acme' });
    stage.aws.dynamodb.delete(tables.pipelines, { taskGroup: 'acme' });
    expect(await stage.end([job], 300)).toEqual(['FAILED']);
    expect(jobRow(stage.aws, job).failure).toContain('the task group acme was removed');
  });

  it('that comes again has the rest of a failed job sent, once each, by a retry', async () => {
    const stage = new DispatchStage();
    const acme = stage.group('acme', {
      concurrency: 5,
      taskMs: () => 500,
      ending: ({ n, redrives }) => (n === 1 && redrives === 0 ? 'permanent' : 'done'),
    });
    const job = await stage.submit({ taskGroup: 'acme' }, tasks(600));
    await stage.pass(20);
    const item = stage.aws.dynamodb.read(tables.config, { taskGroup: 'acme' }) ?? {};
    stage.aws.dynamodb.delete(tables.config, { taskGroup: 'acme' });
    stage.pipeline('acme', { phase: 'Draining' });
    expect(await stage.end([job], 300)).toEqual(['FAILED']);
    const { completed } = countsOf(stage.aws, job);
    stage.aws.dynamodb.put(tables.config, item);
    stage.pipeline('acme', { phase: 'Active' });
    await stage.retry(job);
    let deepest = 0;
    stage.aws.clock.every(1_000, () => {
      deepest = Math.max(deepest, acme.queue.size);
    });
    expect(await stage.end([job], 300)).toEqual(['COMPLETED']);
    expect(acme.runs).toHaveLength(601);
    expect(acme.runs.filter(({ redrives }) => redrives === 1)).toHaveLength(600 - completed);
    expect(deepest).toBeLessThan(250);
    expect(differences(stage.aws, job)).toEqual([]);
  });

  it('whose limits change has more, or less, of its job on the queue', async () => {
    const stage = new DispatchStage();
    const acme = stage.group('acme', { concurrency: 2, taskMs: () => 500 });
    const job = await stage.submit({ taskGroup: 'acme' }, tasks(5_000));
    await stage.pass(60);
    const change = (concurrency: number) => {
      acme.plan = { ...acme.plan, concurrency };
      const effective = { concurrency, batch: { size: 1 }, queue: { fifo: false, messageRetention: 1_209_600 } };
      stage.pipeline('acme', { effective });
    };
    const runsOf = async (seconds: number) => {
      const from = acme.runs.length;
      await stage.pass(seconds);
      return acme.runs.length - from;
    };
    const before = await runsOf(30);
    change(20);
    await stage.pass(60);
    expect(await runsOf(30)).toBeGreaterThan(before * 7);
    change(1);
    await stage.pass(120);
    expect(acme.queue.size).toBeLessThan(150);
    change(20);
    expect(await stage.end([job], 900)).toEqual(['COMPLETED']);
  });

  it('whose pipeline is not there yet is waited for', async () => {
    const stage = new DispatchStage();
    const acme = stage.group('acme');
    const row = stage.aws.dynamodb.read(tables.pipelines, { taskGroup: 'acme' }) ?? {};
    stage.aws.dynamodb.delete(tables.pipelines, { taskGroup: 'acme' });
    const job = await stage.submit({ taskGroup: 'acme' }, tasks(5));
    await stage.pass(200);
    expect(acme.runs).toEqual([]);
    expect(jobRow(stage.aws, job)).toMatchObject({ status: 'RUNNING', warnings: [expect.stringContaining('not there yet')] });
    stage.aws.dynamodb.put(tables.pipelines, row);
    expect(await stage.end([job], 90)).toEqual(['COMPLETED']);
  });
});

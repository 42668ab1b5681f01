/** What people do to a placed job: cancel, release, retry, change it, find it bad. Each holds in whichever step it is. */
import { describe, expect, it } from 'vitest';
import { placedPipeline, stepSortKey, taskKey } from '../../../lambdas/contract/task-table.ts';
import { jobTaskId } from '../../../lambdas/contract/task-wire.ts';
import { isPlaced } from '../../../lambdas/domain/placement/placed-job.ts';
import { tables } from '../jobs/resources.ts';
import type { Work } from './placed-worker.ts';
import { PlacementStage } from './placement-stage.ts';

const statesOf = (stage: PlacementStage, job: string) => stage.watch.told.filter((told) => told.job === job).map(({ state }) => state);

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

  it('forget its steps from one on, for the next attempt to run again', async () => {
    const stage = new PlacementStage();
    const job = await stage.submit({ steps: ['a', 'b', 'c'] });
    const pk = taskKey(placedPipeline, jobTaskId(job, 1));
    for (const [i, name] of ['a', 'b', 'c'].entries())
      stage.aws.dynamodb.put(tables.tasks, { pk, sk: stepSortKey(name), json: '1', recordedAtMs: i, expiresAt: 4_000_000_000 });
    const row = stage.row(job);
    if (!isPlaced(row)) throw new Error('it states no needs');
    expect(await stage.wait(stage.services.placement.forgetSteps(row, 'z'))).toBe(false);
    expect(await stage.wait(stage.services.placement.forgetSteps(row, 'b'))).toBe(true);
    expect(
      stage.aws.dynamodb
        .table(tables.tasks)
        .partition(pk)
        .map(({ sk }) => sk),
    ).toEqual([stepSortKey('a')]);
  });
});

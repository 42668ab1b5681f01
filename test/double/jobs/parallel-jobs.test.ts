/** Which jobs run at once: as many as may, in their order, and the next as soon as there is room. */
import { describe, expect, it } from 'vitest';
import type { Priority } from '../../../lambdas/contract/job.ts';
import { DispatchStage } from './dispatch-stage.ts';
import { differences, slotsOf } from './recount.ts';

const tasks = (count: number) => Array.from({ length: count }, () => ({}));

describe('jobs', () => {
  it('20 at once on four groups: no more at once than may, each in its turn', async () => {
    const stage = new DispatchStage({ settings: { maxParallelJobs: 6, maxParallelJobsPerGroup: 2 } });
    for (let i = 0; i < 4; i += 1) stage.group(`group-${i}`, { concurrency: 4, taskMs: () => 300 });
    const jobs: string[] = [];
    for (let i = 0; i < 20; i += 1) jobs.push(await stage.submit({ taskGroup: `group-${i % 4}` }, tasks(30)));
    expect(await stage.end(jobs, 600)).toEqual(jobs.map(() => 'COMPLETED'));
    expect(stage.watch.most).toEqual({ running: 6, perTarget: 2 });
    expect(stage.watch.wrong).toEqual([]);
    for (let i = 0; i < 4; i += 1) {
      const inOrder = jobs.filter((_, n) => n % 4 === i);
      expect(stage.watch.started.map(({ job }) => job).filter((job) => inOrder.includes(job))).toEqual(inOrder);
    }
    for (const job of jobs) expect(differences(stage.aws, job)).toEqual([]);
    expect(slotsOf(stage.aws).running).toEqual({});
  });

  it('start by priority, then in the order they came; the next within a second or two of an end', async () => {
    const stage = new DispatchStage({ settings: { maxParallelJobsPerGroup: 1 } });
    stage.group('acme', { concurrency: 10, taskMs: () => 300 });
    const wishes: Priority[] = ['normal', 'low', 'normal', 'critical', 'high', 'critical', 'low'];
    const jobs: string[] = [];
    for (const priority of wishes) {
      jobs.push(await stage.submit({ taskGroup: 'acme', priority }, tasks(20)));
      if (jobs.length === 1) await stage.runUntil(() => stage.watch.started.length > 0, 10);
    }
    await stage.end(jobs, 600);
    const order = [0, 3, 5, 4, 2, 1, 6].map((i) => jobs[i]);
    expect(stage.watch.started.map(({ job }) => job)).toEqual(order);
    for (const [i, { atMs }] of stage.watch.started.slice(1).entries())
      expect(atMs - (stage.watch.ended[i]?.atMs ?? 0)).toBeLessThan(2_000);
  });

  it('whose target is full let others pass', async () => {
    const stage = new DispatchStage({ settings: { maxParallelJobsPerGroup: 1 } });
    stage.group('slow', { concurrency: 1, taskMs: () => 10_000 });
    stage.group('quick');
    const slow = [
      await stage.submit({ taskGroup: 'slow' }, tasks(5)),
      await stage.submit({ taskGroup: 'slow', priority: 'critical' }, tasks(1)),
    ];
    const quick = await stage.submit({ taskGroup: 'quick', priority: 'low' }, tasks(3));
    expect(await stage.end([quick], 10)).toEqual(['COMPLETED']);
    expect(await stage.end(slow, 200)).toEqual(['COMPLETED', 'COMPLETED']);
  });

  it('start within minutes of an end though the hint, and who held the lease, are lost', async () => {
    for (let seed = 1; seed <= 8; seed += 1) {
      const stage = new DispatchStage({ seed, settings: { maxParallelJobsPerGroup: 1 } });
      stage.group('acme', { concurrency: 5, taskMs: () => 300 });
      const jobs: string[] = [];
      for (let i = 0; i < 4; i += 1) jobs.push(await stage.submit({ taskGroup: 'acme' }, tasks(10)));
      stage.mishaps = { ...stage.mishaps, hintLost: 0.3, diesAtCall: 0.01 };
      await stage.end(jobs, 4_000);
      expect(stage.watch.started.map(({ job }) => job)).toEqual(jobs);
      for (const [i, { atMs }] of stage.watch.started.slice(1).entries())
        expect((atMs - (stage.watch.ended[i]?.atMs ?? 0)) / 1_000).toBeLessThan(300);
      for (const job of jobs) expect(differences(stage.aws, job)).toEqual([]);
      expect(stage.watch.wrong).toEqual([]);
    }
  });
});

/** Which jobs run at once: as many as may, in their order, and the next as soon as there is room. */
import { describe, expect, it } from 'vitest';
import type { Priority } from '../../../lambdas/contract/job.ts';
import { customerKey, overallKey } from '../../../lambdas/contract/placement-table.ts';
import { DispatchStage } from './dispatch-stage.ts';
import { differences, slotsOf } from './recount.ts';
import { tables } from './resources.ts';

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

  it('of a customer run no more at once than it may; those of others pass, and more start when it may have more', async () => {
    const stage = new DispatchStage();
    for (const name of ['a', 'b', 'c', 'd']) stage.group(name, { concurrency: 1, taskMs: () => 20_000 });
    const limits = { maxJobs: 10, ageingSeconds: 3_600, reserveAfterSeconds: 900, jobs: 0, revision: 1 };
    stage.aws.dynamodb.put(tables.jobs, { ...overallKey, ...limits, perCustomerMaxJobs: 3 });
    const allow = (maxJobs: number) => stage.aws.dynamodb.put(tables.jobs, { ...customerKey('acme'), customer: 'acme', maxJobs });
    allow(1);
    const ofAcme: string[] = [];
    for (const taskGroup of ['a', 'b', 'c']) ofAcme.push(await stage.submit({ taskGroup, customer: 'acme' }, tasks(3)));
    const ofBeta = await stage.submit({ taskGroup: 'd', customer: 'beta', priority: 'low' }, tasks(3));
    await stage.pass(10);
    expect(stage.watch.started.map(({ job }) => job)).toEqual([ofAcme[0], ofBeta]);
    allow(2);
    await stage.wait(stage.services.hints.schedule());
    await stage.pass(2);
    expect(stage.watch.started.map(({ job }) => job)).toEqual([ofAcme[0], ofBeta, ofAcme[1]]);
    expect(await stage.end([...ofAcme, ofBeta], 300)).toEqual(Array.from({ length: 4 }, () => 'COMPLETED'));
    expect(stage.watch.mostOf.get('acme')).toBe(2);
    const again = await stage.submit({ taskGroup: 'a', customer: 'acme', delaySeconds: 30 }, tasks(1));
    await stage.end([again], 120);
    expect(stage.watch.wrong).toEqual([]);
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

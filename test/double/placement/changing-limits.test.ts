/** Pools and limits that change while jobs run: what is new holds at once, and what runs is left to end. */
import { describe, expect, it } from 'vitest';
import { customerLimitsKey, overallLimitsKey } from '../../../lambdas/contract/placement.ts';
import { PlacementStage } from './placement-stage.ts';

describe('pools and limits that change', () => {
  const runs = (stage: PlacementStage, pool?: string) =>
    [...stage.watch.leases.values()].filter((lease) => pool === undefined || lease.pool === pool).length;
  const busy = async (jobs: number, request: Parameters<PlacementStage['submit']>[0] = {}) => {
    const stage = new PlacementStage();
    await stage.pool('west', { maxJobs: 20, workMs: () => 600_000, concurrency: 20 });
    for (let n = 0; n < jobs; n += 1) await stage.submit(request);
    await stage.pass(3);
    return stage;
  };

  it('hold at once: the one over all, raised and lowered', async () => {
    const stage = await busy(16);
    expect(runs(stage)).toBe(10);
    await stage.limits(overallLimitsKey, { maxJobs: 14 });
    await stage.pass(2);
    expect(runs(stage)).toBe(14);
    await stage.limits(overallLimitsKey, { maxJobs: 3 });
    const [first] = stage.watch.leases.keys();
    await stage.ask((placement) => placement.cancel(first ?? ''));
    await stage.pass(2);
    expect(runs(stage)).toBe(13);
    expect(stage.watch.wrong).toEqual([]);
  });

  it('hold at once: those of customers, and of all that have none of their own', async () => {
    const stage = await busy(6, { customer: 'acme' });
    for (const customer of ['zeta', 'zeta', 'zeta', 'none']) await stage.submit({ customer });
    await stage.pass(2);
    await stage.limits(overallLimitsKey, { maxJobs: 100, perCustomer: { maxJobs: 1 } });
    await stage.limits(customerLimitsKey('acme'), { maxJobs: 3 });
    await stage.limits(customerLimitsKey('zeta'), { maxJobs: 2 });
    await stage.pass(2);
    const of = (name: string) => [...stage.watch.leases.values()].filter(({ customer }) => customer === name).length;
    // What ran before goes on.
    expect([of('acme'), of('zeta'), of('none')]).toEqual([6, 3, 1]);
    for (const { job, customer } of [...stage.watch.leases.values()])
      if (customer !== 'acme') await stage.ask((placement) => placement.cancel(job));
    for (const customer of ['zeta', 'zeta', 'zeta', 'none', 'none', 'acme']) await stage.submit({ customer });
    await stage.pass(2);
    expect([of('acme'), of('zeta'), of('none')]).toEqual([6, 2, 1]);
    expect(stage.watch.wrong).toEqual([]);
  });

  it('hold at once of jobs that name a task group, which nobody looks at otherwise', async () => {
    const stage = new PlacementStage();
    await stage.limits(overallLimitsKey, {});
    await stage.limits(customerLimitsKey('acme'), { maxJobs: 0 });
    await stage.pass(2);
    await stage.ordered('shop', 'acme');
    await stage.pass(10);
    expect(stage.row('ordered').status).toBe('PENDING');
    await stage.limits(customerLimitsKey('acme'), { maxJobs: 1 });
    await stage.pass(2);
    // There is no such group: what counts is that it was let start.
    expect(stage.row('ordered').startedAtMs).toBeDefined();
  });

  it('a smaller pool finishes what runs and takes nothing new until it fits', async () => {
    const stage = await busy(12);
    await stage.limits(overallLimitsKey, { maxJobs: 100 });
    await stage.pool('west', { maxJobs: 5, workMs: () => 600_000, concurrency: 20 });
    await stage.pass(2);
    expect(runs(stage)).toBeGreaterThanOrEqual(10);
    const before = runs(stage);
    for (const job of [...stage.watch.leases.keys()].slice(0, before - 5)) await stage.ask((placement) => placement.cancel(job));
    await stage.submit({});
    await stage.pass(2);
    expect(runs(stage)).toBe(5);
    const [one] = stage.watch.leases.keys();
    await stage.ask((placement) => placement.cancel(one ?? ''));
    await stage.pass(2);
    expect(runs(stage)).toBe(5);
    expect(stage.watch.wrong).toEqual([]);
  });

  it('a closed pool drains', async () => {
    const stage = await busy(4);
    await stage.pool('west', { maxJobs: 20, open: false });
    await stage.submit({});
    await stage.pass(40);
    expect(runs(stage)).toBe(4);
  });

  it('a removed pool hands back what nobody has begun, and what runs there ends', async () => {
    const stage = new PlacementStage();
    const west = await stage.pool('west', { maxJobs: 3, concurrency: 1, workMs: () => 20_000 });
    for (let n = 0; n < 3; n += 1) await stage.submit({});
    await stage.pass(3);
    expect(runs(stage, 'west')).toBe(3);
    await stage.removePool('west');
    await stage.pass(2);
    expect(runs(stage, 'west')).toBe(1);
    const east = await stage.pool('east', { maxJobs: 3 });
    await stage.endAll(90);
    expect(stage.statuses()).toEqual(Array(3).fill('COMPLETED'));
    expect([west.works.length, east.works.length]).toEqual([1, 2]);
    await stage.pass(65);
    expect(await stage.wait(stage.services.placement.pool('west'))).toBeUndefined();
    expect(stage.leftOver()).toEqual([]);
  });

  it('a pool whose queue is FIFO gets its jobs, too', async () => {
    const stage = new PlacementStage();
    const west = await stage.pool('west', {
      maxJobs: 2,
      fifo: true,
      workMs: () => 1_000,
      ending: ({ failures }) => (failures === 0 ? 'transient' : 'done'),
    });
    for (let n = 0; n < 3; n += 1) await stage.submit({});
    await stage.endAll(120);
    expect(stage.statuses()).toEqual(Array(3).fill('COMPLETED'));
    expect(west.works).toHaveLength(6);
    expect(stage.leftOver()).toEqual([]);
  });
});

it.each(['a customer', 'a new pool'])('the hint of %s counts in a batch with a sweep, too', async (of) => {
  const stage = new PlacementStage({ mishaps: { hintLost: 1 } });
  const key = customerLimitsKey('acme');
  await stage.pool('west', { maxJobs: 1, workMs: () => 600_000 });
  await stage.limits(key, { maxJobs: of === 'a customer' ? 0 : 5 });
  await stage.wait(stage.call(stage.scheduler, { kind: 'pool', taskGroup: 'west' }, { kind: 'limits', key }));
  await stage.wait(stage.call(stage.scheduler, { kind: 'sweep' }));
  if (of === 'a new pool') await stage.submit({});
  const job = await stage.submit({ customer: 'acme' });
  await stage.wait(stage.call(stage.scheduler, { kind: 'sweep' }));
  expect(stage.row(job).status).toBe('PENDING');
  if (of === 'a customer') await stage.limits(key, { maxJobs: 1 });
  else await stage.pool('east', { maxJobs: 1, workMs: () => 600_000 });
  const hint = of === 'a customer' ? { kind: 'limits' as const, key } : { kind: 'pool' as const, taskGroup: 'east' };
  await stage.wait(stage.call(stage.scheduler, { kind: 'sweep' }, hint));
  expect(stage.row(job).status).toBe('RUNNING');
  expect(stage.watch.wrong).toEqual([]);
});

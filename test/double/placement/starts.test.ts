/** Starts at the same moment, decided by whoever on whatever he believes: the table lets as many through as the limits do. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { customerLimitsKey, overallLimitsKey } from '../../../lambdas/contract/placement.ts';
import { PlacementStage } from './placement-stage.ts';

interface Wish {
  cpu: number;
  customer: 'acme' | 'zeta' | undefined;
  pool: 'west' | 'east';
}

const anyWish: fc.Arbitrary<Wish> = fc.record({
  cpu: fc.integer({ min: 0, max: 3 }),
  customer: fc.constantFrom('acme', 'zeta', undefined),
  pool: fc.constantFrom('west', 'east'),
});

interface Limits {
  overall: number;
  perCustomer: number | null;
  acme: number | undefined;
  west: { maxJobs: number; cpu: number };
}

const anyLimits: fc.Arbitrary<Limits> = fc.record({
  overall: fc.integer({ min: 0, max: 8 }),
  perCustomer: fc.constantFrom(null, 0, 1, 3),
  acme: fc.constantFrom(undefined, 0, 2),
  west: fc.record({ maxJobs: fc.integer({ min: 1, max: 5 }), cpu: fc.integer({ min: 0, max: 6 }) }),
});

async function crowd(wishes: readonly Wish[], { overall, perCustomer, acme, west }: Limits, seed: number) {
  const stage = new PlacementStage({ seed, mishaps: { hintLost: 1 } });
  await stage.limits(overallLimitsKey, { maxJobs: overall, perCustomer: { maxJobs: perCustomer } });
  if (acme !== undefined) await stage.limits(customerLimitsKey('acme'), { maxJobs: acme });
  await stage.pool('west', { maxJobs: west.maxJobs, quantities: { cpu: west.cpu } });
  await stage.pool('east', { maxJobs: 4, quantities: { cpu: 5 } });
  await stage.wait(stage.call(stage.scheduler, { kind: 'sweep' }));
  for (const { cpu, customer } of wishes)
    await stage.submit({ needs: { quantities: { cpu } }, ...(customer === undefined ? {} : { customer }) });
  return stage;
}

/** Whether one more fits: the limits, written down once more. */
function fits(started: readonly Wish[], { cpu, customer, pool }: Wish, { overall, perCustomer, acme, west }: Limits): boolean {
  const there = started.filter((wish) => wish.pool === pool);
  const offer = pool === 'west' ? west : { maxJobs: 4, cpu: 5 };
  const most = customer === undefined ? null : customer === 'acme' && acme !== undefined ? acme : perCustomer;
  return (
    started.length < overall &&
    there.length < offer.maxJobs &&
    there.reduce((sum, wish) => sum + wish.cpu, cpu) <= (cpu === 0 ? Number.POSITIVE_INFINITY : offer.cpu) &&
    (most === null || started.filter((wish) => wish.customer === customer).length < most)
  );
}

it('pass no limit, leave nothing out that fits, and say of each what became of it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyWish, { minLength: 1, maxLength: 10 }), anyLimits, fc.nat(1_000_000), async (wishes, limits, seed) => {
      const stage = await crowd(wishes, limits, seed);
      const { placement } = stage.services;
      const pools = new Map((await stage.wait(placement.pools())).map((row) => [row.taskGroup, row]));
      const overall = await stage.wait(placement.overall());
      const start = async ({ pool: name }: Wish, i: number) => {
        const pool = pools.get(name);
        if (pool === undefined || overall === undefined) throw new Error('there are no limits');
        return placement.start({ job: { job: stage.jobs[i] ?? '', affinity: undefined }, pool, reason: 'only', overall });
      };
      // Each of them twice, all at once.
      const all = await stage.wait(Promise.all([...wishes, ...wishes].map((wish, i) => start(wish, i % wishes.length))));
      expect(stage.watch.wrong).toEqual([]);
      expect(stage.watch.recount()).toEqual([]);
      const started = wishes.filter((_, i) => stage.row(stage.jobs[i] ?? '').status === 'RUNNING');
      expect(all.filter(({ kind }) => kind === 'started')).toHaveLength(started.length);
      for (const [i, wish] of wishes.entries()) {
        const runs = stage.row(stage.jobs[i] ?? '').status === 'RUNNING';
        expect(!runs && fits(started, wish, limits), `${stage.jobs[i]} was left out`).toBe(false);
        expect((await stage.wait(start(wish, i))).kind).toBe(runs ? 'past' : 'full');
      }
    }),
    { numRuns: 60 },
  );
});

it('say which limit it was', async () => {
  const of = async (limits: Partial<Limits>, wishes: Wish[]) => {
    const all = { overall: 9, perCustomer: null, acme: undefined, west: { maxJobs: 2, cpu: 3 }, conflict: 0, ...limits };
    const stage = await crowd(wishes, all, 1);
    const { placement } = stage.services;
    const [pool, overall] = [await stage.wait(placement.pool('west')), await stage.wait(placement.overall())];
    const came: unknown[] = [];
    for (const job of stage.jobs)
      if (pool && overall)
        came.push(await stage.wait(placement.start({ job: { job, affinity: undefined }, pool, reason: 'only', overall })));
    return came.at(-1);
  };
  const wish: Wish = { cpu: 1, customer: 'acme', pool: 'west' };
  expect(await of({ overall: 1 }, [wish, wish])).toEqual({ kind: 'full', of: 'overall' });
  expect(await of({ acme: 1 }, [wish, wish])).toEqual({ kind: 'full', of: 'customer' });
  expect(await of({ perCustomer: 0 }, [wish])).toEqual({ kind: 'full', of: 'customer' });
  expect(await of({}, [wish, { ...wish, cpu: 3 }])).toEqual({ kind: 'full', of: 'pool' });
  expect(await of({}, [wish, wish, { ...wish, cpu: 0 }])).toEqual({ kind: 'full', of: 'pool' });
});

it('are refused where the pool or the limits are not what they were decided by', async () => {
  const stage = await crowd(
    [{ cpu: 1, customer: undefined, pool: 'west' }],
    { overall: 9, perCustomer: null, acme: undefined, west: { maxJobs: 2, cpu: 3 } },
    1,
  );
  const { placement } = stage.services;
  const [pool, overall] = [await stage.wait(placement.pool('west')), await stage.wait(placement.overall())];
  if (pool === undefined || overall === undefined) throw new Error('there are no limits');
  const start = (old: { pool: typeof pool; overall: typeof overall }) =>
    stage.wait(placement.start({ job: { job: stage.jobs[0] ?? '', affinity: undefined }, ...old, reason: 'only' }));
  expect(await start({ pool: { ...pool, revision: pool.revision - 1 }, overall })).toEqual({ kind: 'full', of: 'pool' });
  expect(await start({ pool, overall: { ...overall, revision: overall.revision - 1 } })).toEqual({ kind: 'full', of: 'overall' });
  expect(
    (await stage.wait(placement.start({ job: { job: stage.jobs[0] ?? '', affinity: { pool: 'x' } }, pool, overall, reason: 'only' }))).kind,
  ).toBe('past');
  expect((await start({ pool, overall })).kind).toBe('started');
});

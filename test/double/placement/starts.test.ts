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

/** What a start is decided by, as it is in the table now. */
async function offered(stage: PlacementStage) {
  const { placement } = stage.services;
  const pools = new Map((await stage.wait(placement.pools())).map((row) => [row.taskGroup, row]));
  const overall = await stage.wait(placement.overall());
  if (overall === undefined) throw new Error('there are no limits');
  const pool = (name: string) => {
    const row = pools.get(name);
    if (row === undefined) throw new Error(`there is no pool ${name}`);
    return row;
  };
  return { overall, pool };
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
      const { overall, pool: poolOf } = await offered(stage);
      const start = ({ pool }: Wish, i: number) =>
        placement.start({ job: { job: stage.jobs[i] ?? '', affinity: undefined }, pool: poolOf(pool), reason: 'only', overall });
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
  const { overall, pool: poolOf } = await offered(stage);
  const pool = poolOf('west');
  const start = (old: { pool: typeof pool; overall: typeof overall }) =>
    stage.wait(placement.start({ job: { job: stage.jobs[0] ?? '', affinity: undefined }, ...old, reason: 'only' }));
  expect(await start({ pool: { ...pool, revision: pool.revision - 1 }, overall })).toEqual({ kind: 'full', of: 'pool' });
  expect(await start({ pool, overall: { ...overall, revision: overall.revision - 1 } })).toEqual({ kind: 'full', of: 'overall' });
  expect(
    (await stage.wait(placement.start({ job: { job: stage.jobs[0] ?? '', affinity: { pool: 'x' } }, pool, overall, reason: 'only' }))).kind,
  ).toBe('past');
  expect((await start({ pool, overall })).kind).toBe('started');
});

it('of several in one write are all made or none, and all where they fit', async () => {
  let [together, apart] = [0, 0];
  await fc.assert(
    fc.asyncProperty(fc.array(anyWish, { minLength: 1, maxLength: 10 }), anyLimits, fc.nat(1_000_000), async (wishes, limits, seed) => {
      const stage = await crowd(wishes, limits, seed);
      const { placement } = stage.services;
      const { overall, pool: poolOf } = await offered(stage);
      const seen = await stage.wait(placement.jobs(stage.jobs));
      const starts = wishes.map(({ pool: name, customer }, i) => {
        const [pool, job] = [poolOf(name), stage.jobs[i] ?? ''];
        const ownMaxJobs = customer === 'acme' ? limits.acme : undefined;
        return { job: { job, affinity: undefined }, pool, reason: 'only' as const, overall, seen: seen.get(job), ownMaxJobs };
      });
      const came = await stage.wait(placement.startTogether(starts));
      expect(stage.watch.wrong).toEqual([]);
      expect(stage.watch.recount()).toEqual([]);
      const fitting = wishes.every((wish, i) => fits(wishes.slice(0, i), wish, limits));
      expect(came?.map(({ row }) => row.job)).toEqual(fitting ? stage.jobs : undefined);
      for (const job of stage.jobs) expect(stage.row(job).status).toBe(fitting ? 'RUNNING' : 'PENDING');
      if (fitting) together += 1;
      else apart += 1;
    }),
    { numRuns: 100 },
  );
  expect(Math.min(together, apart)).toBeGreaterThan(5);
});

it.each([
  ['a job that was changed since it was seen', { job: { affinity: { pool: 'west' } } }],
  ['a job that nobody has seen', { seen: undefined }],
  ['a pool that was changed', { pool: { revision: -1 } }],
  ['a limit of its customer that is another one by now', { ownMaxJobs: 5 }],
])('of several are made alone where there is %s', async (_what, { job: ofJob, pool: ofPool, ...changed }: Record<string, unknown>) => {
  const wish: Wish = { cpu: 1, customer: 'acme', pool: 'west' };
  const stage = await crowd([wish, wish], { overall: 9, perCustomer: null, acme: 4, west: { maxJobs: 3, cpu: 3 } }, 1);
  const { placement } = stage.services;
  const { overall, pool: poolOf } = await offered(stage);
  const pool = poolOf('west');
  const seen = await stage.wait(placement.jobs(stage.jobs));
  const start = (job: string) => ({
    ...{ job: { job, affinity: undefined }, pool, overall, reason: 'only' as const, ownMaxJobs: 4, seen: seen.get(job) },
  });
  const [first, second] = [start(stage.jobs[0] ?? ''), start(stage.jobs[1] ?? '')];
  const odd = { ...first, job: { ...first.job, ...(ofJob as object) }, pool: { ...pool, ...(ofPool as object) }, ...changed };
  expect(await stage.wait(placement.startTogether([odd, second]))).toBeUndefined();
  expect(stage.jobs.map((job) => stage.row(job).status)).toEqual(['PENDING', 'PENDING']);
  expect(await stage.wait(placement.startTogether([first, second]))).toHaveLength(2);
  expect(stage.watch.recount()).toEqual([]);
});

it('of several count quantities as exactly as one by one', async () => {
  const stage = new PlacementStage({ seed: 1, mishaps: { hintLost: 1 } });
  await stage.pool('west', { maxJobs: 9, quantities: { cpu: 0.3, gpu: 1 } });
  await stage.wait(stage.call(stage.scheduler, { kind: 'sweep' }));
  for (const quantities of [{ cpu: 0.1 }, { cpu: 0.2 }, { gpu: 0.12345 }]) await stage.submit({ needs: { quantities } });
  const { placement } = stage.services;
  const { overall, pool: poolOf } = await offered(stage);
  const pool = poolOf('west');
  const seen = await stage.wait(placement.jobs(stage.jobs));
  const starts = stage.jobs.map((job) => ({
    job: { job, affinity: undefined },
    pool,
    overall,
    reason: 'only' as const,
    seen: seen.get(job),
  }));
  // Of what is finer than thousandths no sum is exact.
  expect(await stage.wait(placement.startTogether(starts))).toBeUndefined();
  expect(await stage.wait(placement.startTogether(starts.slice(0, 2)))).toHaveLength(2);
  expect((await stage.wait(placement.pool('west')))?.free).toEqual({ cpu: 0, gpu: 1 });
});

it('of several with long rows are as many as one transaction may be large', async () => {
  const stage = new PlacementStage({ seed: 1, mishaps: { hintLost: 1 } });
  await stage.pool('west', { maxJobs: 20 });
  await stage.limits(overallLimitsKey, { maxJobs: 20 });
  await stage.wait(stage.call(stage.scheduler, { kind: 'sweep' }));
  const inputs = Array.from({ length: 100 }, (_, i) => ({
    bucket: 'inputs',
    key: `${i}-${'k'.repeat(1_000)}`,
    versionId: 'v'.repeat(800),
  }));
  for (let i = 0; i < 16; i += 1) await stage.submit({ needs: {}, inputs });
  await stage.wait(stage.call(stage.scheduler, { kind: 'sweep' }));
  expect(stage.jobs.map((job) => stage.row(job).status)).toEqual(stage.jobs.map(() => 'RUNNING'));
});

/**
 * Placed jobs when everything goes wrong at once: two schedulers beside each other, deaths at any call, answers, hints and
 * words lost, doubled and late, holders that go silent and come back, clocks up to 5 seconds apart, pools and limits that
 * change meanwhile. Whatever happens, no limit is passed, each job ends once, and nobody waits for long where there is room.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hasEnded, type Priority } from '../../../lambdas/contract/job.ts';
import { customerLimitsKey, overallLimitsKey } from '../../../lambdas/contract/placement.ts';
import { type Mishaps, noMishaps } from '../jobs/mishaps.ts';
import type { Work, WorkEnding } from './placed-worker.ts';
import { PlacementStage, type PoolWish } from './placement-stage.ts';

/** Half of the time not at all. */
const chance = (most: number) => fc.integer({ min: -100, max: 100 }).map((percent) => (Math.max(0, percent) * most) / 100);

const anyMishaps: fc.Arbitrary<Mishaps> = fc.record({
  diesAtCall: chance(0.02),
  answerLost: chance(0.03),
  answerLostForGood: chance(0.02),
  conflict: chance(0.1),
  sendThrottled: chance(0.2),
  entryFailed: chance(0.2),
  hintLost: chance(0.5),
  hintTwice: chance(0.3),
  reportTwice: chance(0.5),
  reportLate: chance(0.5),
  consumerDies: fc.constant(0),
});

const anyPool: fc.Arbitrary<PoolWish> = fc.record({
  maxJobs: fc.integer({ min: 1, max: 4 }),
  quantities: fc.record({ cpu: fc.integer({ min: 2, max: 8 }) }),
  concurrency: fc.integer({ min: 1, max: 5 }),
  fifo: fc.boolean(),
});

interface JobPlan {
  cpu: number;
  customer: string | undefined;
  priority: Priority;
  endings: WorkEnding[];
  afterSeconds: number;
  timeoutSeconds: number | undefined;
}

const anyJob: fc.Arbitrary<JobPlan> = fc.record({
  cpu: fc.integer({ min: 0, max: 2 }),
  customer: fc.constantFrom('acme', 'zeta', undefined),
  priority: fc.constantFrom('critical' as const, 'high' as const, 'normal' as const, 'low' as const),
  endings: fc.array(fc.constantFrom<WorkEnding>('done', 'done', 'transient', 'permanent', 'silent', 'late', 'handedOn'), { maxLength: 3 }),
  afterSeconds: fc.integer({ min: 0, max: 20 }),
  timeoutSeconds: fc.constantFrom(undefined, undefined, 60, 600),
});

/** What is done meanwhile, each with a number that says to whom or how much. */
type Deed = {
  what: 'cancel' | 'release' | 'retry' | 'change' | 'overall' | 'customer' | 'shrink' | 'close' | 'remove';
  n: number;
  afterSeconds: number;
};

const anyDeed: fc.Arbitrary<Deed> = fc.record({
  what: fc.constantFrom('cancel', 'release', 'retry', 'change', 'overall', 'customer', 'shrink', 'close', 'remove'),
  n: fc.nat(20),
  afterSeconds: fc.integer({ min: 0, max: 40 }),
});

const anyWorld = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  mishaps: anyMishaps,
  rival: fc.boolean(),
  pools: fc.array(anyPool, { minLength: 1, maxLength: 3 }),
  jobs: fc.array(anyJob, { minLength: 1, maxLength: 12 }),
  deeds: fc.array(anyDeed, { maxLength: 8 }),
  overall: fc.integer({ min: 1, max: 6 }),
  perCustomer: fc.constantFrom(undefined, 1, 2, 5),
});

type World = typeof anyWorld extends fc.Arbitrary<infer T> ? T : never;

const nameOf = (n: number) => `pool${n}`;

function poolWith(world: World, stage: PlacementStage, n: number, change: Partial<PoolWish> = {}): PoolWish {
  const plans = world.jobs;
  const ending = ({ job, failures }: Work): WorkEnding => plans[stage.jobs.indexOf(job)]?.endings[failures] ?? 'done';
  return { ...(world.pools[n] as PoolWish), workMs: () => 1_000 + stage.aws.random() * 40_000, ending, ...change };
}

async function act(world: World, stage: PlacementStage, { what, n }: Deed): Promise<void> {
  const job = stage.jobs[n % stage.jobs.length];
  const pool = n % world.pools.length;
  if (what === 'overall') await stage.limits(overallLimitsKey, { maxJobs: 1 + (n % 6) });
  else if (what === 'customer') await stage.limits(customerLimitsKey('acme'), { maxJobs: n % 4, weight: 1 + n });
  else if (what === 'shrink') await stage.pool(nameOf(pool), poolWith(world, stage, pool, { maxJobs: 1, quantities: { cpu: 2 } }));
  else if (what === 'close') await stage.pool(nameOf(pool), poolWith(world, stage, pool, { open: false }));
  else if (what === 'remove') await stage.removePool(nameOf(pool));
  else if (job !== undefined && what === 'change')
    await stage.ask((placement) => placement.change(job, { priority: 'high', maxRetries: 5 }));
  else if (job !== undefined) await stage.ask((placement) => placement[what as 'cancel' | 'release' | 'retry'](job));
}

async function live(world: World): Promise<PlacementStage> {
  const { seed, mishaps, rival } = world;
  const stage = new PlacementStage({ seed, mishaps, rival });
  await stage.limits(overallLimitsKey, { maxJobs: world.overall, perCustomer: { maxJobs: world.perCustomer ?? null } });
  for (const n of world.pools.keys()) await stage.pool(nameOf(n), poolWith(world, stage, n));
  const deeds = [...world.deeds];
  for (const { cpu, customer, priority, afterSeconds, timeoutSeconds } of world.jobs) {
    const some = { ...(customer === undefined ? {} : { customer }), ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }) };
    await stage.submit({ ...some, priority, needs: { quantities: { cpu } } });
    await stage.pass(afterSeconds);
    const deed = deeds.shift();
    if (deed !== undefined) await act(world, stage, deed);
  }
  for (const deed of deeds) {
    await stage.pass(deed.afterSeconds);
    await act(world, stage, deed);
  }
  await stage.pass(120);
  return stage;
}

/** All is well again: every pool as it was, room for all, and nothing goes wrong any more. */
async function recover(world: World, stage: PlacementStage): Promise<void> {
  stage.mishaps = noMishaps;
  for (const n of world.pools.keys()) await stage.pool(nameOf(n), poolWith(world, stage, n));
  await stage.limits(customerLimitsKey('acme'), {});
  // What died last holds its hints for as long as they are hidden, and the sweeps after that.
  await stage.pass(240);
}

it('passes no limit, loses no job, ends each once, and lets none wait where it fits', async () => {
  await fc.assert(
    fc.asyncProperty(anyWorld, async (world) => {
      const stage = await live(world);
      expect(stage.watch.wrong).toEqual([]);
      await recover(world, stage);
      for (let looks = 0; looks < 5; looks += 1) {
        const job = await stage.startable();
        // One that had its place freed a moment ago is on its way.
        if (job !== undefined) await stage.pass(4);
        const before = job === undefined ? undefined : stage.row(job).placed?.fence;
        const still = await stage.startable();
        expect(still === undefined || still !== job || stage.row(job).placed?.fence !== before, `${job} waits though it fits`).toBe(true);
        await stage.pass(11);
      }
      await stage.endAll(4 * 3_600);
      await stage.pass(150);
      expect(
        stage.statuses().every((status) => hasEnded(status as Parameters<typeof hasEnded>[0])),
        stage.statuses().join(' '),
      ).toBe(true);
      expect(stage.leftOver()).toEqual([]);
    }),
    { numRuns: Number(process.env['RUNS'] ?? 25) },
  );
});

/** Generated stages: pools, limits, jobs that wait, and what happens to them. Quantities are whole, so that sums are exact. */
import fc from 'fast-check';
import { priorities } from '../../../lambdas/contract/job.ts';
import type { LeaseRow, OverallRow, PlacingRow, PoolRow } from '../../../lambdas/contract/placement-table.ts';
import { customer, lease, overall, pool, secondMs, waiting } from './builders.ts';
import type { World } from './oracle.ts';

const poolNames = ['p0', 'p1', 'p2', 'p3'];
const customerNames = ['a', 'b', 'c'];
const zones = ['east', 'west'];

const labels = fc.option(
  fc.constantFrom(...zones).map((zone) => ({ zone })),
  { nil: {} },
);
const quantities = (most: number) =>
  fc.record({ cpu: fc.integer({ min: 0, max: most }), gpu: fc.integer({ min: 0, max: 2 }) }, { requiredKeys: [] });

export const anyPool = (name: fc.Arbitrary<string> = fc.constantFrom(...poolNames)): fc.Arbitrary<PoolRow> =>
  fc
    .record({
      name,
      labels,
      maxJobs: fc.integer({ min: 0, max: 4 }),
      capacity: quantities(8),
      costPerHour: fc.integer({ min: 0, max: 2 }),
      state: fc.constantFrom('open', 'open', 'open', 'closed'),
      revision: fc.integer({ min: 0, max: 1_000 }),
    })
    .map(({ name: taskGroup, ...fields }) => pool(taskGroup, fields));

const affinity = fc.option(fc.record({ pool: fc.constantFrom(...poolNames, 'nowhere'), required: fc.boolean() }), { nil: undefined });

export const anyJob = (name: fc.Arbitrary<string>): fc.Arbitrary<PlacingRow> =>
  fc
    .record({
      name,
      customer: fc.option(fc.constantFrom(...customerNames), { nil: undefined }),
      priority: fc.constantFrom(...priorities),
      ageMs: fc.integer({ min: 0, max: 40 }).map((minutes) => minutes * 60 * secondMs),
      needs: fc.record({ labels, quantities: quantities(6) }, { requiredKeys: [] }),
      affinity,
      objective: fc.constantFrom('spread', 'cost', 'locality'),
      startByMs: fc.option(
        fc.integer({ min: -600, max: 600 }).map((seconds) => 1_800_000_000_000 + seconds * secondMs),
        { nil: undefined, freq: 8 },
      ),
    })
    .map(({ name: job, ...fields }) => waiting(job, fields));

export const anyOverall: fc.Arbitrary<OverallRow> = fc
  .record({
    maxJobs: fc.oneof(fc.constant(100), fc.integer({ min: 0, max: 6 })),
    perCustomerMaxJobs: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
    reserveAfterSeconds: fc.constantFrom(60, 900, 100_000),
  })
  .map((fields) => overall(fields));

const anyCustomer = fc
  .record({
    name: fc.constantFrom(...customerNames),
    maxJobs: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
    weight: fc.constantFrom(0.5, 1, 2, 3),
  })
  .map(({ name, ...fields }) => customer(name, fields));

const anyLease = (name: fc.Arbitrary<string>): fc.Arbitrary<LeaseRow> =>
  fc
    .record({
      name,
      onPool: fc.constantFrom(...poolNames),
      customer: fc.option(fc.constantFrom(...customerNames), { nil: undefined }),
      quantities: quantities(3),
      fence: fc.integer({ min: 1, max: 3 }),
    })
    .map(({ name: job, onPool, ...fields }) => lease(job, onPool, fields));

const uniqueBy = <T>(rows: fc.Arbitrary<T>, key: (row: T) => string, max: number) =>
  fc.uniqueArray(rows, { selector: key, maxLength: max });

export const anyWorld = ({ leases = 6, jobs = 12 } = {}): fc.Arbitrary<World> =>
  fc.record({
    overall: anyOverall,
    pools: uniqueBy(anyPool(), ({ taskGroup }) => taskGroup, poolNames.length),
    customers: uniqueBy(anyCustomer, ({ customer: name }) => name, customerNames.length),
    waiting: uniqueBy(anyJob(jobNames('j', jobs)), ({ job }) => job, jobs),
    leases: uniqueBy(anyLease(jobNames('l', leases)), ({ job }) => job, leases),
  });

const jobNames = (prefix: string, count: number) => fc.integer({ min: 0, max: count + 4 }).map((n) => `${prefix}${n}`);

/** What may happen to a stage. `start` and `end` go by what is there then. */
export type Event =
  | { kind: 'pool'; row: PoolRow }
  | { kind: 'noPool'; taskGroup: string }
  | { kind: 'overall'; row: OverallRow }
  | { kind: 'customer'; row: World['customers'][number] }
  | { kind: 'waiting'; row: PlacingRow }
  | { kind: 'noWaiting'; job: string }
  | { kind: 'lease'; row: LeaseRow }
  | { kind: 'start' }
  | { kind: 'end'; nth: number }
  | { kind: 'time'; seconds: number };

export const anyEvents: fc.Arbitrary<Event[]> = fc.array(
  fc.oneof<fc.MaybeWeightedArbitrary<Event>[]>(
    anyPool().map((row) => ({ kind: 'pool', row })),
    fc.constantFrom(...poolNames).map((taskGroup) => ({ kind: 'noPool', taskGroup })),
    anyOverall.map((row) => ({ kind: 'overall', row })),
    anyCustomer.map((row) => ({ kind: 'customer', row })),
    { arbitrary: anyJob(jobNames('j', 12)).map((row) => ({ kind: 'waiting', row })), weight: 2 },
    jobNames('j', 12).map((job) => ({ kind: 'noWaiting', job })),
    anyLease(jobNames('l', 4)).map((row) => ({ kind: 'lease', row })),
    { arbitrary: fc.constant<Event>({ kind: 'start' }), weight: 3 },
    { arbitrary: fc.nat(20).map((nth) => ({ kind: 'end', nth })), weight: 2 },
    fc.integer({ min: 0, max: 2_000 }).map((seconds) => ({ kind: 'time', seconds })),
  ),
  { minLength: 1, maxLength: 40 },
);

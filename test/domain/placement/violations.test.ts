/** Limits that were passed: each kind, and none where a limit was lowered below what runs. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Limited, limitViolations } from '../../../lambdas/domain/placement/violations.ts';
import { book, customer, lease, overall, pool, startAll, startMs } from './builders.ts';
import { anyWorld } from './worlds.ts';

const west = { maxJobs: 2, capacity: { cpu: 4 } };
const jobs = (count: number, fields: Record<string, unknown> = {}) =>
  Array.from({ length: count }, (_, i) => lease(`job-${i}`, 'west', { customer: 'acme', ...fields }));
const limited = (parts: Partial<Limited>): Limited => ({ overall: overall(), pools: [], customers: [], leases: [], ...parts });

describe('a limit', () => {
  it.each<[string, Partial<Limited>, object | undefined]>([
    ['of all jobs, reached', { overall: overall({ maxJobs: 2 }), leases: jobs(2) }, undefined],
    ['of all jobs, passed', { overall: overall({ maxJobs: 2 }), leases: jobs(3) }, { limit: 'overall', used: 3, total: 2 }],
    [
      'of a customer',
      { customers: [customer('acme', { maxJobs: 2 })], leases: jobs(3) },
      { limit: 'customer', of: 'acme', used: 3, total: 2 },
    ],
    [
      'of every customer',
      { overall: overall({ perCustomerMaxJobs: 2 }), leases: jobs(3) },
      { limit: 'customer', of: 'acme', used: 3, total: 2 },
    ],
    [
      'of every customer, where it has a higher one of its own',
      { overall: overall({ perCustomerMaxJobs: 2 }), customers: [customer('acme', { maxJobs: 3 })], leases: jobs(3) },
      undefined,
    ],
    [
      'of every customer, for jobs without one',
      { overall: overall({ perCustomerMaxJobs: 2 }), leases: jobs(3, { customer: undefined }) },
      undefined,
    ],
    ['of jobs on a pool', { pools: [pool('west', west)], leases: jobs(3) }, { limit: 'pool', of: 'west', used: 3, total: 2 }],
    ['of jobs on another pool', { pools: [pool('east', west)], leases: jobs(3) }, undefined],
    [
      'of a quantity',
      { pools: [pool('west', west)], leases: jobs(2, { quantities: { cpu: 2.5 } }) },
      { limit: 'quantity', of: 'west', name: 'cpu', used: 5, total: 4 },
    ],
    [
      'of a quantity, reached in tenths',
      { pools: [pool('west', { maxJobs: 9, capacity: { cpu: 0.3 } })], leases: jobs(3, { quantities: { cpu: 0.1 } }) },
      undefined,
    ],
    [
      'of a quantity that is not offered',
      { pools: [pool('west', west)], leases: jobs(1, { quantities: { gpu: 1 } }) },
      { limit: 'quantity', of: 'west', name: 'gpu', used: 1, total: 0 },
    ],
    ['lowered after the last start', { overall: overall({ maxJobs: 2, limitsAtMs: startMs + 1 }), leases: jobs(3) }, undefined],
    ['lowered when clocks say another time', { overall: overall({ maxJobs: 2, limitsAtMs: startMs - 4_000 }), leases: jobs(3) }, undefined],
    [
      'lowered before the last start',
      { overall: overall({ maxJobs: 2, limitsAtMs: startMs - 6_000 }), leases: jobs(3) },
      { limit: 'overall', used: 3, total: 2 },
    ],
    [
      'of a quantity that was lowered, with a start since that takes none of it',
      {
        pools: [pool('west', { maxJobs: 9, capacity: { cpu: 1 }, limitsAtMs: startMs + 1 })],
        leases: [...jobs(2, { quantities: { cpu: 1 } }), lease('other', 'west', { grantedAtMs: startMs + 60_000 })],
      },
      undefined,
    ],
  ])('%s', (_what, parts, expected) => {
    expect(limitViolations(limited(parts))).toEqual(expected === undefined ? [] : [expected]);
  });
});

it('none is passed by what a book starts', () => {
  fc.assert(
    fc.property(anyWorld(), (world) => {
      const fresh = book({ ...world, leases: [] });
      startAll(fresh);
      const pools = fresh.pools().map(({ row }) => row);
      expect(limitViolations({ overall: world.overall, pools, customers: world.customers, leases: fresh.allLeases() })).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

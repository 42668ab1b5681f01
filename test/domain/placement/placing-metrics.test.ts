/** What CloudWatch is told of jobs on pools. */
import { describe, expect, it } from 'vitest';
import { placingMetrics, recentStarts, retryRate, type Starts, type Swept } from '../../../lambdas/domain/placement/placing-metrics.ts';
import { book, lease, pool, startMs, waiting } from './builders.ts';

const minute = 60_000;
const swept = (fields: Partial<Swept> = {}): Swept => ({ recent: [], expiredLeases: 0, violations: [], nowMs: startMs, ...fields });
const valuesOf = (metrics: { name: string; value: number }[] = []) => Object.fromEntries(metrics.map(({ name, value }) => [name, value]));

describe('metrics', () => {
  it('are none of a stage without pools and jobs for them', () => expect(placingMetrics(book(), swept())).toEqual([]));

  it('say how it stands with the stage and each pool', () => {
    const full = book({
      pools: [pool('east', { maxJobs: 4 }), pool('shut', { maxJobs: 0 }), pool('west', { maxJobs: 4, capacity: { cpu: 8 } })],
      leases: [lease('a', 'west', { quantities: { cpu: 6 } }), lease('b', 'east')],
      waiting: [waiting('c', { ageMs: 90_000 }), waiting('d', { ageMs: 5_000 })],
    });
    const recent = [
      { atMs: startMs - minute, starts: 8, retries: 4 },
      { atMs: startMs, starts: 4, retries: 2 },
    ];
    const violations = [{ limit: 'overall' as const, used: 2, total: 1 }];
    const [stage, ...pools] = placingMetrics(full, swept({ recent, expiredLeases: 1, violations }));
    expect(stage?.pool).toBeUndefined();
    expect(valuesOf(stage?.metrics)).toEqual({
      JobsReady: 2,
      JobsInProgress: 2,
      JobsOldestWait: 90,
      JobStarts: 4,
      JobRetries: 2,
      JobRetryRate: 50,
      ExpiredLeases: 1,
      LimitViolations: 1,
    });
    expect(pools.map(({ pool: name, metrics }) => [name, valuesOf(metrics)])).toEqual([
      ['east', { PoolJobs: 1, PoolUse: 25 }],
      ['shut', { PoolJobs: 0, PoolUse: 100 }],
      ['west', { PoolJobs: 1, PoolUse: 75 }],
    ]);
  });
});

describe('the rate of retries', () => {
  const starts = (ageMinutes: number, all: number, retries: number): Starts => ({
    atMs: startMs - ageMinutes * minute,
    starts: all,
    retries,
  });
  it.each<[string, Starts[], number]>([
    ['of none', [], 0],
    ['of too few to tell', [starts(0, 9, 9)], 0],
    ['of enough', [starts(1, 5, 1), starts(0, 5, 2)], 30],
    ['of a quarter of an hour', [starts(15, 90, 90), starts(14, 10, 1)], 10],
  ])('%s', (_what, seen, expected) => expect(retryRate(recentStarts(seen, startMs))).toBe(expected));
});

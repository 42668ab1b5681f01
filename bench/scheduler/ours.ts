/** The scheduler's own decisions as a way for the simulation. Pure. */
import { priorities } from '../../lambdas/contract/job.ts';
import { limitDefaults, orderOf } from '../../lambdas/contract/placement.ts';
import { PlacingRow, PoolRow } from '../../lambdas/contract/placement-table.ts';
import { Book } from '../../lambdas/domain/placement/book.ts';
import { leaseToBe } from '../../lambdas/domain/placement/placed-job.ts';
import type { Day, DayJob, DayPool } from './day.ts';
import type { Way } from './simulation.ts';

const { ageingSeconds, reserveAfterSeconds } = limitDefaults;

export function ours({ pools, customers }: Day): Way {
  const overall = { maxJobs: 100_000, ageingSeconds, reserveAfterSeconds, jobs: 0, revision: 0 };
  const rows = customers.map(({ customer, weight }) => ({ customer, weight, jobs: 0 }));
  const book = new Book({ overall, pools: pools.map(poolRow), customers: rows, waiting: [], leases: [] });
  return {
    name: 'Sluice',
    arrived: (job, nowMs) => book.addWaiting(placingRow(job, nowMs)),
    ended: (job) => book.removeLease(job),
    next: (nowMs) => {
      const start = book.next(nowMs);
      if (start === undefined) return undefined;
      book.removeWaiting(start.job.job);
      book.addLease(leaseToBe(start.job, start.pool, nowMs, 0));
      return { job: start.job.job, pool: start.pool };
    },
  };
}

export const poolRow = ({ taskGroup, maxJobs, quantities }: DayPool): PoolRow =>
  PoolRow.parse({ taskGroup, maxJobs, capacity: quantities, free: quantities, configured: { maxJobs, quantities }, state: 'open' });

export function placingRow({ job, customer, priority, quantities }: Omit<DayJob, 'arrivesMs' | 'takesMs'>, readyAtMs: number): PlacingRow {
  const orderMs = orderOf(priorities.indexOf(priority), readyAtMs, ageingSeconds);
  return PlacingRow.parse({ job, customer, priority, orderMs, readyAtMs, needs: { quantities } });
}

/** Figures of jobs on pools, for CloudWatch: of the stage, and of each pool the use of what it has least of. Pure. */
import type { Book } from './book.ts';
import type { Pool } from './shape.ts';
import type { Violation } from './violations.ts';

/** Starts between two sweeps, and those of them that were retries. */
export interface Starts {
  atMs: number;
  starts: number;
  retries: number;
}

export interface Metric {
  name: string;
  unit: 'Count' | 'Seconds' | 'Percent';
  value: number;
}

/** Of the stage where no pool is named. */
export interface Metrics {
  pool?: string;
  metrics: Metric[];
}

/** So far back starts count for the rate of retries; below so many it says nothing. */
const rateMs = 15 * 60_000;
const leastStarts = 10;

export const recentStarts = (seen: readonly Starts[], nowMs: number) => seen.filter(({ atMs }) => atMs > nowMs - rateMs);

/** Percent; 0 where there were too few starts to tell. */
export function retryRate(recent: readonly Starts[]): number {
  const starts = recent.reduce((sum, one) => sum + one.starts, 0);
  const retries = recent.reduce((sum, one) => sum + one.retries, 0);
  return starts < leastStarts ? 0 : percent(retries / starts);
}

export interface Swept {
  recent: readonly Starts[];
  expiredLeases: number;
  violations: readonly Violation[];
  nowMs: number;
}

/** None of a stage that has neither pools nor jobs for them: each metric costs. */
export function placingMetrics(book: Book, { recent, expiredLeases, violations, nowMs }: Swept): Metrics[] {
  const pools = book.pools();
  if (pools.length + book.waitingJobs + book.leasedJobs === 0) return [];
  const last = recent.at(-1);
  const oldestMs = [...book.allWaiting()].reduce((oldest, [{ readyAtMs }]) => Math.min(oldest, readyAtMs), nowMs);
  const count = (name: string, value: number): Metric => ({ name, unit: 'Count', value });
  return [
    {
      metrics: [
        count('JobsReady', book.waitingJobs),
        count('JobsInProgress', book.leasedJobs),
        { name: 'JobsOldestWait', unit: 'Seconds', value: Math.round((nowMs - oldestMs) / 1_000) },
        count('JobStarts', last?.starts ?? 0),
        count('JobRetries', last?.retries ?? 0),
        { name: 'JobRetryRate', unit: 'Percent', value: retryRate(recent) },
        count('ExpiredLeases', expiredLeases),
        count('LimitViolations', violations.length),
      ],
    },
    ...pools.map((pool) => ({
      pool: pool.row.taskGroup,
      metrics: [count('PoolJobs', pool.use.jobs), { name: 'PoolUse', unit: 'Percent' as const, value: percent(loadOf(pool)) }],
    })),
  ];
}

/** Use of what it has least of; one that offers nothing at the moment is full. */
function loadOf({ row, use, capacity }: Pool): number {
  const parts = [...capacity].flatMap(([name, total]) => (total > 0 ? [use.of(name) / total] : []));
  return Math.max(row.maxJobs > 0 ? use.jobs / row.maxJobs : 1, ...parts);
}

const percent = (part: number) => Math.round(part * 1_000) / 10;

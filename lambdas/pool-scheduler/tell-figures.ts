/** After a sweep: how it stands with jobs on pools, as metrics, and a line of its own for each limit that was passed. */
import type { Book } from '../domain/placement/book.ts';
import { placingMetrics, recentStarts, type Starts } from '../domain/placement/placing-metrics.ts';
import { limitViolations } from '../domain/placement/violations.ts';
import { metricLine } from '../framework/metric-line.ts';
import type { SchedulerServices } from './scheduler-services.ts';

/** Starts since the last sweep, and of the sweeps before. */
export interface StartCounts {
  current: Omit<Starts, 'atMs'>;
  earlier: readonly Starts[];
}

export const noStarts = (): StartCounts => ({ current: { starts: 0, retries: 0 }, earlier: [] });

export function countStart(counts: StartCounts, isRetry: boolean): void {
  counts.current.starts += 1;
  if (isRetry) counts.current.retries += 1;
}

/** `book`: read just now. The counts begin anew. */
export function tellFigures(services: SchedulerServices, book: Book, counts: StartCounts, expiredLeases: number): void {
  const { clock, log, stage, writeLine } = services;
  const nowMs = clock.nowMs();
  counts.earlier = recentStarts([...counts.earlier, { atMs: nowMs, ...counts.current }], nowMs);
  counts.current = { starts: 0, retries: 0 };
  const customers = [...book.customers()].flatMap(({ row }) => row ?? []);
  const limited = { overall: book.overall, pools: book.pools().map(({ row }) => row), customers, leases: book.allLeases() };
  const violations = limitViolations(limited);
  for (const violation of violations) log.error('a limit was passed', { ...violation });
  for (const { pool, metrics } of placingMetrics(book, { recent: counts.earlier, expiredLeases, violations, nowMs })) {
    const dimensions = { Stage: stage.settings.prefix, ...(pool === undefined ? {} : { Pool: pool }) };
    writeLine(metricLine(dimensions, metrics, nowMs));
  }
}

/** Pools, jobs that wait, leases and limits, for tests of decisions that call nothing. */
import { Priority } from '../../../lambdas/contract/job.ts';
import { limitDefaults, orderOf } from '../../../lambdas/contract/placement.ts';
import { CustomerRow, LeaseRow, OverallRow, PlacingRow, PoolRow } from '../../../lambdas/contract/placement-table.ts';
import { Book, type Snapshot } from '../../../lambdas/domain/placement/book.ts';
import type { Start } from '../../../lambdas/domain/placement/turn.ts';

type Fields = Record<string, unknown>;

export const startMs = 1_800_000_000_000;
export const secondMs = 1_000;

export function pool(taskGroup: string, fields: Fields = {}): PoolRow {
  const { maxJobs = 10, capacity = {} } = fields;
  return PoolRow.parse({ taskGroup, maxJobs, configured: { maxJobs, quantities: capacity }, state: 'open', ...fields });
}

/** `ageMs` before the start of time it began to wait. */
export function waiting(job: string, { ageMs = 0, ...fields }: Fields & { ageMs?: number } = {}): PlacingRow {
  const priority = Priority.parse(fields['priority'] ?? 'normal');
  const readyAtMs = startMs - ageMs;
  const orderMs = orderOf(Priority.options.indexOf(priority), readyAtMs, limitDefaults.ageingSeconds);
  return PlacingRow.parse({ job, priority, readyAtMs, orderMs, ...fields });
}

export const lease = (job: string, onPool: string, fields: Fields = {}): LeaseRow =>
  LeaseRow.parse({ job, pool: onPool, priority: 'normal', fence: 1, grantedAtMs: startMs, expiresAtMs: startMs + 300_000, ...fields });

export const overall = (fields: Fields = {}): OverallRow =>
  OverallRow.parse({ maxJobs: 1_000, ageingSeconds: 3_600, reserveAfterSeconds: 900, ...fields });

export const customer = (name: string, fields: Fields = {}): CustomerRow => CustomerRow.parse({ customer: name, ...fields });

export const snapshot = (parts: Partial<Snapshot> = {}): Snapshot => ({
  overall: overall(),
  pools: [],
  customers: [],
  waiting: [],
  leases: [],
  ...parts,
});

export const book = (parts: Partial<Snapshot> = {}): Book => new Book(snapshot(parts));

export const leaseOf = ({ job: row, pool: onPool }: Start, nowMs = startMs): LeaseRow =>
  lease(row.job, onPool, {
    customer: row.customer,
    priority: row.priority,
    quantities: row.needs.quantities ?? {},
    grantedAtMs: nowMs,
    expiresAtMs: nowMs + 300_000,
  });

/** What the scheduler does once the write of a start went through. */
export function begin(onBook: Book, start: Start, nowMs = startMs): LeaseRow {
  const row = leaseOf(start, nowMs);
  onBook.removeWaiting(start.job.job);
  onBook.addLease(row);
  return row;
}

/** Starts until nothing can. */
export function startAll(onBook: Book, nowMs = startMs): Start[] {
  const starts: Start[] = [];
  for (let start = onBook.next(nowMs); start !== undefined; start = onBook.next(nowMs)) {
    begin(onBook, start, nowMs);
    starts.push(start);
  }
  return starts;
}

export const told = ({ job: { job }, pool: onPool, reason }: Start) => `${job} on ${onPool} (${reason})`;

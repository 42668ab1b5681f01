/** When a job that waits will start, if jobs last as long as they did: the next hours played through with the deciding code itself. Pure. */
import { Book, type Snapshot } from '../placement/book.ts';
import { Ordered } from '../placement/ordered.ts';
import { leaseToBe } from '../placement/placed-job.ts';

/** How long jobs were on their pools, from start to end. */
export interface Measured {
  pool: string;
  milliseconds: number;
}

export interface Forecast {
  pool: string;
  earliestMs: number;
  /** Absent where that is too far away to tell. */
  latestMs?: number;
}

/** Starts that are played through, at most. */
const mostStarts = 2_000;
/** Of a pool of its own, from so many on. */
const fewest = 5;

/** Undefined where nobody can tell: no job has ended yet, or it is to wait for what is not there. */
export function startForecast(snapshot: Snapshot, job: string, measured: readonly Measured[], nowMs: number): Forecast | undefined {
  const [short, long] = [0.1, 0.9].map((part) => played(snapshot, job, lasting(measured, part), nowMs));
  if (short === undefined && long === undefined) return undefined;
  const times = [short, long].flatMap((start) => (start === undefined ? [] : [start.atMs]));
  const pool = short?.pool ?? long?.pool ?? '';
  return { pool, earliestMs: Math.min(...times), ...(long === undefined ? {} : { latestMs: Math.max(...times) }) };
}

type Lasting = (pool: string) => number | undefined;

function lasting(measured: readonly Measured[], part: number): Lasting {
  const all = measured.map(({ milliseconds }) => milliseconds);
  const byPool = Map.groupBy(measured, ({ pool }) => pool);
  return (pool) => {
    const own = (byPool.get(pool) ?? []).map(({ milliseconds }) => milliseconds);
    const counted = (own.length >= fewest ? own : all).toSorted((a, b) => a - b);
    return counted[Math.min(counted.length - 1, Math.floor(part * counted.length))];
  };
}

function played(snapshot: Snapshot, job: string, lasts: Lasting, nowMs: number): { pool: string; atMs: number } | undefined {
  const book = new Book(snapshot);
  const ends = new Ordered<string>();
  const endsAt = (lease: string, atMs: number) => ends.set(lease, { share: 0, orderMs: atMs, job: lease });
  for (const { job: lease, pool, grantedAtMs } of snapshot.leases) {
    const milliseconds = lasts(pool);
    if (milliseconds !== undefined) endsAt(lease, Math.max(nowMs, grantedAtMs + milliseconds));
  }
  let atMs = nowMs;
  for (let starts = 0; starts < mostStarts; ) {
    const start = book.next(atMs);
    if (start?.job.job === job) return { pool: start.pool, atMs };
    if (start !== undefined) {
      starts += 1;
      book.removeWaiting(start.job.job);
      book.addLease(leaseToBe(start.job, start.pool, atMs, 0));
      const milliseconds = lasts(start.pool);
      if (milliseconds !== undefined) endsAt(start.job.job, atMs + Math.max(1, milliseconds));
      continue;
    }
    const [first, place] = [ends.first, ends.firstPlace];
    if (first === undefined || place === undefined) return undefined;
    atMs = Math.max(atMs, place.orderMs);
    ends.delete(first);
    book.removeLease(first);
  }
  return undefined;
}

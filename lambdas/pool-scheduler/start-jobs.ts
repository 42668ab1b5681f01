/**
 * Starts whatever may start, one after the other, in the order of the book. While the table takes one, the next is decided
 * and read; tasks are sent beside that.
 */
import { goOn } from '../aws/placement/follow-step.ts';
import type { Started } from '../aws/placement/lease-steps.ts';
import type { JobRow } from '../contract/job-table.ts';
import type { PoolRow } from '../contract/placement-table.ts';
import type { Book } from '../domain/placement/book.ts';
import type { PlacedJob } from '../domain/placement/placed-job.ts';
import { leaseToBe } from '../domain/placement/placed-job.ts';
import { errorFields } from '../framework/log.ts';
import { noteJob } from './memory.ts';
import { type SchedulerServices, sendsAtOnce } from './scheduler-services.ts';
import { type Destination, sendTask } from './send-task.ts';

type Start = NonNullable<ReturnType<Book['next']>>;

/** `stale`: the book does not say what the table says. */
export type Placing = 'nothingLeft' | 'outOfTime' | 'stale';

/**
 * `patient`: the book was read just now, and what the table refuses all the same is left out of it until it is read again:
 * one pool or customer that is counted wrongly must not keep all others waiting. `onStart` is told of each start.
 */
export async function startJobs(
  services: SchedulerServices,
  book: Book,
  { endMs, patient, onStart }: { endMs: number; patient: boolean; onStart: (row: PlacedJob) => void },
): Promise<Placing> {
  const sends = sending(services, book);
  let decided = decide(services, book);
  try {
    while (decided !== undefined) {
      if (services.clock.nowMs() >= endMs) return 'outOfTime';
      const { start, pool, row }: Decided = decided;
      const { job, reason } = start;
      const starting = row.then((seen) => services.placement.start({ job, pool, reason, overall: book.overall, seen }));
      decided = decide(services, book);
      const started = await starting;
      if (started.kind === 'full') {
        if (!patient) return 'stale';
        services.log.error('a start was refused that should have been free', { job: job.job, pool: start.pool, limit: started.of });
        undo(book, start);
        if (!leftOut(book, start, started.of)) return 'nothingLeft';
      } else {
        noteJob(book, job.job, started.row, services.stage.settings.leaseSeconds);
        if (started.kind === 'started') {
          onStart(started.row);
          await sends.add(started, pool);
        }
      }
      // What this one left no room for may fit, now that it is known what became of it.
      decided ??= decide(services, book);
    }
    return 'nothingLeft';
  } finally {
    if (decided !== undefined) undo(book, decided.start);
    await sends.all();
  }
}

/** In the book it has its place already, so that the next can be decided; its job is being read. */
interface Decided {
  start: Start;
  pool: PoolRow;
  row: Promise<JobRow | undefined>;
}

function decide({ placement, clock, stage }: SchedulerServices, book: Book): Decided | undefined {
  const nowMs = clock.nowMs();
  const start = book.next(nowMs);
  const pool = start && book.pool(start.pool)?.row;
  if (start === undefined || pool === undefined) return undefined;
  book.removeWaiting(start.job.job);
  book.addLease(leaseToBe(start.job, start.pool, nowMs, stage.settings.leaseSeconds));
  const row = placement.job(start.job.job);
  // Where it fails before it is waited for, it is whoever waits that is told.
  row.catch(() => undefined);
  return { start, pool, row };
}

/** Not taken by the table after all. */
function undo(book: Book, { job }: Start): void {
  book.removeLease(job.job);
  book.addWaiting(job);
}

/** False: nothing can start, as far as the table is concerned. */
function leftOut(book: Book, { job, pool }: Start, of: 'overall' | 'customer' | 'pool'): boolean {
  if (of === 'pool') book.removePool(pool);
  if (of === 'customer') book.removeWaiting(job.job);
  return of !== 'overall';
}

/** Sends on their way, few at a time. One that fails keeps nobody waiting: the sweep finds it. */
function sending(services: SchedulerServices, book: Book) {
  const open = new Set<Promise<void>>();
  async function send({ row, lease, event }: Extract<Started, { kind: 'started' }>, pool: Destination): Promise<void> {
    try {
      const [failed] = await Promise.all([sendTask(services, row, lease, pool), goOn(services, { row, event })]);
      if (failed !== undefined) noteJob(book, row.job, failed, services.stage.settings.leaseSeconds);
    } catch (error) {
      services.log.warn('task not sent; the sweep sends it', { job: row.job, pool: pool.taskGroup, ...errorFields(error) });
    }
  }
  return {
    async add(started: Extract<Started, { kind: 'started' }>, pool: Destination): Promise<void> {
      const sent: Promise<void> = send(started, pool).finally(() => open.delete(sent));
      open.add(sent);
      if (open.size >= sendsAtOnce) await Promise.race(open);
    },
    all: () => Promise.all(open),
  };
}

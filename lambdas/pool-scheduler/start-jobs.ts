/** Starts whatever may start, one after the other, in the order of the book; tasks are sent beside that. */
import { goOn } from '../aws/placement/follow-step.ts';
import type { Started } from '../aws/placement/lease-steps.ts';
import type { Book } from '../domain/placement/book.ts';
import type { PlacedJob } from '../domain/placement/placed-job.ts';
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
  try {
    for (;;) {
      const nowMs = services.clock.nowMs();
      const start = book.next(nowMs);
      const pool = start && book.pool(start.pool)?.row;
      if (start === undefined || pool === undefined) return 'nothingLeft';
      if (nowMs >= endMs) return 'outOfTime';
      const started = await services.placement.start({ job: start.job, pool, reason: start.reason, overall: book.overall });
      if (started.kind === 'full') {
        if (!patient) return 'stale';
        services.log.error('a start was refused that should have been free', { job: start.job.job, pool: start.pool, limit: started.of });
        if (!leftOut(book, start, started.of)) return 'nothingLeft';
      } else {
        noteJob(book, start.job.job, started.row, services.stage.settings.leaseSeconds);
        if (started.kind !== 'started') continue;
        onStart(started.row);
        await sends.add(started, pool);
      }
    }
  } finally {
    await sends.all();
  }
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

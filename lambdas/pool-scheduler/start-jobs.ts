/**
 * Starts whatever may start, in the order of the book: as many as one transaction takes at a time. While the table takes
 * them, the next are decided and read; tasks are sent beside that.
 */
import { goOn } from '../aws/placement/follow-step.ts';
import { type Leased, mostStartsTogether, type Start, type Started } from '../aws/placement/lease-steps.ts';
import type { JobRow } from '../contract/job-table.ts';
import type { Book } from '../domain/placement/book.ts';
import type { PlacedJob } from '../domain/placement/placed-job.ts';
import { leaseToBe } from '../domain/placement/placed-job.ts';
import { errorFields } from '../framework/log.ts';
import { noteJob } from './memory.ts';
import { type SchedulerServices, sendsAtOnce } from './scheduler-services.ts';
import { type Destination, sendTask } from './send-task.ts';

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
  const isOver = () => services.clock.nowMs() >= endMs;
  let decided = decide(services, book);

  /** What the loop ends with, if it does. */
  async function settle({ starts }: Decided, { leased, start }: Tried): Promise<Placing | undefined> {
    for (const [i, { job, pool, destination }] of starts.entries()) {
      const outcome = leased?.[i] ?? (isOver() ? undefined : await start(i));
      if (outcome?.kind === 'started' || outcome?.kind === 'past')
        noteJob(book, job.job, outcome.row, services.stage.settings.leaseSeconds);
      else for (const left of starts.slice(i)) undo(book, left);
      if (outcome === undefined) return 'outOfTime';
      if (outcome.kind === 'full') {
        if (!patient) return 'stale';
        services.log.error('a start was refused that should have been free', { job: job.job, pool, limit: outcome.of });
        return leftOut(book, job, pool, outcome.of) ? undefined : 'nothingLeft';
      }
      if (outcome.kind === 'past') continue;
      onStart(outcome.row);
      await sends.add(outcome, destination);
    }
    return undefined;
  }

  try {
    while (decided.starts.length > 0) {
      if (isOver()) return 'outOfTime';
      const trying = tried(services, book, decided);
      const these = decided;
      decided = decide(services, book);
      const ending = await settle(these, await trying);
      if (ending !== undefined) return ending;
      // What these left no room for may fit, now that it is known what became of them.
      if (decided.starts.length === 0) decided = decide(services, book);
    }
    return 'nothingLeft';
  } finally {
    for (const start of decided.starts) undo(book, start);
    await sends.all();
  }
}

type WaitingJob = NonNullable<ReturnType<Book['next']>>['job'];

interface Decision extends Pick<Start, 'reason' | 'ownMaxJobs'> {
  job: WaitingJob;
  pool: string;
  destination: Destination & Start['pool'];
}

/** In the book they have their places already, so that the next can be decided; their jobs are being read. */
interface Decided {
  starts: Decision[];
  rows: Promise<Map<string, JobRow>>;
}

function decide(services: SchedulerServices, book: Book): Decided {
  const starts: Decision[] = [];
  for (
    let next = decideOne(services, book);
    next !== undefined;
    next = starts.length < mostStartsTogether ? decideOne(services, book) : undefined
  )
    starts.push(next);
  const rows = starts.length === 0 ? Promise.resolve(new Map()) : services.placement.jobs(starts.map(({ job }) => job.job));
  // Where it fails before it is waited for, it is whoever waits that is told.
  rows.catch(() => undefined);
  return { starts, rows };
}

function decideOne({ clock, stage }: SchedulerServices, book: Book): Decision | undefined {
  const nowMs = clock.nowMs();
  const start = book.next(nowMs);
  const destination = start && book.pool(start.pool)?.row;
  if (start === undefined || destination === undefined) return undefined;
  const { job, pool, reason } = start;
  book.removeWaiting(job.job);
  book.addLease(leaseToBe(job, pool, nowMs, stage.settings.leaseSeconds));
  return { job, pool, reason, destination, ownMaxJobs: book.customer(job.customer)?.row?.maxJobs };
}

/** `leased`: all of them were, in one write; else each is to be started alone, by its place among them. */
interface Tried {
  leased: Leased[] | undefined;
  start(i: number): Promise<Started>;
}

async function tried({ placement }: SchedulerServices, { overall }: Book, { starts, rows }: Decided): Promise<Tried> {
  const seen = await rows;
  const all = starts.map(
    ({ job, destination, reason, ownMaxJobs }): Start => ({
      ...{ job, pool: destination, reason, overall, ownMaxJobs },
      seen: seen.get(job.job),
    }),
  );
  return {
    leased: all.length > 1 ? await placement.startTogether(all) : undefined,
    start: (i) => {
      const start = all[i];
      if (start === undefined) throw new Error(`there are ${all.length} starts, none at ${i}`);
      return placement.start(start);
    },
  };
}

/** Not taken by the table after all. */
function undo(book: Book, { job }: Pick<Decision, 'job'>): void {
  book.removeLease(job.job);
  book.addWaiting(job);
}

/** False: nothing can start, as far as the table is concerned. */
function leftOut(book: Book, job: WaitingJob, pool: string, of: 'overall' | 'customer' | 'pool'): boolean {
  if (of === 'pool') book.removePool(pool);
  if (of === 'customer') book.removeWaiting(job.job);
  return of !== 'overall';
}

/** Sends on their way, few at a time. One that fails keeps nobody waiting: the sweep finds it. */
function sending(services: SchedulerServices, book: Book) {
  const open = new Set<Promise<void>>();
  async function send({ row, lease, event }: Leased, pool: Destination): Promise<void> {
    try {
      const [failed] = await Promise.all([sendTask(services, row, lease, pool), goOn(services, { row, event })]);
      if (failed !== undefined) noteJob(book, row.job, failed, services.stage.settings.leaseSeconds);
    } catch (error) {
      services.log.warn('task not sent; the sweep sends it', { job: row.job, pool: pool.taskGroup, ...errorFields(error) });
    }
  }
  return {
    async add(started: Leased, pool: Destination): Promise<void> {
      const sent: Promise<void> = send(started, pool).finally(() => open.delete(sent));
      open.add(sent);
      if (open.size >= sendsAtOnce) await Promise.race(open);
    },
    all: () => Promise.all(open),
  };
}

/**
 * How much of its running jobs a target has on its queue, and whose. Pure.
 *
 * Little: about ten seconds of its work, so that the one task of a new job starts within seconds beside half a million of
 * another; enough that it never runs dry, as more is sent when half of it is worked off. Never more than a day of work or
 * 100,000 tasks: what is stored cannot expire, what is on a queue can.
 */
import { type Priority, priorityWeights } from '../../contract/job.ts';

const secondsOfWork = 10;
const firstRounds = 4;
const longestSeconds = 86_400;
const mostTasks = 100_000;

/** What a target works with. */
export interface Capacity {
  /** Tasks at once. */
  concurrency: number;
  batchSize: number;
  /** Starts a second that its config item allows. */
  ratePerSecond?: number | undefined;
}

/** What was measured of it last. */
export interface Pace {
  ratePerSecond: number;
  depth: number;
}

const slots = ({ concurrency, batchSize }: Capacity) => concurrency * batchSize;

/** With nothing measured: a few rounds, as each may take long, or ten seconds of the allowed rate. It grows as it runs dry. */
export function firstDepth(capacity: Capacity): number {
  const { ratePerSecond } = capacity;
  const rounds = firstRounds * slots(capacity);
  return bounded(ratePerSecond === undefined ? rounds : Math.min(rounds, ratePerSecond * secondsOfWork), capacity, ratePerSecond);
}

/**
 * `ranDry`: all that was sent has been worked off before this look, though there was more to send, so that what was measured
 * is no more than was sent: twice as much next time.
 */
export function depthFor(capacity: Capacity, { ratePerSecond, depth }: Pace, ranDry: boolean): number {
  const measured = ratePerSecond * secondsOfWork;
  return bounded(ranDry ? Math.max(measured, depth * 2) : measured, capacity, ratePerSecond);
}

/** Tasks that failed and come back are on the queue as well, hidden, and for longer than ten seconds: only their number counts. */
export const depthBeside = (comingBack: number, depth: number) => Math.max(0, Math.min(depth, mostTasks - comingBack));

function bounded(wanted: number, capacity: Capacity, ratePerSecond = 0): number {
  const least = 2 * slots(capacity);
  const most = Math.min(mostTasks, ratePerSecond > 0 ? ratePerSecond * longestSeconds : mostTasks);
  return Math.ceil(Math.max(least, Math.min(wanted, most)));
}

/** How much weight a new measure has over what was known, by how long it took. */
export function smoothedRate(before: number | undefined, ended: number, seconds: number): number {
  const rate = ended / seconds;
  if (before === undefined) return rate;
  const weight = 1 - Math.exp(-seconds / secondsOfWork);
  return before + (rate - before) * weight;
}

export interface Sharer {
  job: string;
  priority: Priority;
  /** Its tasks that are on the queue or running. */
  outstanding: number;
  /** Its tasks that are not sent yet, and may be. */
  left: number;
  /** Most it may have outstanding, whatever its share. */
  most?: number | undefined;
}

/**
 * How many tasks each job may send now, so that the target has `depth` of them: by weight, what one does not need going
 * to the others. A job with anything left gets at least one if it has nothing outstanding.
 */
export function allowances(sharers: readonly Sharer[], depth: number): Map<string, number> {
  const shares = new Map<string, number>();
  const wish = ({ outstanding, left, most }: Sharer) => Math.min(outstanding + left, most ?? Number.POSITIVE_INFINITY);
  let open = [...sharers];
  let free = depth;
  while (open.length > 0) {
    const weights = open.reduce((total, { priority }) => total + priorityWeights[priority], 0);
    const shareOf = ({ priority }: Sharer) => (Math.max(0, free) * priorityWeights[priority]) / weights;
    const content = open.filter((sharer) => wish(sharer) <= shareOf(sharer));
    for (const sharer of content.length > 0 ? content : open)
      shares.set(sharer.job, content.length > 0 ? wish(sharer) : Math.floor(shareOf(sharer)));
    if (content.length === 0) break;
    free -= content.reduce((total, sharer) => total + wish(sharer), 0);
    open = open.filter((sharer) => !content.includes(sharer));
  }
  return new Map(
    sharers.map((sharer) => {
      const { job, outstanding, left, most = Number.POSITIVE_INFINITY } = sharer;
      const least = outstanding === 0 ? 1 : 0;
      const allowed = Math.max(least, (shares.get(job) ?? 0) - outstanding);
      return [job, Math.max(0, Math.min(allowed, left, most - outstanding))];
    }),
  );
}

/** Why a job that states needs waits, or why it is where it is. Pure. */
import type { JobStatus } from '../../contract/job.ts';
import type { Explanation } from '../../contract/lease-api.ts';
import type { PlacementReason } from '../../contract/placement.ts';
import type { PlacingRow } from '../../contract/placement-table.ts';
import type { Book } from '../placement/book.ts';
import { isBefore } from '../placement/ordered.ts';
import type { PlacedJob } from '../placement/placed-job.ts';
import { limitFigures, poolFigures } from './limit-figures.ts';
import type { Forecast } from './start-forecast.ts';

const iso = (ms: number) => new Date(ms).toISOString();
/** Of those that go first, so many are named. */
export const shownAhead = 10;

/** Of a job that nothing but its own state explains: `message` says it. */
export const plainExplanation = (id: string | undefined, status: JobStatus, text: string): Explanation => ({
  job: { ...(id === undefined ? {} : { id }), status },
  text,
  pools: [],
  limits: [],
  ahead: [],
});

/** Of one that waits for a pool, in a book where it does. `id` is absent of one that nobody has handed in. */
export function waitingExplanation(
  book: Book,
  waiting: PlacingRow,
  { id, forecast, nowMs }: { id: string | undefined; forecast: Forecast | undefined; nowMs: number },
): Explanation {
  const limits = limitFigures(book, waiting.customer);
  const pools = poolFigures(book, waiting, waiting, nowMs);
  const { place, ahead } = turnOf(book, waiting);
  const start = forecast && {
    pool: forecast.pool,
    earliest: iso(forecast.earliestMs),
    ...(forecast.latestMs === undefined ? {} : { latest: iso(forecast.latestMs) }),
  };
  const isNow = forecast !== undefined && forecast.earliestMs <= nowMs && forecast.latestMs === forecast.earliestMs;
  return {
    ...plainExplanation(id, 'PENDING', isNow ? `it starts now, on pool ${forecast.pool}` : whyItWaits({ limits, pools, place })),
    pools,
    limits,
    place,
    ahead,
    ...(start === undefined ? {} : { start }),
  };
}

/** Of one that waits for its time or its next attempt, or is looked at: what it will be up against. */
export const laterExplanation = (book: Book, { job, status, customer, placed }: PlacedJob, text: string, nowMs: number): Explanation => ({
  ...plainExplanation(job, status, text),
  pools: poolFigures(book, placed, undefined, nowMs),
  limits: limitFigures(book, customer),
  ...(placed.step === 'later' ? { start: { earliest: iso(Math.max(nowMs, placed.stepKeyMs)) } } : {}),
});

/** Of one that is on a pool: nothing holds it any more. */
export function leasedExplanation(book: Book, { job, status, customer, placed }: PlacedJob, text: string, nowMs: number): Explanation {
  const { pool, reason } = placed;
  const pools = poolFigures(book, placed, undefined, nowMs).filter((figures) => figures.pool === pool);
  return {
    ...plainExplanation(job, status, reason === undefined ? text : `${text}; it is there because ${reasons[reason]}`),
    pools: pools.map((figures) => ({ ...figures, fits: true, figures: figures.figures.map((figure) => ({ ...figure, holds: false })) })),
    limits: limitFigures(book, customer).map((figure) => ({ ...figure, holds: false })),
  };
}

const reasons: Record<PlacementReason, string> = {
  affinity: 'it wanted that pool (affinity)',
  locality: 'of the pools that it fitted this has most bytes of its inputs near',
  cost: 'of the pools that it fitted this is the cheapest',
  spread: 'of the pools that it fitted this was used least',
  only: 'no other pool fitted then',
};

function whyItWaits({ limits, pools, place }: Pick<Explanation, 'limits' | 'pools' | 'place'>): string {
  const holding = limits.filter(({ holds }) => holds).map(({ text }) => text);
  if (holding.length > 0) return `it waits: ${holding.join(', ')}`;
  if (pools.some(({ fits }) => fits)) return `it waits for its turn: place ${place?.overall} of ${place?.waiting}`;
  const never = new Set(['label', 'affinity']);
  const suitable = pools.filter(({ figures }) => !figures.some(({ limit }) => never.has(limit)));
  if (suitable.length === 0) return 'it waits: no pool is as it needs one';
  const whys = suitable.map(({ pool, figures }) => `on ${pool} ${figures.flatMap(({ holds, text }) => (holds ? [text] : [])).join(', ')}`);
  return `it waits for room: ${whys.join('; ')}`;
}

/** Its place in the order, and who goes before it. */
function turnOf(book: Book, waiting: PlacingRow): Pick<Explanation, 'ahead'> & { place: NonNullable<Explanation['place']> } {
  const own = book.placeOf(waiting);
  const before: PlacingRow[] = [];
  for (const [row] of book.allWaiting()) if (row.job !== waiting.job && isBefore(book.placeOf(row), own)) before.push(row);
  before.sort((a, b) => (isBefore(book.placeOf(a), book.placeOf(b)) ? -1 : 1));
  return {
    place: {
      ofCustomer: before.filter(({ customer }) => customer === waiting.customer).length + 1,
      overall: before.length + 1,
      waiting: book.waitingJobs,
    },
    ahead: before.slice(0, shownAhead).map((row) => ({
      job: row.job,
      ...(row.customer === undefined ? {} : { customer: row.customer }),
      why: whyBefore(book, row, waiting),
    })),
  };
}

function whyBefore(book: Book, row: PlacingRow, waiting: PlacingRow): string {
  const [share, own] = [book.placeOf(row).share, book.placeOf(waiting).share];
  if (share < own) return `its customer uses less: a share of ${percent(share)}, and this one's ${percent(own)}`;
  return `priority ${row.priority}, waits since ${iso(row.readyAtMs)}`;
}

const percent = (share: number) => `${(share * 100).toFixed(1)}%`;

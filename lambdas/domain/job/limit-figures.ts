/** Each limit and each pool with its figures, as they let a job through or hold it. Pure. */
import type { Explanation, LimitFigure } from '../../contract/lease-api.ts';
import type { Needs } from '../../contract/placement.ts';
import type { PlacingRow } from '../../contract/placement-table.ts';
import type { Book } from '../placement/book.ts';
import { isBefore } from '../placement/ordered.ts';
import { type Pool, type Shape, shapeOf } from '../placement/shape.ts';
import { customerMaxJobs, noCustomer } from '../placement/shares.ts';
import { fromUnits } from '../placement/units.ts';

type PoolFigures = Explanation['pools'][number];

/** Over all pools. */
export function limitFigures(book: Book, customer: string | undefined): LimitFigure[] {
  const overall = counted('overall', undefined, book.leasedJobs, book.overall.maxJobs, 'all pools');
  const known = book.customer(customer);
  const most = customerMaxJobs(customer ?? noCustomer, known?.row, book.overall);
  if (most === undefined) return [overall];
  return [overall, counted('customer', customer, known?.use.jobs ?? 0, most, `customer ${customer}`)];
}

/** Each pool that is there, by name; of a job that waits also whether it is kept for another. */
export function poolFigures(
  book: Book,
  job: Pick<PlacingRow, 'needs' | 'affinity'>,
  waiting: PlacingRow | undefined,
  nowMs: number,
): PoolFigures[] {
  const shape = shapeOf(job);
  const kept = waiting && keptFor(book, waiting, nowMs);
  return book.pools().map((pool) => {
    const figures = [...figuresOf(pool, shape, job.needs), ...(kept?.of === pool.row.taskGroup ? [kept] : [])];
    return { pool: pool.row.taskGroup, fits: figures.every(({ holds }) => !holds), figures };
  });
}

function figuresOf(pool: Pool, shape: Shape, needs: Needs): LimitFigure[] {
  const { row, use, capacity } = pool;
  const of = row.taskGroup;
  return [
    ...(row.state === 'open'
      ? []
      : [{ limit: 'state', of, holds: true, text: `pool ${of} is ${row.state}${row.why === undefined ? '' : `: ${row.why}`}` } as const]),
    ...(shape.onlyOn === undefined || shape.onlyOn === of
      ? []
      : [{ limit: 'affinity', of, holds: true, text: `the job is to run on ${shape.onlyOn} alone` } as const]),
    ...Object.entries(needs.labels ?? {}).flatMap(([name, value]) => labelFigure(pool, name, value)),
    counted('pool', of, use.jobs, row.maxJobs, `pool ${of}`),
    ...shape.needed.map(([name, units]): LimitFigure => {
      const [used, total] = [use.of(name), capacity.get(name) ?? 0];
      const free = fromUnits(Math.max(0, total - used));
      const figures = { used: fromUnits(used), total: fromUnits(total), needed: fromUnits(units) };
      const text = `${name} ${free} free of ${figures.total}, ${figures.needed} needed`;
      return { limit: 'quantity', of, name, ...figures, holds: used + units > total, text };
    }),
  ];
}

function labelFigure({ row }: Pool, name: string, value: string): LimitFigure[] {
  const own = Object.hasOwn(row.labels, name) ? row.labels[name] : undefined;
  if (own === value) return [];
  const text = own === undefined ? `has no label ${name}` : `label ${name} is ${own}, not ${value}`;
  return [{ limit: 'label', of: row.taskGroup, name, holds: true, text }];
}

/** A pool that another job has waited for longer: who comes after it starts there only where both have room. */
function keptFor(book: Book, waiting: PlacingRow, nowMs: number): LimitFigure | undefined {
  const kept = book.reservation(nowMs);
  if (kept === undefined || kept.job.job === waiting.job || isBefore(book.placeOf(waiting), kept.place)) return undefined;
  const of = kept.pool.row.taskGroup;
  return { limit: 'reservation', of, holds: true, text: `kept free for job ${kept.job.job}, which has waited long and fits nowhere` };
}

const counted = (
  limit: 'overall' | 'customer' | 'pool',
  of: string | undefined,
  used: number,
  total: number,
  what: string,
): LimitFigure => ({
  limit,
  ...(of === undefined ? {} : { of }),
  used,
  total,
  holds: used >= total,
  text: `${what} ${used} of ${total}`,
});

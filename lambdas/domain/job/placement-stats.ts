/** Figures of jobs that state needs, of their pools and customers, put together from what was read of them. Pure. */
import type { CustomerStats, PlacementStats, PoolStats } from '../../contract/job-api-stage.ts';
import type { PlacingRow } from '../../contract/placement-table.ts';
import type { Book } from '../placement/book.ts';
import type { Customer } from '../placement/customers.ts';
import type { KnownPool } from '../placement/fits.ts';
import type { PlacedJob } from '../placement/placed-job.ts';
import { noCustomer } from '../placement/shares.ts';
import { fromUnits, Use } from '../placement/units.ts';

export interface SeenPlacement {
  book: Book;
  /** Jobs that wait for their next attempt. */
  retrying: readonly PlacedJob[];
  /** Of the last day. */
  failed: readonly PlacedJob[];
  /** There are more of the two. */
  areMinimums: boolean;
  nowMs: number;
}

/** Undefined of a stage that has neither pools nor jobs for them. */
export function placementStats({ book, retrying, failed, areMinimums, nowMs }: SeenPlacement): PlacementStats | undefined {
  const pools = book.pools();
  const customers = [...book.customers()].filter((customer) => isShown(customer, retrying));
  if (pools.length + customers.length + book.waitingJobs + book.leasedJobs + retrying.length + failed.length === 0) return undefined;
  const waiting = [...book.allWaiting()];
  const open = pools.filter(({ row }) => row.state === 'open');
  return {
    ready: book.waitingJobs,
    inProgress: book.leasedJobs,
    retrying: retrying.length,
    failed: failed.length,
    maxJobs: book.overall.maxJobs,
    ...oldestWait(
      waiting.map(([row]) => row),
      nowMs,
    ),
    quantities: quantitiesOf(open),
    pools: pools.map((pool) => ({
      ...poolOf(pool),
      ready: waiting.filter(([, shape]) => shape.matches.get(pool.row.taskGroup)?.possible === true).length,
      ...countedBy(retrying, failed, ({ placed }) => placed.pool === pool.row.taskGroup),
    })),
    customers: customersOf(
      book,
      customers,
      waiting.map(([row]) => row),
      { retrying, failed, nowMs },
    ),
    areMinimums,
  };
}

/** Not those of whom nothing is left but that they once had a job. */
const isShown = ({ name, row, use, queues }: Customer, retrying: readonly PlacedJob[]) =>
  use.jobs > 0 ||
  queues.size > 0 ||
  row?.maxJobs !== undefined ||
  (row?.weight ?? 1) !== 1 ||
  retrying.some(({ customer = noCustomer }) => customer === name);

const countedBy = (retrying: readonly PlacedJob[], failed: readonly PlacedJob[], isOf: (job: PlacedJob) => boolean) => ({
  retrying: retrying.filter(isOf).length,
  failed: failed.filter(isOf).length,
});

const poolOf = ({ row, use, capacity }: KnownPool): Omit<PoolStats, 'ready' | 'retrying' | 'failed'> => ({
  pool: row.taskGroup,
  state: row.state,
  ...(row.why === undefined ? {} : { why: row.why }),
  inProgress: use.jobs,
  maxJobs: row.maxJobs,
  quantities: usedOf(use, capacity),
});

function usedOf(use: Use, capacity: ReadonlyMap<string, number>): PoolStats['quantities'] {
  const names = new Set([...capacity.keys(), ...use.units.keys()]);
  return Object.fromEntries(
    [...names].sort().map((name) => [name, { used: fromUnits(use.of(name)), total: fromUnits(capacity.get(name) ?? 0) }]),
  );
}

function quantitiesOf(pools: readonly KnownPool[]): PlacementStats['quantities'] {
  const [used, total] = [new Use(), new Map<string, number>()];
  for (const { use, capacity } of pools) {
    for (const [name, units] of use.units) used.units.set(name, used.of(name) + units);
    for (const [name, units] of capacity) total.set(name, (total.get(name) ?? 0) + units);
  }
  return usedOf(used, total);
}

function customersOf(
  book: Book,
  customers: readonly Customer[],
  waiting: readonly PlacingRow[],
  { retrying, failed, nowMs }: Pick<SeenPlacement, 'retrying' | 'failed' | 'nowMs'>,
): CustomerStats[] {
  const waitingBy = Map.groupBy(waiting, ({ customer = noCustomer }) => customer);
  return customers
    .map(({ name, row, use, share }) => {
      const own = waitingBy.get(name) ?? [];
      const maxJobs = name === noCustomer ? undefined : (row?.maxJobs ?? book.overall.perCustomerMaxJobs);
      return {
        ...(name === noCustomer ? {} : { customer: name }),
        ready: own.length,
        inProgress: use.jobs,
        ...countedBy(retrying, failed, ({ customer = noCustomer }) => customer === name),
        ...(maxJobs === undefined ? {} : { maxJobs }),
        weight: row?.weight ?? 1,
        share: Number(share.toFixed(6)),
        ...oldestWait(own, nowMs),
      };
    })
    .sort((a, b) => ((a.customer ?? '') < (b.customer ?? '') ? -1 : 1));
}

function oldestWait(waiting: readonly PlacingRow[], nowMs: number): { oldestWaitSeconds?: number } {
  if (waiting.length === 0) return {};
  const oldestMs = waiting.reduce((oldest, { readyAtMs }) => Math.min(oldest, readyAtMs), nowMs);
  return { oldestWaitSeconds: Math.round((nowMs - oldestMs) / 1_000) };
}

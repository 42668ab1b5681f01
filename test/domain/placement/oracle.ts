/** The rules of placement written down once more, as plainly as can be: every job against every pool, every time. */
import type { LeaseRow, OverallRow, PlacingRow, PoolRow } from '../../../lambdas/contract/placement-table.ts';
import type { Snapshot } from '../../../lambdas/domain/placement/book.ts';

export interface World extends Snapshot {
  overall: OverallRow;
  pools: PoolRow[];
  waiting: PlacingRow[];
  leases: LeaseRow[];
  customers: NonNullable<Snapshot['customers'] extends Iterable<infer Row> ? Row[] : never>;
}

const needsOf = ({ needs }: PlacingRow) => Object.entries(needs.quantities ?? {}).filter(([, need]) => need > 0);
const sum = (numbers: number[]) => numbers.reduce((total, value) => total + value, 0);

export function oracle(world: World, nowMs: number) {
  const { overall, pools, waiting, leases, customers } = world;
  const on = (pool: string) => leases.filter((lease) => lease.pool === pool);
  const used = (of: LeaseRow[], quantity: string) => sum(of.map(({ quantities }) => quantities[quantity] ?? 0));
  const open = pools.filter(({ state }) => state === 'open');
  const total = (quantity: string) => sum(open.map(({ capacity }) => capacity[quantity] ?? 0));
  const places = Math.min(overall.maxJobs, sum(open.map(({ maxJobs }) => maxJobs)));
  const ofCustomer = (name: string | undefined) => leases.filter((lease) => lease.customer === name);
  const rowOf = (name: string | undefined) => customers.find(({ customer }) => customer === name);

  function share(name: string | undefined): number {
    const own = ofCustomer(name);
    const names = new Set(own.flatMap(({ quantities }) => Object.keys(quantities)));
    const parts = [...names].filter((quantity) => total(quantity) > 0).map((quantity) => used(own, quantity) / total(quantity));
    return Math.max(0, places > 0 ? own.length / places : 0, ...parts) / (rowOf(name)?.weight ?? 1);
  }

  const mayStart = ({ customer, startByMs }: PlacingRow) =>
    (startByMs === undefined || startByMs > nowMs) &&
    (customer === undefined ||
      ofCustomer(customer).length < (rowOf(customer)?.maxJobs ?? overall.perCustomerMaxJobs ?? Number.POSITIVE_INFINITY));
  const shares = new Map([...new Set(waiting.map(({ customer }) => customer))].map((name) => [name, share(name)]));
  const order = (a: PlacingRow, b: PlacingRow) =>
    (shares.get(a.customer) ?? 0) - (shares.get(b.customer) ?? 0) || a.orderMs - b.orderMs || (a.job < b.job ? -1 : 1);

  /** `others`: jobs that are to fit as well. */
  function room(pool: PoolRow, jobs: PlacingRow[], running: LeaseRow[]): boolean {
    const [job] = jobs;
    if (job === undefined || pool.state !== 'open') return false;
    const labels = Object.entries(job.needs.labels ?? {}).every(([name, value]) => pool.labels[name] === value);
    const wanted = !job.affinity?.required || job.affinity.pool === pool.taskGroup;
    const taken = needsOf(job).every(
      ([name]) => used(running, name) + sum(jobs.map(({ needs }) => needs.quantities?.[name] ?? 0)) <= (pool.capacity[name] ?? 0),
    );
    return labels && wanted && taken && running.length + jobs.length <= pool.maxJobs;
  }
  const fits = (job: PlacingRow, pool: PoolRow) => room(pool, [job], on(pool.taskGroup));
  const couldFit = (job: PlacingRow, pool: PoolRow) => room(pool, [job], []);
  const lacks = (job: PlacingRow, pool: PoolRow) =>
    Math.max(
      (on(pool.taskGroup).length + 1 - pool.maxJobs) / pool.maxJobs,
      ...needsOf(job).map(
        ([name, need]) => (used(on(pool.taskGroup), name) + need - (pool.capacity[name] ?? 0)) / (pool.capacity[name] ?? 0),
      ),
    );

  const inOrder = waiting.filter(mayStart).sort(order);
  const patient = inOrder.find(
    (job) =>
      nowMs - job.readyAtMs > overall.reserveAfterSeconds * 1_000 &&
      !pools.some((pool) => fits(job, pool)) &&
      pools.some((pool) => couldFit(job, pool)),
  );
  const kept = patient && {
    job: patient,
    pool: pools
      .filter((pool) => couldFit(patient, pool))
      .sort((a, b) => lacks(patient, a) - lacks(patient, b) || (a.taskGroup < b.taskGroup ? -1 : 1))[0],
  };
  const mayTake = (job: PlacingRow, pool: PoolRow) =>
    fits(job, pool) &&
    (kept === undefined || kept.pool !== pool || order(job, kept.job) < 0 || room(pool, [job, kept.job], on(pool.taskGroup)));
  const isFull = leases.length >= overall.maxJobs;
  const first = isFull ? undefined : inOrder.find((job) => pools.some((pool) => mayTake(job, pool)));
  return {
    inOrder,
    share,
    kept,
    fits,
    couldFit,
    next: first && { job: first.job, pools: pools.filter((pool) => mayTake(first, pool)).map(({ taskGroup }) => taskGroup) },
  };
}

/**
 * Limits that were passed: there must be none, as each start checks all of them in the write that takes its place. What a
 * lowered limit leaves over is none: only what started since may not be too much. Pure.
 */
import type { CustomerRow, LeaseRow, OverallRow, PoolRow } from '../../contract/placement-table.ts';
import { clockSkewMs } from '../../contract/task-table.ts';
import { customerMaxJobs, noCustomer } from './shares.ts';
import { fromUnits, neededOf, offeredUnits, Use } from './units.ts';

export interface Violation {
  limit: 'overall' | 'customer' | 'pool' | 'quantity';
  of?: string;
  /** Of the quantity. */
  name?: string;
  used: number;
  total: number;
}

export interface Limited {
  overall: OverallRow;
  pools: Iterable<PoolRow>;
  customers: Iterable<CustomerRow>;
  /** All that were held at some moment. */
  leases: Iterable<LeaseRow>;
}

export function limitViolations({ overall, pools, customers, leases }: Limited): Violation[] {
  const all = [...leases];
  const onPools = Map.groupBy(all, ({ pool }) => pool);
  const rows = new Map([...customers].map((row) => [row.customer, row]));
  return [
    ...jobsOver('overall', undefined, all, overall.maxJobs, overall.limitsAtMs),
    ...[...Map.groupBy(all, ({ customer = noCustomer }) => customer)].flatMap(([customer, own]) => {
      const row = rows.get(customer);
      const changes = [row?.limitsAtMs, overall.limitsAtMs].filter((atMs) => atMs !== undefined);
      return jobsOver('customer', customer, own, customerMaxJobs(customer, row, overall), Math.max(0, ...changes));
    }),
    ...[...pools].flatMap((pool) => poolViolations(pool, onPools.get(pool.taskGroup) ?? [])),
  ];
}

function poolViolations({ taskGroup, maxJobs, capacity, limitsAtMs }: PoolRow, leases: readonly LeaseRow[]): Violation[] {
  const use = new Use();
  for (const { quantities } of leases) use.change(neededOf(quantities), 1);
  const quantities = [...use.units].flatMap(([name, units]): Violation[] => {
    const total = offeredUnits(Object.hasOwn(capacity, name) ? (capacity[name] ?? 0) : 0);
    const takers = leases.filter((lease) => neededOf(lease.quantities).some(([needed]) => needed === name));
    if (units <= total || !startedSince(takers, limitsAtMs)) return [];
    return [{ limit: 'quantity', of: taskGroup, name, used: fromUnits(units), total: fromUnits(total) }];
  });
  return [...jobsOver('pool', taskGroup, leases, maxJobs, limitsAtMs), ...quantities];
}

function jobsOver(
  limit: Violation['limit'],
  of: string | undefined,
  leases: readonly LeaseRow[],
  total: number | undefined,
  limitsAtMs: number | undefined,
): Violation[] {
  if (total === undefined || leases.length <= total || !startedSince(leases, limitsAtMs)) return [];
  return [{ limit, ...(of === undefined ? {} : { of }), used: leases.length, total }];
}

/** The last of them found all others there: it started though there was no room. Clocks may differ. */
const startedSince = (leases: readonly LeaseRow[], limitsAtMs = 0) =>
  leases.some(({ grantedAtMs }) => grantedAtMs > limitsAtMs + clockSkewMs);

/** What customers use of what there is: their dominant shares, by which they take turns. Pure. */
import type { CustomerRow, OverallRow } from '../../contract/placement-table.ts';
import type { Pool } from './shape.ts';
import { Use } from './units.ts';

/** Jobs without a customer are one customer of weight 1, and no limit of customers holds for them. */
export const noCustomer = '';

/** What there is to share: of each quantity that of all open pools, and of places for jobs no more than may run in all. */
export function totalsOf(pools: Iterable<Pool>, { maxJobs }: Pick<OverallRow, 'maxJobs'>): Use {
  const totals = new Use();
  for (const { row, capacity } of pools) {
    if (row.state !== 'open') continue;
    totals.jobs += row.maxJobs;
    for (const [name, units] of capacity) totals.units.set(name, totals.of(name) + units);
  }
  totals.jobs = Math.min(totals.jobs, maxJobs);
  return totals;
}

export interface Dominant {
  /** Of what it uses the largest part; `jobs` for places. */
  of: string;
  part: number;
}

/** What no open pool offers any more is nobody's loss. */
export function dominantOf(use: Use, totals: Use): Dominant {
  let dominant: Dominant = { of: 'jobs', part: totals.jobs > 0 ? use.jobs / totals.jobs : 0 };
  for (const [name, units] of use.units) {
    const total = totals.of(name);
    if (total > 0 && units / total > dominant.part) dominant = { of: name, part: units / total };
  }
  return dominant;
}

export const weightedShare = (use: Use, totals: Use, weight: number) => dominantOf(use, totals).part / weight;

/** Jobs it may have at once; undefined: as many as there is room for. */
export const customerMaxJobs = (customer: string, row: CustomerRow | undefined, overall: OverallRow): number | undefined =>
  customer === noCustomer ? undefined : (row?.maxJobs ?? overall.perCustomerMaxJobs);

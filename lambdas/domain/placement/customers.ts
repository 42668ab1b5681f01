/** The customers of a book: what each uses, its share by that, and whether it is at its limit. Pure. */
import type { CustomerRow, OverallRow } from '../../contract/placement-table.ts';
import type { Pool } from './shape.ts';
import { customerMaxJobs, noCustomer, totalsOf, weightedShare } from './shares.ts';
import { Use } from './units.ts';
import type { Waiter } from './waiting-lines.ts';

export interface Customer extends Waiter {
  readonly name: string;
  /** Limits of its own. */
  row: CustomerRow | undefined;
  readonly use: Use;
}

export class Customers {
  readonly byName = new Map<string, Customer>();
  totals = new Use();
  #overall: OverallRow;
  readonly #onChange: (customer: Customer) => void;

  /** `onChange` is told of each whose turn comes sooner or later now. */
  constructor(overall: OverallRow, onChange: (customer: Customer) => void) {
    this.#overall = overall;
    this.#onChange = onChange;
  }

  of(name: string = noCustomer): Customer {
    const known = this.byName.get(name);
    if (known !== undefined) return known;
    const customer: Customer = { name, row: undefined, use: new Use(), share: 0, full: false, queues: new Map() };
    this.byName.set(name, customer);
    this.renew(customer);
    return customer;
  }

  renew(customer: Customer): void {
    const { name, row, use } = customer;
    const share = weightedShare(use, this.totals, row?.weight ?? 1);
    const full = use.jobs >= (customerMaxJobs(name, row, this.#overall) ?? Number.POSITIVE_INFINITY);
    if (share === customer.share && full === customer.full) return;
    Object.assign(customer, { share, full });
    this.#onChange(customer);
  }

  /** There is more or less to share now, or other limits hold. */
  renewAll(pools: Iterable<Pool>, overall: OverallRow): void {
    this.totals = totalsOf(pools, overall);
    this.#overall = overall;
    for (const customer of this.byName.values()) this.renew(customer);
  }

  /** Nobody remembers a customer that has nothing here. */
  forgetIdle(name: string = noCustomer): void {
    const known = this.byName.get(name);
    if (known?.row === undefined && known?.use.jobs === 0 && known.queues.size === 0) this.byName.delete(name);
  }
}

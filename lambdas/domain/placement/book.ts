/**
 * All that decides which job starts next and where: who waits, who is on which pool, pools and limits. It is told of each
 * change and looks again only at what that changes. What is used follows from the leases alone, whatever a row counts. Pure.
 */
import type { CustomerRow, LeaseRow, OverallRow, PlacingRow, PoolRow } from '../../contract/placement-table.ts';
import { type Customer, Customers } from './customers.ts';
import { Fits, type KnownPool, type KnownShape } from './fits.ts';
import { Ordered, type Place } from './ordered.ts';
import { noCustomer } from './shares.ts';
import { type Reservation, reservationOf, type Start, startOf } from './turn.ts';
import { neededOf, type Use } from './units.ts';
import { type WaitingJob, WaitingLines } from './waiting-lines.ts';

export interface Snapshot {
  overall: OverallRow;
  pools: Iterable<PoolRow>;
  customers: Iterable<CustomerRow>;
  waiting: Iterable<PlacingRow>;
  leases: Iterable<LeaseRow>;
}

export class Book {
  #overall: OverallRow;
  readonly #waiting = new Map<string, WaitingJob>();
  readonly #leases = new Map<string, LeaseRow>();
  readonly #lines = new WaitingLines();
  readonly #fits = new Fits({ fit: (shape) => this.#lines.renewFit(shape), reach: (shape) => this.#lines.renewReach(shape) });
  readonly #customers: Customers;
  /** Those that must have started by some time, by that time; and those that have not. */
  readonly #lapsing = new Ordered<WaitingJob>();
  readonly #lapsed = new Set<WaitingJob>();

  constructor({ overall, pools, customers, waiting, leases }: Snapshot) {
    this.#overall = overall;
    this.#customers = new Customers(overall, (customer) => this.#lines.renewCustomer(customer));
    for (const row of pools) this.#fits.setPool(row);
    this.#customers.renewAll(this.#fits.pools.values(), overall);
    for (const row of customers) this.setCustomer(row);
    for (const row of leases) this.addLease(row);
    for (const row of waiting) this.addWaiting(row);
  }

  get overall(): OverallRow {
    return this.#overall;
  }

  /** What there is to share. */
  get totals(): Use {
    return this.#customers.totals;
  }

  pool(taskGroup: string): KnownPool | undefined {
    return this.#fits.pools.get(taskGroup);
  }

  /** By name. */
  pools(): KnownPool[] {
    return [...this.#fits.pools.values()].sort((a, b) => (a.row.taskGroup < b.row.taskGroup ? -1 : 1));
  }

  customer(name: string = noCustomer): Customer | undefined {
    return this.#customers.byName.get(name);
  }

  customers(): Iterable<Customer> {
    return this.#customers.byName.values();
  }

  get waitingJobs(): number {
    return this.#waiting.size;
  }

  get leasedJobs(): number {
    return this.#leases.size;
  }

  waiting(job: string): PlacingRow | undefined {
    return this.#waiting.get(job)?.row;
  }

  lease(job: string): LeaseRow | undefined {
    return this.#leases.get(job);
  }

  /** All that wait, in no order; with the shape that they are of. */
  *allWaiting(): Generator<readonly [PlacingRow, KnownShape]> {
    for (const { row, queue } of this.#waiting.values()) yield [row, queue.lane.shape];
  }

  allLeases(): Iterable<LeaseRow> {
    return this.#leases.values();
  }

  placeOf({ customer, orderMs, job }: Pick<PlacingRow, 'customer' | 'orderMs' | 'job'>): Place {
    return { share: this.customer(customer)?.share ?? 0, orderMs, job };
  }

  setPool(row: PoolRow): void {
    if (this.#fits.setPool(row)) this.#customers.renewAll(this.#fits.pools.values(), this.#overall);
  }

  removePool(taskGroup: string): void {
    if (this.#fits.removePool(taskGroup)) this.#customers.renewAll(this.#fits.pools.values(), this.#overall);
  }

  setOverall(row: OverallRow): void {
    const before = this.#overall;
    this.#overall = row;
    if (before.reserveAfterSeconds !== row.reserveAfterSeconds) this.#lines.unripen(this.#waiting.values());
    this.#customers.renewAll(this.#fits.pools.values(), row);
  }

  setCustomer(row: CustomerRow): void {
    const customer = this.#customers.of(row.customer);
    customer.row = row;
    this.#customers.renew(customer);
  }

  addWaiting(row: PlacingRow): void {
    this.removeWaiting(row.job);
    const waiting = this.#lines.add(row, this.#fits.enter(row), this.#customers.of(row.customer));
    this.#waiting.set(row.job, waiting);
    if (row.startByMs !== undefined) this.#lapsing.set(waiting, { share: 0, orderMs: row.startByMs, job: row.job });
  }

  removeWaiting(job: string): void {
    const waiting = this.#waiting.get(job);
    if (waiting === undefined) return;
    this.#waiting.delete(job);
    this.#lapsing.delete(waiting);
    if (!this.#lapsed.delete(waiting)) this.#lines.remove(waiting);
    this.#fits.leave(waiting.queue.lane.shape);
    this.#customers.forgetIdle(waiting.row.customer);
  }

  addLease(row: LeaseRow): void {
    const known = this.#leases.get(row.job);
    // Only a word of the holder: what a lease takes is the same as long as it is the same lease.
    if (known?.fence !== row.fence) this.removeLease(row.job);
    const isNew = !this.#leases.has(row.job);
    this.#leases.set(row.job, row);
    if (isNew) this.#take(row, 1);
  }

  removeLease(job: string): void {
    const row = this.#leases.get(job);
    if (row === undefined) return;
    this.#leases.delete(job);
    this.#take(row, -1);
  }

  #take({ pool, customer: name, quantities }: LeaseRow, times: 1 | -1): void {
    const needed = neededOf(quantities);
    const customer = this.#customers.of(name);
    this.#fits.changeUse(pool, needed, times);
    customer.use.change(needed, times);
    this.#customers.renew(customer);
    this.#customers.forgetIdle(name);
  }

  /** The start that is due; undefined: nothing can start now. */
  next(nowMs: number): Start | undefined {
    this.#goOn(nowMs);
    return this.#leases.size < this.#overall.maxJobs ? startOf(this.#lines) : undefined;
  }

  /** Jobs that may not start any more: their `startBy` is over. */
  lapsed(nowMs: number): PlacingRow[] {
    this.#goOn(nowMs);
    return [...this.#lapsed].map(({ row }) => row);
  }

  reservation(nowMs: number): Reservation | undefined {
    this.#goOn(nowMs);
    return reservationOf(this.#lines);
  }

  /** What time alone changes. */
  #goOn(nowMs: number): void {
    this.#lines.ripen(nowMs, this.#overall.reserveAfterSeconds * 1_000);
    for (let late = this.#lapsing.firstPlace; late !== undefined && late.orderMs <= nowMs; late = this.#lapsing.firstPlace) {
      const waiting = this.#lapsing.first;
      if (waiting === undefined) return;
      this.#lapsing.delete(waiting);
      this.#lines.remove(waiting);
      this.#lapsed.add(waiting);
    }
  }
}

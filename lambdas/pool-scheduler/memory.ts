/**
 * The scheduler's memory: a Book of all that waits, runs and is allowed. It holds from one invocation to the next as long as
 * nobody else has scheduled in between; whatever it believes, each start is checked by the table.
 */

import type { JobRow } from '../contract/job-table.ts';
import type { OverallRow, PlacingRow } from '../contract/placement-table.ts';
import { Book } from '../domain/placement/book.ts';
import { isPlaced, leaseRowOf, placingOrder, placingRowOf } from '../domain/placement/placed-job.ts';
import { allPages } from '../framework/all-pages.ts';
import type { SchedulerServices } from './scheduler-services.ts';
import type { StartCounts } from './tell-figures.ts';

export interface Memory {
  /** As it calls itself where it says that its memory is the current one. */
  readonly holder: string;
  /** Absent: to be read anew. */
  book: Book | undefined;
  /** When the items of pools and limits were last looked for. */
  searchedAtMs: number;
  /** For the figures that each sweep tells. */
  counts: StartCounts;
}

/** Forgets the book of one who was not the last to schedule, and says that from now on it is the last. */
export async function takeOver({ placement }: SchedulerServices, memory: Memory): Promise<void> {
  const last = await placement.holder();
  if (last?.holder === memory.holder) return;
  memory.book = undefined;
  await placement.takeOver({ holder: memory.holder, run: (last?.run ?? 0) + 1 });
}

/** Leases first: a job that gets a place meanwhile is not missed where it waited. */
export async function readBook({ placement }: SchedulerServices, overall: OverallRow): Promise<Book> {
  const [leases, pools, customers] = [await placement.leases(), await placement.pools(), await placement.customers()];
  const waiting = (await allPages(placement.placing())).map((row) => inOrder(row, overall));
  return new Book({ overall, pools, customers, leases, waiting });
}

/** By the ageing that holds now: that of when its row was written may be another. */
const inOrder = (row: PlacingRow, { ageingSeconds }: OverallRow): PlacingRow => ({
  ...row,
  orderMs: placingOrder(row, row.readyAtMs, ageingSeconds),
});

/** The job is as its row says, or not there any more. */
export function noteJob(book: Book, job: string, row: JobRow | undefined, leaseSeconds: number): void {
  const step = isPlaced(row) ? row.placed.step : 'ended';
  if (step !== 'placing') book.removeWaiting(job);
  if (step !== 'leased') book.removeLease(job);
  if (!isPlaced(row)) return;
  if (step === 'placing') book.addWaiting(inOrder(placingRowOf(row), book.overall));
  if (step === 'leased') book.addLease(leaseRowOf(row, leaseSeconds));
}

export function noteOverall(book: Book, overall: OverallRow): void {
  const isOtherOrder = overall.ageingSeconds !== book.overall.ageingSeconds;
  book.setOverall(overall);
  if (isOtherOrder) for (const [row] of [...book.allWaiting()]) book.addWaiting(inOrder(row, overall));
}

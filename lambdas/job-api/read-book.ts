/** Pools, limits, and who waits and runs there, as they are at the moment: what the scheduler decides by, read once. */
import type { PlacementStore } from '../aws/placement/placement-store.ts';
import { Book, type Snapshot } from '../domain/placement/book.ts';
import { overallOf } from '../domain/placement/limits-of.ts';
import { placingOrder } from '../domain/placement/placed-job.ts';
import { allPages } from '../framework/all-pages.ts';

export const readBook = async (placement: PlacementStore, nowMs: number): Promise<Book> => new Book(await readSnapshot(placement, nowMs));

export async function readSnapshot(placement: PlacementStore, nowMs: number): Promise<Snapshot> {
  const [leases, pools, customers, known, waiting] = await Promise.all([
    placement.leases(),
    placement.pools(),
    placement.customers(),
    placement.overall(),
    allPages(placement.placing()),
  ]);
  const overall = known ?? overallOf(undefined, undefined, nowMs).row;
  const onPools = new Set(leases.map(({ job }) => job));
  const inOrder = waiting
    // One that got its place between the two reads is on its pool.
    .filter(({ job }) => !onPools.has(job))
    .map((row) => ({ ...row, orderMs: placingOrder(row, row.readyAtMs, overall.ageingSeconds) }));
  return { overall, pools, customers, leases, waiting: inOrder };
}

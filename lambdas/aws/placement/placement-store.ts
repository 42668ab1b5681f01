/**
 * Jobs that state needs, the pools that take them, and the limits over both. Every step is one transaction and may be
 * repeated: it says `past` where it was past it. Start here; which rows there are is in contract/placement-table.ts.
 */
import { endSteps } from './end-steps.ts';
import { recordedSteps } from './forget-steps.ts';
import { leaseSteps } from './lease-steps.ts';
import { limitRows } from './limit-rows.ts';
import { placementReads } from './placement-reads.ts';
import { type PlacementParts, placementSteps } from './steps.ts';
import { waitingSteps } from './waiting-steps.ts';

export function placementStore(parts: PlacementParts) {
  const { documents, jobsTable, tasksTable } = parts;
  const steps = placementSteps(parts);
  const waiting = waitingSteps(parts, steps);
  const { first, toPlacing, failUnstarted, change } = waiting;
  return {
    ...placementReads(documents, jobsTable),
    ...limitRows(documents, jobsTable),
    ...recordedSteps(documents, tasksTable),
    job: steps.read,
    jobs: steps.readSome,
    first,
    toPlacing,
    failUnstarted,
    change,
    ...leaseSteps(parts, steps),
    ...endSteps(parts, steps, waiting),
  };
}
export type PlacementStore = ReturnType<typeof placementStore>;

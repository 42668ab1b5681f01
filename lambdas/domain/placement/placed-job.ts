/** The row of a placed job and the row that has somebody go on with it: each says the same, in its own words. Pure. */

import { Priority } from '../../contract/job.ts';
import type { JobRow } from '../../contract/job-table.ts';
import { orderOf } from '../../contract/placement.ts';
import {
  type LeaseRow,
  laterPlacedKey,
  leaseKey,
  type Placed,
  type PlacedStep,
  type PlacingRow,
  placingKey,
  type StepRow,
  validatingKey,
} from '../../contract/placement-table.ts';

export type PlacedJob = JobRow & { placed: Placed };

export const isPlaced = (row: JobRow | undefined): row is PlacedJob => row?.placed !== undefined;

/** Work on it has begun in this life, as far as is known: `startBy` has been kept, and its own time runs. */
const hasBegun = ({ startedAtMs }: JobRow) => startedAtMs !== undefined;

/** It waits for a pool since `readyAtMs`. */
export const placingOrder = ({ priority }: Pick<JobRow, 'priority'>, readyAtMs: number, ageingSeconds: number) =>
  orderOf(Priority.options.indexOf(priority), readyAtMs, ageingSeconds);

export function placingRowOf(row: PlacedJob): PlacingRow {
  const { job, customer, priority, placed, createdAtMs, readyAtMs = createdAtMs } = row;
  const startByMs = hasBegun(row) ? row.deadlineMs : placed.startByMs;
  return {
    job,
    ...(customer === undefined ? {} : { customer }),
    priority,
    orderMs: placed.stepKeyMs,
    readyAtMs,
    needs: placed.needs,
    ...(placed.affinity === undefined ? {} : { affinity: placed.affinity }),
    objective: placed.objective,
    inputs: placed.inputs,
    ...(startByMs === undefined ? {} : { startByMs }),
  };
}

/** Of a job that has a place, as it was when it got that. */
export function leaseRowOf({ job, customer, priority, placed, deadlineMs }: PlacedJob, leaseSeconds: number): LeaseRow {
  return {
    job,
    ...(customer === undefined ? {} : { customer }),
    priority,
    pool: placed.pool ?? '',
    quantities: placed.needs.quantities ?? {},
    fence: placed.fence,
    grantedAtMs: placed.stepKeyMs,
    expiresAtMs: placed.stepKeyMs + leaseSeconds * 1_000,
    pending: false,
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  };
}

/** Of a start that the table has not taken yet: its number is not known. */
export function leaseToBe({ job, customer, priority, needs }: PlacingRow, pool: string, nowMs: number, leaseSeconds: number): LeaseRow {
  return {
    job,
    ...(customer === undefined ? {} : { customer }),
    priority,
    pool,
    quantities: needs.quantities ?? {},
    fence: 0,
    grantedAtMs: nowMs,
    expiresAtMs: nowMs + leaseSeconds * 1_000,
    pending: false,
  };
}

const keys: Record<Exclude<PlacedStep, 'ended'>, (row: PlacedJob) => { pk: string; sk: string }> = {
  validating: ({ job, placed }) => validatingKey(placed.stepKeyMs, job),
  later: ({ job, placed }) => laterPlacedKey(placed.stepKeyMs, job),
  placing: ({ job, placed }) => placingKey(placed.stepKeyMs, job),
  leased: ({ job }) => leaseKey(job),
};

/** Key of the row that has somebody go on with it. */
export const stepKey = (row: PlacedJob) => (row.placed.step === 'ended' ? undefined : keys[row.placed.step](row));

/** That row itself, of a job that waits. */
export function stepItem(row: PlacedJob): Record<string, unknown> {
  const key = stepKey(row);
  if (row.placed.step === 'placing') return { ...key, ...placingRowOf(row) };
  return { ...key, ...({ job: row.job, atMs: row.placed.stepKeyMs } satisfies StepRow) };
}

/**
 * What the jobs table (job-table.ts) keeps of jobs that state needs. Limits and what is used of them are in one item each,
 * so that a start checks and takes in one write; every start and every end is one transaction over all of them.
 *
 *   pk               sk                  what
 *   pools            <task group>        {@link PoolRow}: capacity, and what of it is used
 *   limits           all                 {@link OverallRow}
 *   limits           customer#<c>        {@link CustomerRow}
 *   validating       <createdAtMs>#<job> {@link StepRow}: its inputs are to be looked at
 *   placing          <orderMs>#<job>     {@link PlacingRow}: waits for a pool
 *   later            <dueMs>#<job>       {@link StepRow}: waits for its time, or for its next attempt
 *   leases           <job>               {@link LeaseRow}: is on a pool
 *   placing-run      holder              {@link HolderRow}: whose memory of all this is current
 */
import { z } from 'zod';
import { Priority } from './job.ts';
import { Affinity, JobInput, Needs, Objective, PlacementReason, Quantities } from './placement.ts';
import { FailedAttempt } from './task-wire.ts';

const digits = (value: number) => String(Math.max(0, Math.floor(value))).padStart(15, '0');
export const poolsPartition = 'pools';
export const poolKey = (taskGroup: string) => ({ pk: poolsPartition, sk: taskGroup });
export const limitsPartition = 'limits';
export const overallKey = { pk: limitsPartition, sk: 'all' };
export const customerKey = (customer: string) => ({ pk: limitsPartition, sk: `customer#${customer}` });
export const validatingPartition = 'validating';
export const validatingKey = (createdAtMs: number, job: string) => ({ pk: validatingPartition, sk: `${digits(createdAtMs)}#${job}` });
export const placingPartition = 'placing';
export const placingKey = (orderMs: number, job: string) => ({ pk: placingPartition, sk: `${digits(orderMs)}#${job}` });
export const laterPlacedPartition = 'later';
export const laterPlacedKey = (dueMs: number, job: string) => ({ pk: laterPlacedPartition, sk: `${digits(dueMs)}#${job}` });
export const leasesPartition = 'leases';
export const leaseKey = (job: string) => ({ pk: leasesPartition, sk: job });
export const holderKey = { pk: 'placing-run', sk: 'holder' };

/** An input whose size is known. */
export const SizedInput = JobInput.extend({ bytes: z.number().optional() });
export type SizedInput = z.output<typeof SizedInput>;

/** `validating` → `placing` → `leased` → ended; `later` before `placing`, for its time or the next attempt. */
export const PlacedStep = z.enum(['validating', 'later', 'placing', 'leased', 'ended']);
export type PlacedStep = z.output<typeof PlacedStep>;

/** `placed` of a job's row (job-table.ts): of a job that states needs instead of naming who does it. */
export const Placed = z.object({
  needs: Needs.default({}),
  inputs: z.array(SizedInput).default([]),
  affinity: Affinity.optional(),
  objective: Objective.default('spread'),
  /** Names of its steps in their order, where it said them. */
  steps: z.array(z.string()).optional(),
  startByMs: z.number().optional(),
  step: PlacedStep,
  /** Part of the key of the row that has somebody go on with it: `validating`, `later` or `placing`. */
  stepKeyMs: z.number(),
  /** Leases it had: the number of the last one is the fencing token, and a word of an older one does not count. */
  fence: z.number().default(0),
  /** Attempts that failed in this life. */
  failures: z.number().default(0),
  /** All of them, oldest first, the last 20. */
  history: z.array(FailedAttempt).default([]),
  /** Where it is, or was last. */
  pool: z.string().optional(),
  reason: PlacementReason.optional(),
  /** What a validator had to say. */
  findings: z.array(z.string()).optional(),
  /** Changes of state so far: number of the last event, told or not. */
  sequence: z.number().default(0),
  /** It failed before its inputs were found good: they are looked at again in its next life. */
  unchecked: z.boolean().optional(),
  /** Raised by every write of all this: a stale one does not get through. */
  revision: z.number().default(0),
});
export type Placed = z.output<typeof Placed>;

/** A pool: what it offers, and what is used of it. A capacity below what is used lets nothing start until it fits. */
export const PoolRow = z.object({
  taskGroup: z.string(),
  labels: z.record(z.string(), z.string()).default({}),
  /** What counts: the smaller of the config item's and the reported. */
  maxJobs: z.number(),
  capacity: Quantities.default({}),
  configured: z.object({ maxJobs: z.number(), quantities: Quantities }),
  reported: z
    .object({ maxJobs: z.number().optional(), quantities: Quantities, atMs: z.number(), untilMs: z.number().optional() })
    .optional(),
  costPerHour: z.number().default(0),
  locality: z
    .object({ prefixes: z.array(z.string()).default([]), regions: z.array(z.string()).default([]), zones: z.array(z.string()).default([]) })
    .prefault({}),
  /** `closed`: by its item, paused, or its pipeline is not up; `gone`: has no item any more, or none with a pool. */
  state: z.enum(['open', 'closed', 'gone']),
  /** Why it is not open. */
  why: z.string().optional(),
  queueUrl: z.string().optional(),
  fifo: z.boolean().default(false),
  /** Jobs on it. */
  jobs: z.number().default(0),
  /** Quantities left, negative where the capacity shrank; an attribute each in the table (`free_<name>`). */
  free: Quantities.or(z.record(z.string(), z.number())).default({}),
  /** When its capacity last changed: a smaller one may find more in use, and only what started since may not be too much. */
  limitsAtMs: z.number().optional(),
  /** Raised by every change of anything but `jobs` and `free`. */
  revision: z.number().default(0),
});
export type PoolRow = z.output<typeof PoolRow>;

/** Attribute of a pool's item that says what is free of a quantity. */
export const freeAttribute = (quantity: string) => `free_${quantity}`;

export const OverallRow = z.object({
  maxJobs: z.number(),
  /** Of customers without a limit of their own; absent: none. */
  perCustomerMaxJobs: z.number().optional(),
  ageingSeconds: z.number(),
  reserveAfterSeconds: z.number(),
  jobs: z.number().default(0),
  /** When `maxJobs` or `perCustomerMaxJobs` last changed. */
  limitsAtMs: z.number().optional(),
  /** Raised by every change of anything but `jobs`. */
  revision: z.number().default(0),
});
export type OverallRow = z.output<typeof OverallRow>;

export const CustomerRow = z.object({
  customer: z.string(),
  /** Absent: `perCustomerMaxJobs` of {@link OverallRow} counts. */
  maxJobs: z.number().optional(),
  weight: z.number().default(1),
  /** When `maxJobs` last changed. */
  limitsAtMs: z.number().optional(),
  jobs: z.number().default(0),
});
export type CustomerRow = z.output<typeof CustomerRow>;

export const StepRow = z.object({ job: z.string(), atMs: z.number() });
export type StepRow = z.output<typeof StepRow>;

/** A job that waits for a pool: all that is decided by. */
export const PlacingRow = z.object({
  job: z.string(),
  customer: z.string().optional(),
  priority: Priority,
  /** Its place within its customer. */
  orderMs: z.number(),
  /** Since when it waits. */
  readyAtMs: z.number(),
  needs: Needs.default({}),
  affinity: Affinity.optional(),
  objective: Objective.default('spread'),
  inputs: z.array(SizedInput).default([]),
  startByMs: z.number().optional(),
});
export type PlacingRow = z.output<typeof PlacingRow>;

/** A job on a pool. Whoever works for it shows the fencing token, and says now and then that it is alive. */
export const LeaseRow = z.object({
  job: z.string(),
  customer: z.string().optional(),
  priority: Priority,
  pool: z.string(),
  quantities: Quantities.default({}),
  fence: z.number(),
  grantedAtMs: z.number(),
  /** Who works for it, as it calls itself; absent until it first says so. */
  holder: z.string().optional(),
  heartbeatAtMs: z.number().optional(),
  /** Nobody counts on the holder any more from then on. */
  expiresAtMs: z.number(),
  /** When its task was put on the pool's queue; absent: it is to be put there again. */
  sentAtMs: z.number().optional(),
  /** The step it is in, as last said. */
  step: z.string().optional(),
  /** It outlives the invocation that it was given to. */
  pending: z.boolean().default(false),
  /** The time of the job itself is over then (`timeoutSeconds`). */
  deadlineMs: z.number().optional(),
});
export type LeaseRow = z.output<typeof LeaseRow>;

export const HolderRow = z.object({ holder: z.string(), run: z.number() });
export type HolderRow = z.output<typeof HolderRow>;

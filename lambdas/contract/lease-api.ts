/**
 * What the routes of placed jobs take and answer: words of whoever works for one (with the token of its lease), limits,
 * capacity, explanations. Jobs themselves are in job.ts.
 */
import { z } from 'zod';
import { ErrorClassName, JobStatus, Priority } from './job.ts';
import { Affinity, Customer, CustomerLimits, OverallLimits, Quantities } from './placement.ts';

const Moment = z.iso.datetime({ offset: true });
/** Whoever works for the job, as it calls itself. */
const Holder = z.string().min(1).max(256);

export const Heartbeat = z.strictObject({
  holder: Holder.optional(),
  step: z.string().min(1).max(200).optional().describe('The step it is in'),
  pending: z.boolean().optional().describe('True: the work goes on outside the invocation that took it'),
});
export type Heartbeat = z.infer<typeof Heartbeat>;

/** 200: the lease is its, until `expiresAt`. 409: it is not, and whatever it does must stop. */
export const LeaseAnswer = z.object({
  job: z.object({ id: z.string(), status: JobStatus }),
  expiresAt: Moment.optional().describe('A heartbeat must come by then'),
  message: z.string(),
});
export type LeaseAnswer = z.infer<typeof LeaseAnswer>;

/** Of a step that is done: a later attempt gets its result instead of running it again. */
export const StepDone = z.strictObject({ result: z.json().optional() });
export type StepDone = z.infer<typeof StepDone>;

/** A step on record, for whoever resumes. */
export const RecordedStep = z.object({ name: z.string(), recordedAt: Moment, result: z.json().optional() });
export type RecordedStep = z.infer<typeof RecordedStep>;

export const JobResult = z.strictObject({ result: z.json().optional() });
export type JobResult = z.infer<typeof JobResult>;

export const JobFailure = z.strictObject({
  class: ErrorClassName.optional().describe('Default TRANSIENT, which is tried again'),
  message: z.string().max(10_000),
  step: z.string().min(1).max(200).optional().describe('The step it failed in'),
});
export type JobFailure = z.infer<typeof JobFailure>;

export const FailureAnswer = LeaseAnswer.extend({
  retried: z.boolean().describe('Whether it is tried again'),
  retryAt: Moment.optional().describe('Not before'),
});
export type FailureAnswer = z.infer<typeof FailureAnswer>;

/** Of a job that waits. */
export const JobChange = z
  .strictObject({
    priority: Priority.optional(),
    affinity: Affinity.nullish().describe('null: none any more'),
    maxRetries: z.int().min(0).max(100).optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'must change something: priority, affinity or maxRetries');
export type JobChange = z.infer<typeof JobChange>;

/** GET and PUT /limits. A customer set to null has no limits of its own any more; one that is not named stays as it is. */
export const Limits = z.strictObject({
  overall: OverallLimits.optional(),
  customers: z.record(Customer, CustomerLimits.nullable()).optional(),
});
export type Limits = z.infer<typeof Limits>;

/** What a pool takes, after it has reported what it can. */
export const PoolCapacity = z.object({
  pool: z.string(),
  maxJobs: z.int().describe('The smaller of its config item and its report'),
  quantities: Quantities,
  heldUntil: Moment.optional().describe('The report holds until then'),
});
export type PoolCapacity = z.infer<typeof PoolCapacity>;

/** One thing that a job waits for, or that lets it through. */
export const LimitFigure = z.object({
  limit: z.enum(['overall', 'customer', 'target', 'pool', 'quantity', 'label', 'affinity', 'reservation', 'state']),
  /** Whose: the customer, the pool, the task group or function. */
  of: z.string().optional(),
  name: z.string().optional().describe('Of the quantity or the label'),
  used: z.number().optional(),
  total: z.number().optional(),
  needed: z.number().optional(),
  holds: z.boolean().describe('It keeps the job from starting now'),
  text: z.string().describe('In words: customer acme 5 of 5'),
});
export type LimitFigure = z.infer<typeof LimitFigure>;

export const Explanation = z.object({
  job: z.object({ id: z.string().optional(), status: JobStatus }),
  text: z.string().describe('In one line: why it waits, or why it is where it is'),
  pools: z
    .array(z.object({ pool: z.string(), fits: z.boolean(), figures: z.array(LimitFigure) }))
    .describe('Each pool, and what keeps the job from it; of a job that states needs'),
  limits: z.array(LimitFigure).describe('Over all pools; of a job that names who does it, over all of those'),
  place: z
    .object({ ofCustomer: z.int(), overall: z.int(), waiting: z.int() })
    .optional()
    .describe('Its place in the order, 1 goes first: within its customer, and among all that wait'),
  ahead: z.array(z.object({ job: z.string(), customer: z.string().optional(), why: z.string() })).describe('Who goes first, up to 10'),
  start: z
    .object({ pool: z.string().optional(), earliest: Moment, latest: Moment.optional() })
    .optional()
    .describe('When it starts, estimated from how long jobs took; absent where nothing is known'),
});
export type Explanation = z.infer<typeof Explanation>;

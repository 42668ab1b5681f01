/**
 * The wire protocol of a task: what a sender, a consumer in any language and our tools agree on. Attributes of the SQS
 * message, the classes of error, and the letter that says why a task was dead. docs/wire-protocol.md tells it to people.
 *
 * `zod/mini`: consumers bundle this file, and mini is a fifth of zod.
 */
import * as z from 'zod/mini';

/**
 * What kind of failure it was. TRANSIENT (network, throttling) and RESOURCE (memory, disk, time) are tried again;
 * CONFIGURATION, DATA and PERMANENT are not, and go to the dead-letter queue at once.
 */
export const errorClasses = ['TRANSIENT', 'RESOURCE', 'CONFIGURATION', 'DATA', 'PERMANENT'] as const;
export const ErrorClass = z.enum(errorClasses);
export type ErrorClass = z.infer<typeof ErrorClass>;

export const isRetried = (errorClass: ErrorClass) => errorClass === 'TRANSIENT' || errorClass === 'RESOURCE';

/** Names of the SQS message attributes we read or write; all are of type String. */
export const taskAttributes = {
  /** The sender's id of the task; without it the id of the first message counts. */
  task: 'sluice.task',
  /** The job the task belongs to. */
  job: 'sluice.job',
  /** When a task of a job must have ended; epoch milliseconds. */
  deadline: 'sluice.deadline',
  /** A {@link Lease} as JSON: of a job that was placed on this pool. */
  lease: 'sluice.lease',
  /** A {@link Letter} as JSON: on a dead letter, and on a task that was put back from there. */
  letter: 'sluice',
} as const;

/**
 * Of a job that was placed on a pool: the right to work for it, as long as its token is the newest and word of it comes in
 * time. `POST <url>/heartbeat`, `/steps/<name>`, `/result`, `/failure` with `Authorization: Bearer <token>`.
 */
export const Lease = z.object({
  v: z.literal(1),
  /** Base of its routes: the job's own address. */
  url: z.string(),
  /** Shown with every word; of the lease with this fencing number alone. */
  token: z.string(),
  fence: z.number(),
  /** Without a word for so long it is lost; a heartbeat is due each third of it. */
  leaseSeconds: z.number(),
  /** Attempts that failed before this one. */
  failures: z._default(z.number(), 0),
});
export type Lease = z.output<typeof Lease>;

/** SQS takes this many attributes on a message (SQS/sqs-message-metadata). */
export const attributesPerMessage = 10;

/** The letter's attribute is never longer, in bytes of UTF-8; stack, history and message are cut to fit. */
export const letterBytes = 4_096;

/** One attempt that failed. */
export const FailedAttempt = z.object({
  /** 1 for the first. */
  attempt: z.number(),
  class: ErrorClass,
  message: z.string(),
  /** ISO 8601. */
  time: z.string(),
  /** The `ctx.step` it failed in. */
  step: z.optional(z.string()),
});
export type FailedAttempt = z.infer<typeof FailedAttempt>;

/** Why a task is in the dead-letter queue, and what it went through. */
export const Letter = z.object({
  v: z.literal(1),
  /** The task's id, whichever message carries it. */
  task: z.string(),
  group: z.string(),
  job: z.optional(z.string()),
  class: ErrorClass,
  message: z.string(),
  stack: z.optional(z.string()),
  /** Attempts that were spent, the last one included. */
  attempt: z.number(),
  /** When it was set aside; ISO 8601. */
  time: z.string(),
  /** When the task was first sent; ISO 8601. */
  sentAt: z.optional(z.string()),
  step: z.optional(z.string()),
  /** Times it was put back from a dead-letter queue so far. */
  redrives: z._default(z.number(), 0),
  /** Earlier failed attempts, oldest first; the oldest are left out where they do not fit. */
  history: z._default(z.array(FailedAttempt), []),
  /** Who moved it: our library or tools, or SQS itself after `queue.maxReceiveCount` receives. */
  by: z._default(z.enum(['sluice', 'sqs']), 'sluice'),
});
export type Letter = z.output<typeof Letter>;

/**
 * What became of a task of a job, to the queue in `SLUICE_REPORTS_QUEUE_URL`. Sent before the message is deleted, so that
 * none is lost; sent again where a task that had ended is delivered again. Whoever counts takes each task once.
 */
export const Report = z.object({
  v: z.literal(1),
  job: z.string(),
  /** `sluice.task` as it came: `<job>/<n>` or `<job>/<n>/<id>`. */
  task: z.string(),
  /** The task's life: `redrives` of its letter, 0 without one. */
  redrives: z._default(z.number(), 0),
  /** Attempts spent in this life, the last one included. */
  attempt: z.number(),
  /** `retrying`: failed, and comes back. */
  status: z.enum(['done', 'failed', 'retrying']),
  /** Of a done task: what it returned, as JSON of up to {@link inlineResultBytes}. */
  result: z.optional(z.string()),
  /** In its place, for a larger one: key of an object in the data bucket. */
  resultKey: z.optional(z.string()),
  class: z.optional(ErrorClass),
  message: z.optional(z.string()),
  step: z.optional(z.string()),
  /** Token of its {@link Lease}, where the job was placed on a pool. */
  lease: z.optional(z.string()),
  /** Whether it is in a dead-letter queue. */
  deadLettered: z._default(z.boolean(), false),
  /** Epoch milliseconds. */
  atMs: z.number(),
});
export type Report = z.output<typeof Report>;

/** A result up to this many bytes of JSON travels in the report, a larger one by way of the data bucket. */
export const inlineResultBytes = 32_768;
/** A result larger than this is not kept: the task is done without it, and its log says so. */
export const largestResultBytes = 5 * 1_048_576;

/** Key of a large result in the data bucket; `n` the task's number in its job. */
export const taskResultKey = (job: string, n: string, redrives: number) => `results/${job}/${n}-${redrives}.json`;

/** The id of a job's task: `<job>/<n>`, and the sender's own id behind it where it gave one. */
export const jobTaskId = (job: string, n: number, id?: string) => (id === undefined ? `${job}/${n}` : `${job}/${n}/${id}`);

/** Undefined for an id that is none of `job`'s. */
export function numberOfTask(job: string, task: string): number | undefined {
  if (!task.startsWith(`${job}/`)) return undefined;
  const [, n = ''] = /^([1-9]\d{0,11})(?:\/|$)/.exec(task.slice(job.length + 1)) ?? [];
  return n === '' ? undefined : Number(n);
}

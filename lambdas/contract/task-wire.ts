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
  /** A {@link Letter} as JSON: on a dead letter, and on a task that was put back from there. */
  letter: 'sluice',
} as const;

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

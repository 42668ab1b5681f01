/**
 * The tasks table: what consumers remember. Keys `pk`, `sk`; `expiresAt` (epoch seconds) is its TTL attribute.
 *
 *   pk                       sk                     what
 *   task#<pipeline>#<task>   attempts#<redrives>    {@link AttemptRecord}: claims, attempts, done or dead
 *   task#<pipeline>#<task>   step#<name>            {@link StepRecord}
 *   task#<pipeline>#<task>   letter#<redrives>      {@link LetterRecord}: where the attribute did not fit on the message
 *   group#<pipeline>         cooling                {@link CoolingRecord}
 *   group#<pipeline>         limited#<YYYY-MM-DD>   {@link LimitedRecord}
 *   permit#<name>            state                  see domain/task/permit.ts
 *   permit#<name>            waiter#<id>            how to wake who waits: consumer/aws/permit-item.ts
 *   job#<job>                state                  {@link JobStateRecord}: there once the job was cancelled
 *   dead-letter-looks        <queue>                see dead-letter-look.ts
 *
 * `<pipeline>` is the group's function name (names.ts): short, and never with a `#` in it. Of a job that was placed on a
 * pool it is `@placed` ({@link placedPipeline}), and `<redrives>` the fencing number of its lease.
 */
import * as z from 'zod/mini';
import { FailedAttempt } from './task-wire.ts';

/** In place of the group's own name: whichever pool has a placed job next goes on at the step where the last one stopped. */
export const placedPipeline = '@placed';
export const taskKey = (pipeline: string, task: string) => `task#${pipeline}#${task}`;
export const groupKey = (pipeline: string) => `group#${pipeline}`;
export const jobStateKey = (job: string) => ({ pk: `job#${job}`, sk: 'state' });
export const permitKey = (name: string) => `permit#${name}`;
export const permitStateSortKey = 'state';
/** Number attribute of a permit's state: how many may hold it at once. An item without it is of a permit the stage does not have. */
export const permitLimitAttribute = 'limit';
export const attemptsSortKey = (redrives: number) => `attempts#${redrives}`;
export const stepSortKey = (name: string) => `step#${name}`;
export const letterSortKey = (redrives: number) => `letter#${redrives}`;
export const coolingSortKey = 'cooling';
/** `day` as YYYY-MM-DD, UTC. */
export const limitedSortKey = (day: string) => `limited#${day}`;
export const dayOf = (nowMs: number) => new Date(nowMs).toISOString().slice(0, 10);

export const tasksExpiryAttribute = 'expiresAt';

/** How long a record is kept that nobody asks to keep longer: SQS keeps no message longer. */
export const recordKeepSeconds = 15 * 86_400;

/**
 * A task since it was sent or last put back. `starts - excused` attempts were spent: whoever starts counts up first, so
 * an attempt that ends without a word is counted, too.
 */
export const AttemptRecord = z.object({
  /** `running` and `aliveUntilMs` past: it ended without a word. */
  status: z.enum(['running', 'waiting', 'done', 'dead']),
  starts: z._default(z.number(), 0),
  /** Starts that do not count: rate-limited, waiting for a permit, handed back. */
  excused: z._default(z.number(), 0),
  /** Who runs it. */
  holder: z.optional(z.string()),
  /** Until then the holder may be alive, other clocks' skew included; epoch milliseconds. */
  aliveUntilMs: z.optional(z.number()),
  startedAtMs: z.optional(z.number()),
  /** Steps recorded earlier are of another task that was sent under the same id. */
  firstClaimedAtMs: z.optional(z.number()),
  /** Failed attempts, oldest first. */
  history: z._default(z.array(FailedAttempt), []),
  /** Of a dead task: its letter is on the dead-letter queue since. */
  letteredAtMs: z.optional(z.number()),
  /** Of a dead task with a letter: the message it came in. In another message it was put back, by whatever tool. */
  deadMessageId: z.optional(z.string()),
  /** Of a done task of a job, to report it again: what it returned, as JSON of up to `inlineResultBytes`. */
  result: z.optional(z.string()),
  /** In its place, for a larger one: key of an object in the data bucket. */
  resultKey: z.optional(z.string()),
  /** It counts as done, and nothing is reported of it: its job was cancelled, or the lease of a placed one is lost. */
  cancelledAtMs: z.optional(z.number()),
  /** It counts as done, and nothing is reported of it: who got it from the consumer does the work of the placed job. */
  handedOnAtMs: z.optional(z.number()),
  /** Of the write that released or ended it last: the same write, made again after a lost answer, is known by it. */
  writeId: z.optional(z.string()),
  expiresAt: z.number(),
});
export type AttemptRecord = z.output<typeof AttemptRecord>;

/** A step's recorded result: JSON inline, or the key of an object in the data bucket. */
export const StepRecord = z.object({
  json: z.optional(z.string()),
  objectKey: z.optional(z.string()),
  recordedAtMs: z.number(),
  expiresAt: z.number(),
});
export type StepRecord = z.output<typeof StepRecord>;

/** The letter of a message that had no room for it, as `json`. */
export const LetterRecord = z.object({ json: z.string(), messageId: z.optional(z.string()), expiresAt: z.number() });
export type LetterRecord = z.output<typeof LetterRecord>;

/** A group whose target said "too many": nobody of the group starts before `untilMs`. */
export const CoolingRecord = z.object({
  untilMs: z.number(),
  lastLimitedAtMs: z.number(),
  message: z._default(z.string(), ''),
  /** 429s in a row without `retryAfter`, for the back-off of the next. */
  streak: z._default(z.number(), 0),
  expiresAt: z.number(),
});
export type CoolingRecord = z.output<typeof CoolingRecord>;

export const LimitedRecord = z.object({ count: z.number(), lastLimitedAtMs: z.number(), expiresAt: z.number() });
export type LimitedRecord = z.output<typeof LimitedRecord>;

/** Of a cancelled job: none of its tasks may start. */
export const JobStateRecord = z.object({ cancelledAtMs: z.number(), expiresAt: z.number() });
export type JobStateRecord = z.output<typeof JobStateRecord>;

/** From this length on a cooling disables the mapping: shorter ones are waited out by the invocations that hold a task. */
export const longCoolingSeconds = 60;

/** How far two clocks of AWS may be apart, at most, for leases and claims. */
export const clockSkewMs = 5_000;

/** What a recorded failure keeps of an error's message. */
export const recordedMessageCharacters = 1_000;

/** What follows a failed attempt of a placed job: another one later, or none. Pure. */
import { type ErrorClass, type FailedAttempt, isRetried } from '../../contract/task-wire.ts';
import { backOffSeconds } from '../task/back-off.ts';

export interface FailedSoFar {
  /** Attempts of this life that failed before this one. */
  failures: number;
  maxRetries: number;
  /** When the time of the job itself is over. */
  deadlineMs?: number | undefined;
}

export interface RetryWorld {
  /** Whether the stage tries jobs again at all. */
  retryJobs: boolean;
  nowMs: number;
  random: number;
}

export type AttemptEnd =
  | { kind: 'again'; dueMs: number }
  /** `why` tells what keeps it from being tried again. */
  | { kind: 'final'; why: string };

/** Seconds before the first retry, doubled each time, up to an hour. */
const backOff = { baseSeconds: 2, capSeconds: 3_600 };

/** `startBy` has no say here: the job was begun in time, and its retries are a matter of `maxRetries` and its own time. */
export function afterAttempt(
  { failures, maxRetries, deadlineMs }: FailedSoFar,
  errorClass: ErrorClass,
  { retryJobs, nowMs, random }: RetryWorld,
): AttemptEnd {
  if (!isRetried(errorClass)) return { kind: 'final', why: `what is ${errorClass} is not tried again` };
  if (!retryJobs) return { kind: 'final', why: 'this stage tries no job again (retryJobs)' };
  if (failures >= maxRetries) return { kind: 'final', why: usedUp(maxRetries) };
  const dueMs = nowMs + backOffSeconds({ ...backOff, maxRetries }, failures + 1, random) * 1_000;
  if (deadlineMs !== undefined && dueMs >= deadlineMs) return { kind: 'final', why: 'its time would be over before the next attempt' };
  return { kind: 'again', dueMs };
}

const usedUp = (maxRetries: number) =>
  maxRetries === 0 ? 'it has no retries' : maxRetries === 1 ? 'its one retry is used up' : `its ${maxRetries} retries are used up`;

/** A job keeps so many of its failed attempts: the last ones. */
const mostHistory = 20;

export const withAttempt = (history: readonly FailedAttempt[], attempt: FailedAttempt): FailedAttempt[] =>
  [...history, attempt].slice(-mostHistory);

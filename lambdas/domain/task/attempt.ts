/** Which attempt of a task this is, and what became of the one before. Pure. */
import type { AttemptRecord } from '../../contract/task-table.ts';
import type { ErrorClass, FailedAttempt } from '../../contract/task-wire.ts';
import type { RetryRule } from './back-off.ts';

export interface Opening {
  /** 1 for the first; counts only attempts that were spent. */
  attempt: number;
  /** Failed attempts before this one, as recorded; without `silent`. */
  history: FailedAttempt[];
  /** The attempt before ended without a word: nobody has written it down yet. */
  silent: FailedAttempt | undefined;
}

/** What ends without a word ran out of something, most likely: memory, time. */
const silentClass: ErrorClass = 'RESOURCE';
const silentMessage = 'the attempt ended without a word: out of memory, over its time, or an exit of its process';

/** `before`: the task's record as it was found when this start was counted. */
export function openAttempt(before: AttemptRecord | undefined): Opening {
  if (!before) return { attempt: 1, history: [], silent: undefined };
  const spent = Math.max(0, before.starts - before.excused);
  const silent: FailedAttempt | undefined =
    before.status === 'running'
      ? { attempt: spent, class: silentClass, message: silentMessage, time: new Date(before.startedAtMs ?? 0).toISOString() }
      : undefined;
  return { attempt: spent + 1, history: before.history, silent };
}

/**
 * The record as it was before a start that is counted in it: its answer was lost. What the attempt before came to is not
 * in it any more; but each that was told is in the history.
 */
export function beforeStart(record: AttemptRecord): AttemptRecord {
  const starts = record.starts - 1;
  const told = record.history.at(-1)?.attempt ?? 0;
  return { ...record, starts, status: told < starts - record.excused ? 'running' : 'waiting' };
}

/** Whether a record's time is over: it counts as absent, though it may still be there for days. `expiresAt`: epoch seconds. */
export const hasExpired = ({ expiresAt }: { expiresAt: number }, nowMs: number) => expiresAt < Math.floor(nowMs / 1_000);

/** The same of attempts, whose holder may be alive still. */
export const isOver = (record: AttemptRecord, nowMs: number) =>
  hasExpired(record, nowMs) && (record.aliveUntilMs === undefined || record.aliveUntilMs < nowMs);

/** Whether no attempt is left: `attempt` must not start. */
export const isExhausted = ({ maxRetries }: RetryRule, attempt: number) => attempt > maxRetries + 1;

/** What becomes of a task of a function after an attempt of it failed. Pure. */
import type { TaskError } from '../../contract/job.ts';
import type { JobRow, LaterRow } from '../../contract/job-table.ts';
import { isRetried } from '../../contract/task-wire.ts';
import { backOffSeconds } from '../task/back-off.ts';
import type { TaskEnd } from './task-end.ts';
import type { Attempt } from './token.ts';

const backOff = { baseSeconds: 2, capSeconds: 3_600 };

export interface AfterFailure {
  end: TaskEnd;
  /** It is tried again then. */
  later?: LaterRow;
}

export function afterFailure(
  { maxRetries }: Pick<JobRow, 'maxRetries'>,
  failed: Attempt,
  error: TaskError,
  { nowMs, random, expiresAt }: { nowMs: number; random: number; expiresAt: number },
): AfterFailure {
  const { n, id, life, attempt, fromByte, toByte } = failed;
  const end = { n, id, life, attempt, error, exact: true, atMs: nowMs } as const;
  if (!isRetried(error.class) || attempt > maxRetries) return { end: { ...end, status: 'failed' } };
  const dueMs = nowMs + backOffSeconds({ ...backOff, maxRetries }, attempt, random) * 1_000;
  return {
    end: { ...end, status: 'retrying' },
    later: { n, life, attempt: attempt + 1, dueMs, fromByte, toByte, taken: false, expiresAt },
  };
}

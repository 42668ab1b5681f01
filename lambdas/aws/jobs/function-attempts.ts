/** How an attempt of a task of a function ended, written down: once, and with what is to come of it in the same write. */
import type { TaskError } from '../../contract/job.ts';
import { type JobRow, laterKey } from '../../contract/job-table.ts';
import { afterFailure } from '../../domain/job/function-attempt.ts';
import type { Attempt } from '../../domain/job/token.ts';
import type { JobServices } from './job-services.ts';
import type { Applied } from './task-rows.ts';

type Parts = Pick<JobServices, 'tasks' | 'hints' | 'clock' | 'random' | 'jobEnvironment'>;

/** Tried again, or failed for good. It does not count where the task has ended, or is being tried again already. */
export async function attemptFailed(services: Parts, row: JobRow, attempt: Attempt, error: TaskError): Promise<Applied> {
  const { tasks, hints, clock, random, jobEnvironment } = services;
  const nowMs = clock.nowMs();
  // As long as the job itself at most: one that waits goes with it.
  const expiresAt = Math.ceil(nowMs / 1_000) + (jobEnvironment.SLUICE_SETTINGS.jobRetentionDays + 15) * 86_400;
  const { end, later } = afterFailure(row, attempt, error, { nowMs, random: random(), expiresAt });
  const besides =
    later === undefined
      ? []
      : [{ Put: { TableName: jobEnvironment.SLUICE_JOBS_TABLE, Item: { ...laterKey(row.job, later.dueMs, later.n), ...later } } }];
  const applied = await tasks.applyOne(row.job, end, besides);
  if (later !== undefined && applied.recorded.size > 0) await hints.target(row.target, (later.dueMs - nowMs) / 1_000);
  return applied;
}

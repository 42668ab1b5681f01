/** A request that was found good → the row of its job. Pure. */

import { type JobRequest, jobDefaults } from '../../contract/job.ts';
import { everyJob, type JobRow, startOfFile, type TaskSource } from '../../contract/job-table.ts';
import type { StageSettings } from '../../contract/settings.ts';
import { runAtMs } from './task-input.ts';

export interface NewJob {
  job: string;
  target: string;
  nowMs: number;
  tokenKey: string;
  settings: StageSettings;
  createdBy: string | undefined;
  warnings: string[];
  /** Where its tasks are: in a file that is to be read, or in the task file already. */
  tasks: { source: TaskSource } | { total: number; fileBytes: number };
}

export function newJobRow(request: JobRequest, { job, target, nowMs, tokenKey, settings, createdBy, warnings, tasks }: NewJob): JobRow {
  const { name, timeoutSeconds, webhook } = request;
  const maxConcurrent = request.maxConcurrent ?? Math.min(jobDefaults.maxConcurrent, settings.maxConcurrentSends);
  const at = runAtMs(request, nowMs);
  const waitsForTime = at !== undefined && at > nowMs;
  return {
    job,
    target,
    status: 'PENDING',
    listKey: everyJob,
    createdKey: `${new Date(nowMs).toISOString()}#${job}`,
    createdAtMs: nowMs,
    ...(createdBy === undefined ? {} : { createdBy }),
    ...(name === undefined ? {} : { name }),
    priority: request.priority ?? jobDefaults.priority,
    maxFailures: request.maxFailures ?? jobDefaults.maxFailures,
    maxConcurrent,
    batchSize: request.batchSize ?? Math.min(jobDefaults.batchSize, settings.maxBatchSize),
    maxOutstanding: request.maxOutstanding ?? Math.min(maxConcurrent, settings.maxOutstanding),
    maxRetries: request.maxRetries ?? jobDefaults.maxRetries,
    strict: request.strict ?? false,
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    ...(waitsForTime ? { runAtMs: at } : {}),
    ...(webhook === undefined ? {} : { webhook }),
    tokenKey,
    ...tasks,
    // It may wait for a slot from now on, unless for its file or its time first.
    ...('source' in tasks || waitsForTime ? {} : { readyAtMs: nowMs }),
    warnings,
    life: 0,
    cursor: startOfFile,
    sentAll: false,
    dispatched: 0,
    chunks: 0,
    resultsFiles: {},
    revision: 0,
  };
}

/** A request that was found good → the row of its job. Pure. */

import { type JobRequest, jobDefaults } from '../../contract/job.ts';
import { everyJob, type JobRow, startOfFile, type TaskSource } from '../../contract/job-table.ts';

import type { Placed } from '../../contract/placement-table.ts';
import type { StageSettings } from '../../contract/settings.ts';
import { placingOrder } from '../placement/placed-job.ts';
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
  /** Of a job that states needs. */
  placing?: PlacingRules | undefined;
}

export interface PlacingRules {
  /** Whether it is looked at before it waits for a pool. */
  validates: boolean;
  ageingSeconds: number;
}

export function newJobRow(request: JobRequest, made: NewJob): JobRow {
  const { job, target, nowMs, tokenKey, settings, createdBy, warnings, tasks, placing } = made;
  const { name, customer, timeoutSeconds, webhook } = request;
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
    ...(customer === undefined ? {} : { customer }),
    ...(placing === undefined ? {} : { placed: newlyPlaced(request, placing, nowMs) }),
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

/** What it needs, and what is done with it first: it is looked at, waits for its time, or for a pool. */
function newlyPlaced(request: JobRequest, { validates, ageingSeconds }: PlacingRules, nowMs: number): Placed {
  const { needs = {}, inputs = [], affinity, objective = 'spread', steps, startBy, priority = jobDefaults.priority } = request;
  const at = runAtMs(request, nowMs) ?? nowMs;
  const first = validates
    ? ({ step: 'validating', stepKeyMs: nowMs } as const)
    : at > nowMs
      ? ({ step: 'later', stepKeyMs: at } as const)
      : ({ step: 'placing', stepKeyMs: placingOrder({ priority }, nowMs, ageingSeconds) } as const);
  return {
    needs,
    inputs,
    ...(affinity === undefined ? {} : { affinity }),
    objective,
    ...(steps === undefined ? {} : { steps }),
    ...(startBy === undefined ? {} : { startByMs: Date.parse(startBy) }),
    ...first,
    fence: 0,
    failures: 0,
    history: [],
    sequence: 0,
    revision: 0,
  };
}

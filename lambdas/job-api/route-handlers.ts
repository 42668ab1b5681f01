/** Which file answers which route. */
import type { JobOperation } from '../contract/job-routes.ts';
import { cancelJob } from './cancel-job.ts';
import { changeJob } from './change-job.ts';
import { getConcurrencyStats } from './concurrency-stats.ts';
import { getConfig } from './config.ts';
import { createUpload } from './create-upload.ts';
import { recordFailure, recordResult } from './end-attempt.ts';
import { explainJob } from './explain-job.ts';
import { getJob } from './get-job.ts';
import { getOpenApi } from './get-open-api.ts';
import { getResults } from './get-results.ts';
import { getStep } from './get-step.ts';
import { heartbeat, recordStep } from './heartbeat.ts';
import { getLimits, putLimits } from './limits.ts';
import { listJobs } from './list-jobs.ts';
import { listTasks } from './list-tasks.ts';
import { getPipeline, listPipelines } from './pipelines.ts';
import { recordTaskResult } from './record-task-result.ts';
import { releaseJob } from './release-job.ts';
import { reportCapacity } from './report-capacity.ts';
import { retryJob } from './retry-job.ts';
import type { RouteHandler } from './route.ts';
import { submitJob } from './submit-job.ts';

export const routeHandlers: Record<JobOperation, RouteHandler> = {
  getOpenApi,
  createUpload,
  submitJob,
  listJobs,
  getJob,
  listTasks,
  getResults,
  cancelJob,
  retryJob,
  recordTaskResult,
  changeJob,
  explainJob,
  releaseJob,
  heartbeat,
  getStep,
  recordStep,
  recordResult,
  recordFailure,
  getLimits,
  putLimits,
  reportCapacity,
  getConcurrencyStats,
  getConfig,
  getDebugSettings: getConfig,
  listPipelines,
  getPipeline,
};

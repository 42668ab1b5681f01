/** Which file answers which route. */
import type { JobOperation } from '../contract/job-routes.ts';
import { cancelJob } from './cancel-job.ts';
import { getConcurrencyStats } from './concurrency-stats.ts';
import { getConfig } from './config.ts';
import { createUpload } from './create-upload.ts';
import { getJob } from './get-job.ts';
import { getOpenApi } from './get-open-api.ts';
import { getResults } from './get-results.ts';
import { listJobs } from './list-jobs.ts';
import { listTasks } from './list-tasks.ts';
import { getPipeline, listPipelines } from './pipelines.ts';
import { recordTaskResult } from './record-task-result.ts';
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
  getConcurrencyStats,
  getConfig,
  getDebugSettings: getConfig,
  listPipelines,
  getPipeline,
};

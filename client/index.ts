/** `sluice/client`: submits jobs, follows them, reads their results; sends tasks. docs/client.md teaches it. */
export type {
  Job,
  JobAccepted,
  JobRequest,
  JobStatus,
  JobTask,
  JobTaskStatus,
  Priority,
  Problem,
  TaskError,
  TaskFile,
  TaskInput,
} from '../lambdas/contract/job.ts';
export type {
  ConcurrencyStats,
  CustomerStats,
  GroupStats,
  PermitStats,
  PipelineView,
  PlacementStats,
  PoolStats,
  SettingView,
} from '../lambdas/contract/job-api-stage.ts';
export type { Explanation, JobChange, LimitFigure, Limits, PoolCapacity } from '../lambdas/contract/lease-api.ts';
export type {
  Affinity,
  CustomerLimits,
  JobInput,
  Needs,
  Objective,
  OverallLimits,
  ReportedCapacity,
} from '../lambdas/contract/placement.ts';
export type { JobFilter, SluiceClient } from './client.ts';
export { createClient } from './create-client.ts';
export { type NotSent, NotSentError, SluiceApiError, SluiceClientError, WaitTimeoutError } from './errors.ts';
export type { ResultLine } from './jobs/result-line.ts';
export type { ByteSource, Submission, SubmitOptions, Task, UploadProgress } from './jobs/submission.ts';
export type { WaitOptions } from './jobs/wait.ts';
export type { ClientOptions, Credentials } from './options.ts';
export type { SendOptions } from './send/messages.ts';

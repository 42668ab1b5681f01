/**
 * What each setting is called in the environment of whoever deploys, and what it is measured in. `lib` reads by it,
 * `GET /config` shows it; `.env.sample` and docs/operations.md are kept to it by tests.
 */
import { z } from 'zod';
import { type SettingSource, type StageSettings, settingSources } from './settings.ts';

export type SettingName = keyof StageSettings;

export interface SettingFacts {
  /** Plain names for the job service; `SLUICE_…` for all others, so that somebody's own STAGE or PREFIX means nothing to us. */
  variable: string;
  unit?: string;
}

export const settingFacts: Record<SettingName, SettingFacts> = {
  stage: { variable: 'SLUICE_STAGE' },
  prefix: { variable: 'SLUICE_PREFIX' },
  controlPlaneBudgetPerSecond: { variable: 'SLUICE_CONTROL_PLANE_BUDGET_PER_SECOND', unit: 'calls/s' },
  sweepPeriodMinutes: { variable: 'SLUICE_SWEEP_PERIOD_MINUTES', unit: 'minutes' },
  logLevel: { variable: 'SLUICE_LOG_LEVEL' },
  logRetentionDays: { variable: 'SLUICE_LOG_RETENTION_DAYS', unit: 'days' },
  deletionProtection: { variable: 'SLUICE_DELETION_PROTECTION' },
  pipelinesOnDestroy: { variable: 'SLUICE_PIPELINES_ON_DESTROY' },
  dataOnDestroy: { variable: 'SLUICE_DATA_ON_DESTROY' },
  codeStorage: { variable: 'SLUICE_CODE_STORAGE' },
  drainLookSeconds: { variable: 'SLUICE_DRAIN_LOOK_SECONDS', unit: 'seconds' },
  reconcileAttempts: { variable: 'SLUICE_RECONCILE_ATTEMPTS', unit: 'tries' },
  reconcilers: { variable: 'SLUICE_RECONCILERS', unit: 'invocations at once' },
  reserveOwnConcurrency: { variable: 'SLUICE_RESERVE_OWN_CONCURRENCY' },
  permits: { variable: 'SLUICE_PERMITS', unit: 'tasks at once' },
  deadLetterPeriodMinutes: { variable: 'SLUICE_DEAD_LETTER_PERIOD_MINUTES', unit: 'minutes' },
  alarmTopicArn: { variable: 'SLUICE_ALARM_TOPIC_ARN' },
  preset: { variable: 'PRESET' },
  maxTasksPerRequest: { variable: 'MAX_TASKS_PER_REQUEST', unit: 'tasks' },
  maxParallelJobsPerGroup: { variable: 'MAX_PARALLEL_JOBS_PER_GROUP', unit: 'jobs' },
  maxParallelJobs: { variable: 'MAX_PARALLEL_JOBS', unit: 'jobs' },
  asyncProcessing: { variable: 'ASYNC_PROCESSING' },
  maxConcurrentSends: { variable: 'MAX_CONCURRENT_SENDS', unit: 'sends at once' },
  maxBatchSize: { variable: 'MAX_BATCH_SIZE', unit: 'tasks' },
  maxOutstanding: { variable: 'MAX_OUTSTANDING', unit: 'tasks' },
  functions: { variable: 'FUNCTIONS' },
  defaultFunction: { variable: 'LAMBDA_FUNCTION_NAME' },
  apiBaseUrl: { variable: 'API_BASE_URL' },
  inputBuckets: { variable: 'INPUT_BUCKETS' },
  webhookHosts: { variable: 'WEBHOOK_HOSTS' },
  webhookPrivateAddresses: { variable: 'WEBHOOK_PRIVATE_ADDRESSES' },
  jobRetentionDays: { variable: 'JOB_RETENTION_DAYS', unit: 'days' },
  maxWaits: { variable: 'MAX_WAITS', unit: 'requests' },
  validateJobs: { variable: 'VALIDATE_JOBS' },
  retryJobs: { variable: 'RETRY_JOBS' },
  notifyJobs: { variable: 'NOTIFY_JOBS' },
  leaseSeconds: { variable: 'LEASE_SECONDS', unit: 'seconds' },
  bodySchema: { variable: 'BODY_SCHEMA' },
  validatorFunction: { variable: 'VALIDATOR_FUNCTION' },
  maxInputBytes: { variable: 'MAX_INPUT_BYTES', unit: 'bytes' },
};

/** Where each setting's value came from, by name; one that is not named has its default. */
export type SettingSources = Record<string, SettingSource>;

/** As the API gets them: names by source, for the environment of a function has little room. */
export const SettingSources = z
  .partialRecord(z.enum(settingSources), z.array(z.string()))
  .transform(
    (bySource): SettingSources =>
      Object.fromEntries(settingSources.flatMap((source) => (bySource[source] ?? []).map((name) => [name, source]))),
  );

export const namesBySource = (sources: SettingSources): z.input<typeof SettingSources> =>
  Object.fromEntries(settingSources.map((source) => [source, Object.keys(sources).filter((name) => sources[name] === source)]));

/**
 * Environment of our own functions: set by `lib`, parsed at cold start. Consumers' is in consumer-env.ts.
 */
import { z } from 'zod';
import { SettingSources } from './setting-facts.ts';
import { StageSettings } from './settings.ts';

const Json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue('is not JSON');
    return z.NEVER;
  }
});

/** Keys of the one environment all our functions share. */
export const OwnEnvironment = z.object({
  SLUICE_SETTINGS: Json.pipe(StageSettings),
  SLUICE_CONFIG_TABLE: z.string().min(1),
  SLUICE_PIPELINES_TABLE: z.string().min(1),
  SLUICE_RELEASES_TABLE: z.string().min(1),
  SLUICE_CONTROL_TABLE: z.string().min(1),
  SLUICE_TASKS_TABLE: z.string().min(1),
  SLUICE_DATA_BUCKET: z.string().min(1),
  SLUICE_CHANGES_QUEUE_URL: z.url(),
  SLUICE_ROLLOUTS_QUEUE_URL: z.url(),
  SLUICE_SWEEPS_QUEUE_URL: z.url(),
  /** FIFO: where the scheduler of pools hears that something changed. */
  SLUICE_PLACING_QUEUE_URL: z.url(),
  /** Takes what became of tasks of jobs; the reconciler hands it to consumers. */
  SLUICE_REPORTS_QUEUE_URL: z.url(),
  SLUICE_CODE_BUCKET: z.string().min(1),
  SLUICE_CONSUMER_ROLE_ARN: z.string().min(1),
  SLUICE_CONSUMER_LOG_GROUP: z.string().min(1),
  /** Set by Lambda itself. */
  AWS_REGION: z.string().min(1),
});
export type OwnEnvironment = z.output<typeof OwnEnvironment>;

/** What the functions of the job service have besides. */
export const JobEnvironment = OwnEnvironment.extend({
  SLUICE_JOBS_TABLE: z.string().min(1),
  SLUICE_DISPATCH_QUEUE_URL: z.url(),
  SLUICE_INTAKE_QUEUE_URL: z.url(),
  SLUICE_RESULTS_QUEUE_URL: z.url(),
  SLUICE_EVENTS_QUEUE_URL: z.url(),
  SLUICE_VALIDATION_QUEUE_URL: z.url(),
});
export type JobEnvironment = z.output<typeof JobEnvironment>;

export const NotifierEnvironment = JobEnvironment.extend({
  SLUICE_JOBS_TOPIC_ARN: z.string().min(1),
  SLUICE_JOBS_FIFO_TOPIC_ARN: z.string().min(1),
  SLUICE_WEBHOOK_SECRET_ARN: z.string().min(1),
});
export type NotifierEnvironment = z.output<typeof NotifierEnvironment>;

/** Also of the scheduler of pools, whose leases name the address. */
export const DispatcherEnvironment = JobEnvironment.extend({
  /** Where functions send their results: the API's own address, or what `apiBaseUrl` says instead. No slash at its end. */
  SLUICE_API_URL: z.url(),
});
export type DispatcherEnvironment = z.output<typeof DispatcherEnvironment>;

export const JobApiEnvironment = JobEnvironment.extend({
  /** JSON, for people (`GET /config`). */
  SLUICE_SETTING_SOURCES: Json.pipe(SettingSources),
  /** The function that waits for a job's end. */
  SLUICE_WAIT_FUNCTION_NAME: z.string().min(1),
});
export type JobApiEnvironment = z.output<typeof JobApiEnvironment>;

/** The job service's tables, bucket and queues on the double of AWS, and services of its functions there. Test code only. */
import { createJobServices, type JobServices } from '../../lambdas/aws/jobs/job-services.ts';
import { taskFileKey } from '../../lambdas/contract/data-bucket.ts';
import { JobEnvironment } from '../../lambdas/contract/env.ts';
import type { JobStatus } from '../../lambdas/contract/job.ts';
import {
  everyJob,
  JobRow,
  jobIndexes,
  jobIndexSortKey,
  jobKey,
  type StoredTask,
  TaskRow,
  taskRowKey,
} from '../../lambdas/contract/job-table.ts';
import type { StageSettingsInput } from '../../lambdas/contract/settings.ts';
import { storedLine } from '../../lambdas/domain/job/line.ts';
import type { Log } from '../../lambdas/framework/log.ts';
import { AwsDouble, type DoubleCaller } from './aws/double.ts';

export const jobTables = {
  config: 'config',
  pipelines: 'pipelines',
  releases: 'releases',
  control: 'control',
  tasks: 'tasks',
  jobs: 'jobs',
};
export const dataBucket = 'data';

export class JobStage {
  readonly aws = new AwsDouble({ latencyMs: { min: 1, max: 3 } });
  readonly logged: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  readonly #environment: JobEnvironment;
  #ids = 0;

  constructor(settings: StageSettingsInput = {}) {
    const { dynamodb, s3 } = this.aws;
    for (const name of [jobTables.config, jobTables.pipelines]) dynamodb.createTable({ name, hash: 'taskGroup' });
    dynamodb.createTable({ name: jobTables.releases, hash: 'codeKey', range: 'id' });
    for (const name of [jobTables.control, jobTables.tasks]) dynamodb.createTable({ name, hash: 'pk', range: 'sk' });
    const indexes = Object.fromEntries(Object.values(jobIndexes).map(({ name, key }) => [name, { hash: key, range: jobIndexSortKey }]));
    dynamodb.createTable({ name: jobTables.jobs, hash: 'pk', range: 'sk', ttl: 'expiresAt', indexes });
    s3.createBucket(dataBucket);
    this.#environment = this.#environmentOf(settings);
  }

  caller = (name: string): DoubleCaller => this.aws.caller(name);

  services({ clients, process }: DoubleCaller): JobServices {
    const log =
      (level: keyof Log) =>
      (message: string, fields: Record<string, unknown> = {}) =>
        void this.logged.push({ level, message, fields });
    return createJobServices({
      environment: this.#environment,
      clients,
      clock: process.clock,
      random: this.aws.random,
      newId: () => `id-${++this.#ids}`,
      log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    });
  }

  /** A job of 3 tasks for a group, as it is after its end unless `fields` say otherwise. */
  putJob(fields: Partial<JobRow> & { job: string }, status: JobStatus = 'FAILED'): JobRow {
    const nowMs = this.aws.clock.nowMs();
    const row = JobRow.parse({
      target: 'group:shop',
      status,
      listKey: everyJob,
      createdKey: `${new Date(nowMs).toISOString()}#${fields.job}`,
      createdAtMs: nowMs - 60_000,
      endedAtMs: nowMs,
      priority: 'normal',
      maxFailures: 0,
      maxConcurrent: 20,
      batchSize: 50,
      maxOutstanding: 20,
      maxRetries: 3,
      tokenKey: 'key',
      total: 3,
      ...fields,
    });
    this.aws.dynamodb.put(jobTables.jobs, { ...jobKey(row.job), ...row });
    return row;
  }

  job(job: string): JobRow | undefined {
    const item = this.aws.dynamodb.read(jobTables.jobs, jobKey(job));
    return item && JobRow.parse(item);
  }

  /** As of a job that failed before its file was read to the end. */
  forgetTotal(job: string): void {
    const { total: _, ...rest } = this.aws.dynamodb.read(jobTables.jobs, jobKey(job)) ?? {};
    this.aws.dynamodb.put(jobTables.jobs, { ...jobKey(job), ...rest });
  }

  putTaskFile(job: string, tasks: readonly StoredTask[]): void {
    this.putObject(taskFileKey(job), tasks.map(storedLine).join(''));
  }

  putTaskRow(job: string, row: Partial<TaskRow> & Pick<TaskRow, 'n' | 'status'>): void {
    const full = TaskRow.parse({ attempt: 1, updatedAtMs: this.aws.clock.nowMs(), expiresAt: 4_000_000_000, ...row });
    this.aws.dynamodb.put(jobTables.jobs, { ...taskRowKey(job, row.n), ...full });
  }

  /** The double keeps bytes, one a character. */
  putObject(key: string, text: string): void {
    this.aws.s3.put(dataBucket, key, Buffer.from(text).toString('latin1'));
  }

  object(key: string): string | undefined {
    const body = this.aws.s3.resolve(dataBucket, key)?.body;
    return body === undefined ? undefined : Buffer.from(body, 'latin1').toString();
  }

  #environmentOf(settings: StageSettingsInput): JobEnvironment {
    const queue = (name: string) => this.aws.sqs.createQueue(name, { VisibilityTimeout: '960' }).identity.url;
    return JobEnvironment.parse({
      SLUICE_SETTINGS: JSON.stringify({ stage: 'test', ...settings }),
      SLUICE_CONFIG_TABLE: jobTables.config,
      SLUICE_PIPELINES_TABLE: jobTables.pipelines,
      SLUICE_RELEASES_TABLE: jobTables.releases,
      SLUICE_CONTROL_TABLE: jobTables.control,
      SLUICE_TASKS_TABLE: jobTables.tasks,
      SLUICE_JOBS_TABLE: jobTables.jobs,
      SLUICE_DATA_BUCKET: dataBucket,
      SLUICE_CHANGES_QUEUE_URL: queue('changes'),
      SLUICE_ROLLOUTS_QUEUE_URL: queue('rollouts'),
      SLUICE_SWEEPS_QUEUE_URL: queue('sweeps'),
      SLUICE_REPORTS_QUEUE_URL: queue('reports'),
      SLUICE_DISPATCH_QUEUE_URL: queue('dispatch'),
      SLUICE_INTAKE_QUEUE_URL: queue('intake'),
      SLUICE_RESULTS_QUEUE_URL: queue('results'),
      SLUICE_EVENTS_QUEUE_URL: queue('events'),
      SLUICE_VALIDATION_QUEUE_URL: queue('validation'),
      SLUICE_PLACING_QUEUE_URL: this.aws.sqs.createQueue('placing.fifo', { FifoQueue: 'true', VisibilityTimeout: '120' }).identity.url,
      SLUICE_CODE_BUCKET: 'code',
      SLUICE_CONSUMER_ROLE_ARN: 'arn:aws:iam::123456789012:role/sluice-test/consumer',
      SLUICE_CONSUMER_LOG_GROUP: '/sluice/test/consumers',
      AWS_REGION: this.aws.settings.region,
    });
  }
}

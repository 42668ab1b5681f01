/** The tables, queues and bucket of the job service, as `lib/constructs/jobs` makes them, on the double of AWS. */
import { JobEnvironment } from '../../../lambdas/contract/env.ts';
import { jobIndexes, jobIndexSortKey, jobsExpiryAttribute } from '../../../lambdas/contract/job-table.ts';
import type { StageSettingsInput } from '../../../lambdas/contract/settings.ts';
import { tasksExpiryAttribute } from '../../../lambdas/contract/task-table.ts';
import type { AwsDouble } from '../aws/double.ts';
import type { Queue } from '../aws/queue.ts';

export const tables = {
  config: 'config',
  pipelines: 'pipelines',
  releases: 'releases',
  control: 'control',
  tasks: 'tasks',
  jobs: 'jobs',
};
export const dataBucket = 'data';
export const codeBucket = 'code';

export interface JobResources {
  environment: JobEnvironment;
  queues: Record<'reports' | 'functionFailures' | 'dispatch' | 'events', Queue>;
}

export function jobResources(aws: AwsDouble, settings: StageSettingsInput): JobResources {
  makeTables(aws);
  for (const bucket of [dataBucket, codeBucket]) aws.s3.createBucket(bucket);
  const failures = aws.sqs.createQueue('failures', { MessageRetentionPeriod: '1209600' });
  const queue = (name: string, functionSeconds: number) =>
    aws.sqs.createQueue(name, {
      VisibilityTimeout: String(functionSeconds + 60),
      MessageRetentionPeriod: '1209600',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: failures.identity.arn, maxReceiveCount: 1_000 }),
    });
  const queues = {
    reports: queue('reports', 30),
    functionFailures: queue('function-failures', 30),
    dispatch: queue('dispatch', 60),
    events: queue('events', 60),
  };
  const urlOf = (name: string) => queue(name, 900).identity.url;
  const environment = JobEnvironment.parse({
    SLUICE_SETTINGS: JSON.stringify({ stage: 'test', ...settings }),
    SLUICE_CONFIG_TABLE: tables.config,
    SLUICE_PIPELINES_TABLE: tables.pipelines,
    SLUICE_RELEASES_TABLE: tables.releases,
    SLUICE_CONTROL_TABLE: tables.control,
    SLUICE_TASKS_TABLE: tables.tasks,
    SLUICE_JOBS_TABLE: tables.jobs,
    SLUICE_DATA_BUCKET: dataBucket,
    SLUICE_CODE_BUCKET: codeBucket,
    SLUICE_CHANGES_QUEUE_URL: urlOf('changes'),
    SLUICE_ROLLOUTS_QUEUE_URL: urlOf('rollouts'),
    SLUICE_SWEEPS_QUEUE_URL: urlOf('sweeps'),
    SLUICE_INTAKE_QUEUE_URL: urlOf('intake'),
    SLUICE_RESULTS_QUEUE_URL: urlOf('results'),
    SLUICE_REPORTS_QUEUE_URL: queues.reports.identity.url,
    SLUICE_DISPATCH_QUEUE_URL: queues.dispatch.identity.url,
    SLUICE_EVENTS_QUEUE_URL: queues.events.identity.url,
    SLUICE_VALIDATION_QUEUE_URL: urlOf('validation'),
    SLUICE_PLACING_QUEUE_URL: aws.sqs.createQueue('placing.fifo', { FifoQueue: 'true', VisibilityTimeout: '40' }).identity.url,
    SLUICE_CONSUMER_ROLE_ARN: 'arn:aws:iam::123456789012:role/sluice-test/consumer',
    SLUICE_CONSUMER_LOG_GROUP: '/sluice/test/consumers',
    AWS_REGION: aws.settings.region,
  });
  return { environment, queues };
}

function makeTables({ dynamodb }: AwsDouble): void {
  dynamodb.createTable({ name: tables.config, hash: 'taskGroup', ttl: 'expiresAt' });
  dynamodb.createTable({ name: tables.pipelines, hash: 'taskGroup' });
  dynamodb.createTable({ name: tables.releases, hash: 'codeKey', range: 'id' });
  dynamodb.createTable({ name: tables.control, hash: 'pk', range: 'sk' });
  dynamodb.createTable({ name: tables.tasks, hash: 'pk', range: 'sk', ttl: tasksExpiryAttribute });
  const indexes = Object.fromEntries(Object.values(jobIndexes).map(({ name, key }) => [name, { hash: key, range: jobIndexSortKey }]));
  dynamodb.createTable({ name: tables.jobs, hash: 'pk', range: 'sk', ttl: jobsExpiryAttribute, indexes });
}

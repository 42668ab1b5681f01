/** The function that reads files, on the double of AWS, called as SQS calls it. */
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { createJobServices, type JobServices } from '../../lambdas/aws/jobs/job-services.ts';
import { taskFileKey } from '../../lambdas/contract/data-bucket.ts';
import { JobEnvironment } from '../../lambdas/contract/env.ts';
import { JobRow, jobIndexes, jobIndexSortKey, jobKey, type StoredTask, TaskRow, taskRowKey } from '../../lambdas/contract/job-table.ts';
import { StageSettings } from '../../lambdas/contract/settings.ts';
import { readStoredLine } from '../../lambdas/domain/job/line.ts';
import { newJobRow } from '../../lambdas/domain/job/new-job.ts';
import { createIntake } from '../../lambdas/job-intake/intake.ts';
import { AwsDouble } from '../double/aws/double.ts';
import { etag } from '../double/aws/s3.ts';
import { sqsRecord } from '../support/sqs-record.ts';

const tables = { config: 'config', pipelines: 'pipelines', releases: 'releases', control: 'control', tasks: 'tasks', jobs: 'jobs' };
const dataBucket = 'data-bucket';
export const sourceKey = 'uploads/one';
/** In place of megabytes, so that a small file has several parts. */
const partBytes = 65_536;

export class IntakeWorld {
  readonly aws = new AwsDouble({ latencyMs: { min: 1, max: 3 } });
  readonly environment: JobEnvironment;
  readonly logged: { message: string; fields: Record<string, unknown> }[] = [];
  #ids = 0;

  constructor() {
    this.environment = this.#resources();
  }

  services(): JobServices {
    return this.environmentOf('intake').services;
  }

  /** A function environment of its own: killing it leaves the others. */
  environmentOf(name: string): { services: JobServices; dead: Promise<'killed'> } {
    const { process, clients } = this.aws.caller(name);
    const log = (message: string, fields: Record<string, unknown> = {}) => void this.logged.push({ message, fields });
    const services = createJobServices({
      environment: this.environment,
      clients,
      clock: process.clock,
      random: this.aws.random,
      newId: () => `id-${++this.#ids}`,
      log: { debug: log, info: log, warn: log, error: log },
    });
    return { services, dead: process.dead };
  }

  /** A job whose file this is; its id. */
  async submit(file: Buffer, request: Record<string, unknown> = {}, { target = 'group:shop' } = {}): Promise<string> {
    const stored = this.aws.s3.put(dataBucket, sourceKey, file.toString('latin1'));
    const { jobs, clock } = this.services();
    const row = newJobRow(request, {
      job: 'j1',
      target,
      nowMs: clock.nowMs(),
      tokenKey: 'k',
      settings: StageSettings.parse({}),
      createdBy: undefined,
      warnings: [],
      tasks: { source: { bucket: dataBucket, key: sourceKey, etag: etag(stored.body), bytes: file.byteLength } },
    });
    await this.settled(jobs.create(row));
    return row.job;
  }

  /** One invocation; whether its message comes back. Never settles where the environment is killed. */
  async run(
    services: JobServices,
    job: string,
    { withinMs = 900_000, body = JSON.stringify({ job }), receives = 1 } = {},
  ): Promise<boolean> {
    const record = sqsRecord('message', { body, receives });
    const intake = createIntake(services, () => partBytes);
    const { batchItemFailures } = await intake({ Records: [record] }, withinMs);
    return batchItemFailures.length > 0;
  }

  /** Invocations until the message does not come back. */
  async readAll(job: string, options: { withinMs?: number } = {}): Promise<number> {
    for (let runs = 1; runs < 200; runs += 1) {
      if (!(await this.settled(this.run(this.services(), job, options)))) return runs;
      // As its visibility says, and longer than a lease that somebody left.
      await this.aws.clock.advance(80_000);
    }
    throw new Error('it comes back for ever');
  }

  /** Lets virtual time pass until it is there; what unpacks takes a real moment besides. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let open = true;
    const close = () => {
      open = false;
    };
    promise.then(close, close);
    while (open) await this.aws.clock.run(() => !open);
    return promise;
  }

  row(job: string): JobRow {
    return JobRow.parse(this.aws.dynamodb.read(tables.jobs, jobKey(job)));
  }

  taskRow(job: string, n: number): TaskRow | undefined {
    const item = this.aws.dynamodb.read(tables.jobs, taskRowKey(job, n));
    return item && TaskRow.parse(item);
  }

  fileText(job: string): string | undefined {
    const body = this.aws.s3.resolve(dataBucket, taskFileKey(job))?.body;
    return body === undefined ? undefined : Buffer.from(body, 'latin1').toString('utf8');
  }

  file(job: string): StoredTask[] {
    return (this.fileText(job) ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map(readStoredLine);
  }

  change(job: string, fields: Record<string, unknown>): void {
    this.aws.dynamodb.put(tables.jobs, { ...this.aws.dynamodb.read(tables.jobs, jobKey(job)), ...fields });
  }

  async deleteSource(): Promise<void> {
    await this.settled(this.aws.caller('user').clients.s3.send(new DeleteObjectCommand({ Bucket: dataBucket, Key: sourceKey })));
  }

  hints(queue: 'dispatch' | 'events'): unknown[] {
    const found = this.aws.sqs.find(queue);
    return found ? this.aws.sqs.receive(found, 10).map(({ body }): unknown => JSON.parse(body)) : [];
  }

  #resources(): JobEnvironment {
    const { dynamodb, s3, sqs } = this.aws;
    for (const name of [tables.config, tables.pipelines]) dynamodb.createTable({ name, hash: 'taskGroup' });
    dynamodb.createTable({ name: tables.releases, hash: 'codeKey', range: 'id' });
    for (const name of [tables.control, tables.tasks]) dynamodb.createTable({ name, hash: 'pk', range: 'sk' });
    const indexes = Object.fromEntries(Object.values(jobIndexes).map(({ name, key }) => [name, { hash: key, range: jobIndexSortKey }]));
    dynamodb.createTable({ name: tables.jobs, hash: 'pk', range: 'sk', ttl: 'expiresAt', indexes });
    s3.createBucket(dataBucket);
    s3.uploads.leastPartBytes = partBytes;
    const queue = (name: string) => sqs.createQueue(name, {}).identity.url;
    return JobEnvironment.parse({
      SLUICE_SETTINGS: JSON.stringify({ stage: 'test' }),
      SLUICE_CONFIG_TABLE: tables.config,
      SLUICE_PIPELINES_TABLE: tables.pipelines,
      SLUICE_RELEASES_TABLE: tables.releases,
      SLUICE_CONTROL_TABLE: tables.control,
      SLUICE_TASKS_TABLE: tables.tasks,
      SLUICE_JOBS_TABLE: tables.jobs,
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
      SLUICE_PLACING_QUEUE_URL: sqs.createQueue('placing.fifo', { FifoQueue: 'true' }).identity.url,
      SLUICE_CODE_BUCKET: 'code',
      SLUICE_CONSUMER_ROLE_ARN: 'arn:aws:iam::123456789012:role/sluice-test/consumer',
      SLUICE_CONSUMER_LOG_GROUP: '/sluice/test/consumers',
      AWS_REGION: 'eu-central-1',
    });
  }
}

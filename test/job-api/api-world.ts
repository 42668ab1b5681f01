/**
 * The API's own function on the double of AWS, called as API Gateway calls it: by events of payload format 2.0, whose
 * path is decoded and whose route is found. The function that waits runs behind a double of Invoke, cap included.
 */
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import type { JobApiServices } from '../../lambdas/aws/jobs/job-api-services.ts';
import { createJobServices, type JobServices } from '../../lambdas/aws/jobs/job-services.ts';
import { signedLinks } from '../../lambdas/aws/jobs/signed-links.ts';
import { type WaitLambda, waitFunction } from '../../lambdas/aws/jobs/wait-function.ts';
import { JobEnvironment } from '../../lambdas/contract/env.ts';
import { jobRoutes } from '../../lambdas/contract/job-routes.ts';
import { JobRow, jobIndexes, jobIndexSortKey, jobKey } from '../../lambdas/contract/job-table.ts';
import type { StageSettingsInput } from '../../lambdas/contract/settings.ts';
import { createJobApi } from '../../lambdas/job-api/api.ts';
import { createWait } from '../../lambdas/job-wait/wait.ts';
import { AwsDouble } from '../double/aws/double.ts';
import { AwsError } from '../double/aws/errors.ts';

export const tables = { config: 'config', pipelines: 'pipelines', releases: 'releases', control: 'control', tasks: 'tasks', jobs: 'jobs' };
export const dataBucket = 'data-bucket';

export interface Sent {
  headers?: Record<string, string>;
  /** Text as it is, anything else as JSON. */
  body?: unknown;
  base64?: boolean;
}

export interface Answered {
  status: number;
  headers: Record<string, string>;
  // biome-ignore lint/suspicious/noExplicitAny: a test says itself what it expects there.
  body: any;
  text: string;
}

export class ApiWorld {
  readonly aws = new AwsDouble({ latencyMs: { min: 1, max: 3 } });
  readonly services: JobApiServices;
  readonly logged: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  /** Waits that may run at once. */
  waitCap = 20;
  waits = 0;
  readonly #answer: ReturnType<typeof createJobApi>;
  #ids = 0;

  constructor(settings: StageSettingsInput = {}) {
    const environment = this.#resources(settings);
    const jobServices = this.#jobServices(environment);
    this.services = {
      ...jobServices,
      waits: waitFunction(this.#waitLambda(environment), 'job-wait', jobServices.log),
      links: signedLinks(s3ForSigning(), dataBucket),
      settingSources: { maxTasksPerRequest: 'preset', functions: 'context' },
    };
    this.#answer = createJobApi(this.services);
  }

  /** `path` as a client writes it, percent-encoded, with its query. */
  async call(method: string, path: string, { headers = {}, body, base64 = false }: Sent = {}): Promise<Answered> {
    const [rawPath = '', rawQueryString = ''] = path.split('?');
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const event = {
      version: '2.0',
      ...routed(method, decodeURIComponent(rawPath.replaceAll('%25', '%2525'))),
      rawQueryString,
      headers: { ...(text === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: base64 && text !== undefined ? Buffer.from(text, 'latin1').toString('base64') : text,
      isBase64Encoded: base64,
      requestContext: { requestId: 'request-1', http: { method }, authorizer: { iam: { userArn: 'arn:aws:iam::123456789012:user/ada' } } },
    };
    return this.raw(event);
  }

  async raw(event: unknown): Promise<Answered> {
    const { statusCode = 0, headers = {}, body: answer = '' } = await this.settled(this.#answer(event, 29_000));
    return { status: statusCode, headers: headers as Record<string, string>, text: answer, body: JSON.parse(answer) };
  }

  /** Lets virtual time pass until it is there; links are signed by what really takes a moment. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let open = true;
    const close = () => {
      open = false;
    };
    promise.then(close, close);
    for (let turns = 0; open && turns < 1_000; turns += 1) await this.aws.clock.run(() => !open);
    return promise;
  }

  group(taskGroup: string, fields: Record<string, unknown> = {}): void {
    this.aws.dynamodb.put(tables.config, { taskGroup, concurrency: 2, consumer: 'sluice', ...fields });
  }

  row(job: string): JobRow | undefined {
    const item = this.aws.dynamodb.read(tables.jobs, jobKey(job));
    return item && JobRow.parse(item);
  }

  async submit(request: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<string> {
    const answer = await this.call('POST', '/jobs', { body: { taskGroup: 'shop', tasks: [{ body: { a: 1 } }], ...request }, headers });
    if (answer.status !== 202) throw new Error(`${answer.status} ${answer.text}`);
    return answer.body.id;
  }

  /** PENDING → RUNNING with everything sent, as the dispatcher leaves it. */
  async start(job: string): Promise<void> {
    const row = this.row(job);
    if (!row) throw new Error(`no job ${job}`);
    await this.settled(this.services.slots.read().then((slots) => this.services.jobs.start(row, slots)));
    const total = row.total ?? 0;
    this.change(job, { sentAll: true, dispatched: total, cursor: { n: total, byte: row.fileBytes ?? 0 } });
  }

  /** Ends tasks as reports of their consumer do; the last one closes the job. */
  async end(job: string, ends: { n: number; status: 'done' | 'failed'; result?: string }[]): Promise<void> {
    const { tasks, clock, jobs } = this.services;
    const atMs = clock.nowMs();
    const error = { class: 'PERMANENT', message: 'no' } as const;
    await this.settled(
      tasks.apply(
        job,
        ends.map((end) => ({ ...end, life: 0, attempt: 1, atMs, ...(end.status === 'failed' ? { error } : {}) })),
      ),
    );
    const looked = await this.settled(jobs.look(job));
    if (looked && looked.counts.completed + looked.counts.failed === looked.row.total)
      await this.settled(jobs.close(looked.row, looked.counts));
  }

  change(job: string, fields: Record<string, unknown>): void {
    const key = jobKey(job);
    this.aws.dynamodb.put(tables.jobs, { ...this.aws.dynamodb.read(tables.jobs, key), ...key, ...fields });
  }

  /** What waits on a queue of ours. */
  hints(queue: 'dispatch' | 'intake' | 'results' | 'events'): unknown[] {
    const found = this.aws.sqs.find(queue);
    return found ? this.aws.sqs.receive(found, 10).map(({ body }): unknown => JSON.parse(body)) : [];
  }

  objects(): string[] {
    return this.aws.log.calls
      .filter(({ operation, outcome }) => operation === 'PutObject' && outcome === 'ok')
      .map(({ input }) => String(input['Key']));
  }

  #jobServices(environment: JobEnvironment): JobServices {
    const { process, clients } = this.aws.caller('job-api');
    const log =
      (level: string) =>
      (message: string, fields: Record<string, unknown> = {}) =>
        void this.logged.push({ level, message, fields });
    return createJobServices({
      environment,
      clients,
      clock: process.clock,
      random: this.aws.random,
      newId: () => `id-${++this.#ids}`,
      log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    });
  }

  #waitLambda(environment: JobEnvironment): WaitLambda {
    const wait = createWait(this.#jobServices(environment));
    const send = async (command: unknown) => {
      if (!(command instanceof InvokeCommand)) throw new Error('only Invoke');
      if (this.waits >= this.waitCap) throw new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429);
      this.waits += 1;
      try {
        const answer = await wait(JSON.parse(Buffer.from(command.input.Payload as Uint8Array).toString()));
        return { Payload: Buffer.from(JSON.stringify(answer)) };
      } finally {
        this.waits -= 1;
      }
    };
    // The SDK's `send` is overloaded by command.
    return { send } as WaitLambda;
  }

  #resources(settings: StageSettingsInput): JobEnvironment {
    const { dynamodb, s3, sqs } = this.aws;
    for (const name of [tables.config, tables.pipelines]) dynamodb.createTable({ name, hash: 'taskGroup' });
    dynamodb.createTable({ name: tables.releases, hash: 'codeKey', range: 'id' });
    for (const name of [tables.control, tables.tasks]) dynamodb.createTable({ name, hash: 'pk', range: 'sk' });
    const indexes = Object.fromEntries(Object.values(jobIndexes).map(({ name, key }) => [name, { hash: key, range: jobIndexSortKey }]));
    dynamodb.createTable({ name: tables.jobs, hash: 'pk', range: 'sk', ttl: 'expiresAt', indexes });
    for (const name of [dataBucket, 'theirs', 'unlisted']) s3.createBucket(name);
    const queue = (name: string) => sqs.createQueue(name, {}).identity.url;
    return JobEnvironment.parse({
      SLUICE_SETTINGS: JSON.stringify({ stage: 'test', ...settings }),
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

const s3ForSigning = () =>
  new S3Client({
    region: 'eu-central-1',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });

/** The route that API Gateway finds, and `$default` where it finds none. */
function routed(method: string, path: string) {
  for (const route of Object.values(jobRoutes)) {
    const names = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
    const match = new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '([^/]+)')}$`).exec(path);
    if (match && route.method === method) {
      const pathParameters = Object.fromEntries(names.map((name, i) => [name, match[i + 1]]));
      return { routeKey: `${method} ${route.path}`, rawPath: path, ...(names.length === 0 ? {} : { pathParameters }) };
    }
  }
  return { routeKey: '$default', rawPath: path };
}

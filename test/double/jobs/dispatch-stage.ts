/**
 * The job service at work on the double, in virtual time: dispatcher, progress and sweeper with the timeouts, batch sizes
 * and shares that `lib/constructs/jobs` gives them; groups with consumers, and functions that are played. Jobs are handed
 * in as the API does it. Start here: `new DispatchStage()`, `group`, `submit`, `runUntil`.
 */
import type { SQSEvent } from 'aws-lambda';
import { afterEnd } from '../../../lambdas/aws/jobs/follow-up.ts';
import { createJobServices, type JobServices } from '../../../lambdas/aws/jobs/job-services.ts';
import { taskFileKey } from '../../../lambdas/contract/data-bucket.ts';
import type { JobRequest, TaskInput } from '../../../lambdas/contract/job.ts';
import { functionTarget, groupTarget } from '../../../lambdas/contract/job-messages.ts';
import { PipelineRow } from '../../../lambdas/contract/pipeline-row.ts';
import { ownReservations, StageSettings, type StageSettingsInput } from '../../../lambdas/contract/settings.ts';
import { endEvent } from '../../../lambdas/domain/job/ending.ts';
import { storedLine } from '../../../lambdas/domain/job/line.ts';
import { newJobRow } from '../../../lambdas/domain/job/new-job.ts';
import { storedTask } from '../../../lambdas/domain/job/task-input.ts';
import type { DispatchServices } from '../../../lambdas/job-dispatcher/dispatch-services.ts';
import { createDispatcher } from '../../../lambdas/job-dispatcher/dispatcher.ts';
import { createProgress } from '../../../lambdas/job-progress/progress.ts';
import { createJobSweeper } from '../../../lambdas/job-sweeper/sweep.ts';
import { AwsDouble, type DoubleCaller } from '../aws/double.ts';
import { zipOf } from '../aws/s3.ts';
import type { SettingsChange } from '../aws/settings.ts';
import { type Handler, QueuePoller, RunningFunction } from '../platform.ts';
import { faulty, grudging, type Mishaps, noMishaps } from './mishaps.ts';
import { type FunctionPlan, PlayedFunction } from './played-function.ts';
import { jobRow } from './recount.ts';
import { codeBucket, dataBucket, type JobResources, jobResources, tables } from './resources.ts';
import { Watch } from './watch.ts';
import { type ConsumerPlan, WireConsumer } from './wire-consumer.ts';

export interface StageOptions {
  seed?: number;
  settings?: StageSettingsInput;
  aws?: SettingsChange;
  mishaps?: Partial<Mishaps>;
}

export interface GroupOptions extends Partial<ConsumerPlan> {
  fifo?: boolean;
  ratePerSecond?: number;
  retentionSeconds?: number;
}

export class DispatchStage {
  readonly aws: AwsDouble;
  readonly settings: StageSettings;
  readonly resources: JobResources;
  readonly watch: Watch;
  readonly dispatcher: RunningFunction;
  readonly progress: RunningFunction;
  readonly sweeper: RunningFunction;
  /** Of the test's own process, without mishaps. */
  readonly services: JobServices;
  /** What the dispatcher did with the clients that pass Lambda's trace of a chain on: the others start a new one. */
  readonly chained: { operation: string; queue: string }[] = [];
  readonly logged: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  readonly groups = new Map<string, WireConsumer>();
  readonly functions = new Map<string, PlayedFunction>();
  mishaps: Mishaps;
  /** Whether the sweep starts by itself, once a minute. */
  sweeping = true;
  #ids = 0;
  #jobs = 0;

  constructor({ seed = 1, settings = {}, aws = {}, mishaps = {} }: StageOptions = {}) {
    this.aws = new AwsDouble({ seed, sdkAttempts: 3, latencyMs: { min: 2, max: 20 }, ...aws });
    this.settings = StageSettings.parse({ stage: 'test', ...settings });
    this.mishaps = { ...noMishaps, ...mishaps };
    this.resources = jobResources(this.aws, settings);
    this.watch = new Watch(this.aws, () => this.settings);
    this.services = this.servicesOf(this.aws.caller('test'));
    this.dispatcher = this.#function('jobDispatcher', 60, (caller) => {
      const dispatch = createDispatcher(this.#dispatchServices(caller));
      return (event, context) => dispatch(event as SQSEvent, context.getRemainingTimeInMillis());
    });
    this.progress = this.#function('jobProgress', 30, (caller) => {
      const take = createProgress(this.faultyServices(caller));
      return (event) => take(event as SQSEvent);
    });
    this.sweeper = this.#function('jobSweeper', 120, (caller) => createJobSweeper(this.faultyServices(caller)));
    this.#wire();
    this.aws.clock.every(60_000, () => this.sweeping && void this.sweeper.invoke({}));
    this.aws.lambda.onEvent = (name, payload) => void this.functions.get(name)?.start(payload);
  }

  get nowMs(): number {
    return Math.floor(this.aws.clock.nowMs());
  }

  /** A group as its pipeline's row shows it, with consumers at its queue. */
  group(name: string, options: GroupOptions = {}): WireConsumer {
    const { fifo = false, ...rest } = options;
    const { sqs } = this.aws;
    const [queueName, deadLetterName] = fifo ? [`${name}.fifo`, `${name}-dlq.fifo`] : [name, `${name}-dlq`];
    const kind: Record<string, string> = fifo ? { FifoQueue: 'true' } : {};
    const deadLetters = sqs.createQueue(deadLetterName, { ...kind, ...(fifo ? { ContentBasedDeduplication: 'true' } : {}) });
    const queue = sqs.createQueue(queueName, {
      ...kind,
      VisibilityTimeout: '180',
      MessageRetentionPeriod: String(options.retentionSeconds ?? 1_209_600),
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadLetters.identity.arn, maxReceiveCount: 1_000 }),
    });
    const plan: ConsumerPlan = { concurrency: 5, batchSize: 1, maxRetries: 3, taskMs: () => 500, ending: () => 'done', ...rest };
    const consumer = new WireConsumer(this.aws, { queue, deadLetters, reports: this.resources.queues.reports }, plan, () => this.mishaps);
    this.groups.set(name, consumer);
    this.aws.dynamodb.put(tables.config, { taskGroup: name, concurrency: plan.concurrency, consumer: 'sluice' });
    this.pipeline(name, { phase: 'Active' }, options);
    return consumer;
  }

  /** Writes the status row of a group's pipeline. */
  pipeline(
    name: string,
    change: Partial<PipelineRow>,
    { fifo = false, ratePerSecond, retentionSeconds = 1_209_600 }: GroupOptions = {},
  ): void {
    const plan = this.groups.get(name)?.plan;
    const { batchSize: size, concurrency } = plan ?? { batchSize: 1, concurrency: 5 };
    const at = new Date(this.nowMs).toISOString();
    const row = PipelineRow.parse({
      ...{ taskGroup: name, schemaVersion: 1, phase: 'Active', message: 'as it should be', createdAt: at, updatedAt: at },
      effective: { concurrency, ratePerSecond, batch: { size }, queue: { fifo, messageRetention: retentionSeconds } },
      resources: { queueUrl: this.groups.get(name)?.queue.identity.url },
      ...this.aws.dynamodb.read(tables.pipelines, { taskGroup: name }),
      ...change,
    });
    this.aws.dynamodb.put(tables.pipelines, row);
  }

  /** A Lambda function that jobs may name. */
  function(name: string, plan: Partial<FunctionPlan> = {}): PlayedFunction {
    this.aws.s3.put(codeBucket, 'code.zip', zipOf(name));
    this.aws.lambda.placeFunction(name, { bucket: codeBucket, key: 'code.zip' });
    const whole = { taskMs: () => 500, ending: () => ({ status: 'done' as const }), ...plan };
    const played = new PlayedFunction(this.aws, this.services, this.resources.queues.functionFailures, whole);
    this.functions.set(name, played);
    return played;
  }

  /** A job as `POST /jobs` stores it; its id. */
  async submit(request: JobRequest, tasks: readonly Partial<TaskInput>[]): Promise<string> {
    this.#jobs += 1;
    const job = `job-${String(this.#jobs).padStart(3, '0')}`;
    const nowMs = this.nowMs;
    const lines = tasks.map((task, i) => storedLine(storedTask({ body: { n: i + 1 }, ...task }, i + 1, nowMs)));
    const file = lines.join('');
    this.aws.s3.put(dataBucket, taskFileKey(job), Buffer.from(file).toString('latin1'));
    const target = request.function === undefined ? groupTarget(request.taskGroup ?? '') : functionTarget(request.function);
    const given = { total: tasks.length, fileBytes: Buffer.byteLength(file) };
    const row = newJobRow(request, {
      ...{ job, target, nowMs, tokenKey: `key of ${job}`, settings: this.settings, createdBy: undefined, warnings: [] },
      tasks: given,
    });
    await this.wait(this.services.jobs.create(row).then(() => this.services.hints.startOf(row, this.nowMs)));
    return job;
  }

  /** As `POST /jobs/{id}/cancel`. */
  async cancel(job: string): Promise<boolean> {
    const row = jobRow(this.aws, job);
    const done = await this.wait(this.services.jobs.cancel(row));
    if (done) await this.wait(afterEnd(this.services, row, endEvent(row, 'CANCELLED')));
    return done;
  }

  /** As `POST /jobs/{id}/retry`. */
  async retry(job: string): Promise<boolean> {
    const done = await this.wait(this.services.jobs.retry(jobRow(this.aws, job)));
    await this.wait(this.services.hints.schedule());
    return done;
  }

  wait<T>(promise: Promise<T>): Promise<T> {
    return this.aws.clock.until(promise);
  }

  pass(seconds: number): Promise<void> {
    return this.aws.clock.advance(seconds * 1_000);
  }

  /** Long times at which nothing is due: without the sweeps that would find nothing, but for the last ones. */
  async leap(seconds: number): Promise<void> {
    this.sweeping = false;
    await this.pass(seconds - 120);
    this.sweeping = true;
    await this.pass(120);
  }

  /** Lets time pass until `reached`, at most `seconds`; false when those were over first. */
  async runUntil(reached: () => boolean, seconds: number): Promise<boolean> {
    const endMs = this.nowMs + seconds * 1_000;
    this.aws.clock.after(seconds * 1_000, () => {});
    await this.aws.clock.run(() => reached() || this.nowMs >= endMs);
    return reached();
  }

  /** Until all of them have ended; the statuses they ended with, in their order. */
  async end(jobs: readonly string[], seconds: number): Promise<string[]> {
    // Parsing rows at every instant would be most of a test's time.
    let open = [...jobs];
    const over = () => {
      open = open.filter((job) => !this.watch.hasEnded(job));
      return open.length === 0;
    };
    await this.runUntil(over, seconds);
    return jobs.map((job) => jobRow(this.aws, job).status);
  }

  servicesOf({ clients, process }: DoubleCaller): JobServices {
    const log =
      (level: string) =>
      (message: string, fields: Record<string, unknown> = {}) => {
        if (level === 'warn' || level === 'error') this.logged.push({ level, message, fields });
      };
    return createJobServices({
      environment: this.resources.environment,
      clients,
      // Whole milliseconds, as Lambda's clock has them; the double's has parts of them.
      clock: { nowMs: () => Math.floor(process.clock.nowMs()), sleep: process.clock.sleep },
      random: this.aws.random,
      newId: () => `id-${++this.#ids}`,
      log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    });
  }

  /** Of a process that meets mishaps. */
  faultyServices({ clients, process } = this.aws.caller('mishap')): JobServices {
    return this.servicesOf({ process, clients: this.#faultyClients(clients, process) });
  }

  #faultyClients<Part extends Partial<DoubleCaller['clients']>>(clients: Part, process: DoubleCaller['process'], once = false): Part {
    const { random } = this.aws;
    return Object.fromEntries(
      Object.entries(clients).map(([name, client]) => [name, faulty(client, process, random, () => this.mishaps, once)]),
    ) as Part;
  }

  #dispatchServices(caller: DoubleCaller): DispatchServices {
    const { process } = caller;
    const { sqs, lambda } = this.aws.clientsOf(process, 1);
    const sending = this.#faultyClients({ sqs: grudging(sqs, this.aws.random, () => this.mishaps), lambda }, process, true);
    const clients = { ...caller.clients, sqs: this.#noting(caller.clients.sqs), lambda: this.#noting(caller.clients.lambda) };
    return { ...this.faultyServices({ process, clients }), sending, apiUrl: 'https://api.example' };
  }

  #noting<Client extends { send: unknown }>(client: Client): Client {
    const { send } = client;
    if (typeof send !== 'function') return client;
    const note = (command: { input: { QueueUrl?: string } }) => {
      this.chained.push({ operation: command.constructor.name, queue: command.input.QueueUrl?.split('/').at(-1) ?? '' });
      return send(command);
    };
    return { ...client, send: note };
  }

  #function(name: 'jobDispatcher' | 'jobProgress' | 'jobSweeper', timeoutSeconds: number, coldStart: (caller: DoubleCaller) => Handler) {
    const reserved = ownReservations(this.settings)[name];
    return new RunningFunction(this.aws, { name, timeoutSeconds, reserved, coldStart });
  }

  #wire(): void {
    const { reports, functionFailures, dispatch } = this.resources.queues;
    const disturb = () => {
      const lot = this.aws.random();
      const { hintLost, hintTwice } = this.mishaps;
      return lot < hintLost ? ('lose' as const) : lot < hintLost + hintTwice ? ('repeat' as const) : ('deliver' as const);
    };
    const { jobDispatcher, jobProgress } = ownReservations(this.settings);
    new QueuePoller(this.aws, { queue: dispatch, target: this.dispatcher, batchSize: 10, maximumConcurrency: jobDispatcher, disturb });
    new QueuePoller(this.aws, { queue: reports, target: this.progress, batchSize: 10, maximumConcurrency: jobProgress - 2 });
    new QueuePoller(this.aws, { queue: functionFailures, target: this.progress, batchSize: 10, maximumConcurrency: 2 });
  }
}

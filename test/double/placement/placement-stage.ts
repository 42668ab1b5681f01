/**
 * Jobs placed on pools, on the double in virtual time: the scheduler, and one beside it where a test wants two; dispatcher,
 * progress and sweeper of the job service; pools with who works there. Clocks differ by up to 5 seconds. Jobs are handed in
 * as the API does it. Start here: `new PlacementStage()`, `pool`, `submit`, `pass`, `leftOver`.
 */
import type { SQSEvent } from 'aws-lambda';
import { createJobServices, type JobServices } from '../../../lambdas/aws/jobs/job-services.ts';
import { followStep } from '../../../lambdas/aws/placement/follow-step.ts';
import type { Stepped } from '../../../lambdas/aws/placement/steps.ts';
import { taskFileKey } from '../../../lambdas/contract/data-bucket.ts';
import { hasEnded, type JobRequest } from '../../../lambdas/contract/job.ts';
import { groupTarget, needsTarget, type PlacingHint } from '../../../lambdas/contract/job-messages.ts';
import type { JobRow } from '../../../lambdas/contract/job-table.ts';
import { PipelineRow } from '../../../lambdas/contract/pipeline-row.ts';
import { limitDefaults, type PoolFields } from '../../../lambdas/contract/placement.ts';
import { laterPlacedPartition, placingPartition, validatingPartition } from '../../../lambdas/contract/placement-table.ts';
import { ownReservations, StageSettings, type StageSettingsInput } from '../../../lambdas/contract/settings.ts';
import { clockSkewMs } from '../../../lambdas/contract/task-table.ts';
import { storedLine } from '../../../lambdas/domain/job/line.ts';
import { newJobRow } from '../../../lambdas/domain/job/new-job.ts';
import { storedTask } from '../../../lambdas/domain/job/task-input.ts';
import { createDispatcher } from '../../../lambdas/job-dispatcher/dispatcher.ts';
import { createProgress } from '../../../lambdas/job-progress/progress.ts';
import { createJobSweeper } from '../../../lambdas/job-sweeper/sweep.ts';
import { readBook } from '../../../lambdas/pool-scheduler/memory.ts';
import { createScheduler } from '../../../lambdas/pool-scheduler/scheduler.ts';
import type { SchedulerServices } from '../../../lambdas/pool-scheduler/scheduler-services.ts';
import { AwsDouble, type DoubleCaller } from '../aws/double.ts';
import type { Queue } from '../aws/queue.ts';
import { faulty, grudging, type Mishaps, noMishaps } from '../jobs/mishaps.ts';
import { countsOf, jobRow, taskRow } from '../jobs/recount.ts';
import { dataBucket, type JobResources, jobResources, tables } from '../jobs/resources.ts';
import { type Handler, type InvocationResult, QueuePoller, RunningFunction } from '../platform.ts';
import { PlacedWorker, type WorkPlan } from './placed-worker.ts';
import { PlacementWatch } from './placement-watch.ts';

const apiUrl = 'https://api.example';

export interface StageOptions {
  seed?: number;
  settings?: StageSettingsInput;
  mishaps?: Partial<Mishaps>;
  /** Another scheduler beside the one, at any time. */
  rival?: boolean;
  /** How long an invocation of the scheduler may take. */
  schedulerSeconds?: number;
}

export type PoolWish = Omit<PoolFields, 'capacity'> & {
  maxJobs: number;
  quantities?: Record<string, number>;
  fifo?: boolean;
} & Partial<WorkPlan>;

export class PlacementStage {
  readonly aws: AwsDouble;
  readonly settings: StageSettings;
  readonly resources: JobResources;
  readonly watch: PlacementWatch;
  readonly scheduler: RunningFunction;
  readonly rival: RunningFunction;
  /** Of the test's own process, as the API's: without mishaps. */
  readonly services: JobServices;
  readonly logged: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  /** Metrics, as the schedulers wrote them. */
  readonly lines: string[] = [];
  readonly workers = new Map<string, PlacedWorker>();
  readonly jobs: string[] = [];
  mishaps: Mishaps;
  readonly #placing: Queue;
  readonly #clocks = new Map<string, number>();
  #ids = 0;

  constructor({ seed = 1, settings = {}, mishaps = {}, rival = false, schedulerSeconds = 30 }: StageOptions = {}) {
    this.aws = new AwsDouble({ seed, sdkAttempts: 3, latencyMs: { min: 2, max: 20 } });
    this.settings = StageSettings.parse({ stage: 'test', leaseSeconds: 30, ...settings });
    this.mishaps = { ...noMishaps, ...mishaps };
    this.resources = jobResources(this.aws, this.settings);
    this.#placing = this.aws.sqs.find('placing.fifo') as Queue;
    this.watch = new PlacementWatch(this.aws);
    this.services = this.#servicesOf(this.aws.caller('api'));
    const scheduling = (caller: DoubleCaller): Handler => {
      const schedule = createScheduler(this.#schedulerServices(caller));
      return (event, context) => schedule(event as SQSEvent, context.getRemainingTimeInMillis());
    };
    this.scheduler = this.#function('poolScheduler', schedulerSeconds, scheduling);
    this.rival = this.#function('poolScheduler', schedulerSeconds, scheduling);
    this.#wire();
    if (rival) this.#rivalry();
  }

  get nowMs(): number {
    return Math.floor(this.aws.clock.nowMs());
  }

  /** A pool with its config item, its pipeline and whoever works there; or the same with another item. */
  async pool(name: string, wish: PoolWish): Promise<PlacedWorker> {
    const { maxJobs, quantities, concurrency = 5, workMs = () => 5_000, ending = () => 'done' as const, fifo = false, ...rest } = wish;
    const queueName = fifo ? `${name}.fifo` : name;
    const known = this.workers.get(name);
    const queue = known?.queue ?? this.aws.sqs.createQueue(queueName, { VisibilityTimeout: '600', ...(fifo ? { FifoQueue: 'true' } : {}) });
    const pool = { ...rest, capacity: { maxJobs, ...(quantities === undefined ? {} : { quantities }) } };
    this.aws.dynamodb.put(tables.config, { taskGroup: name, concurrency, consumer: 'sluice', queue: { fifo }, pool });
    this.pipeline(name, queue.identity.url);
    const plan = { concurrency, workMs, ending };
    const parts = { aws: this.aws, api: this.services, reports: this.resources.queues.reports, mishaps: () => this.mishaps };
    const worker = known ?? new PlacedWorker(name, queue, plan, parts);
    worker.plan = plan;
    this.workers.set(name, worker);
    await this.wait(this.services.hints.placing({ kind: 'pool', taskGroup: name }));
    return worker;
  }

  pipeline(taskGroup: string, queueUrl: string, phase: PipelineRow['phase'] = 'Active'): void {
    const at = new Date(this.nowMs).toISOString();
    const row = { taskGroup, schemaVersion: 1, phase, message: 'as it should be', createdAt: at, updatedAt: at, resources: { queueUrl } };
    this.aws.dynamodb.put(tables.pipelines, PipelineRow.parse(row));
  }

  /** Takes its item away, as an operator does. */
  async removePool(name: string): Promise<void> {
    this.aws.dynamodb.delete(tables.config, { taskGroup: name });
    await this.wait(this.services.hints.placing({ kind: 'pool', taskGroup: name }));
  }

  /** Writes an item of limits: `*limits`, or that of a customer. */
  async limits(key: string, limits: Record<string, unknown>): Promise<void> {
    this.aws.dynamodb.put(tables.config, { taskGroup: key, ...limits });
    await this.wait(this.services.hints.placing({ kind: 'limits', key }));
  }

  /** A job as `POST /jobs` with `body` stores it; its id. */
  async submit(request: Omit<JobRequest, 'body'>, { validates = false } = {}): Promise<string> {
    const job = `job-${String(this.jobs.length + 1).padStart(3, '0')}`;
    this.jobs.push(job);
    const nowMs = this.nowMs;
    const line = storedLine(storedTask({ body: { job } }, 1, nowMs));
    this.aws.s3.put(dataBucket, taskFileKey(job), Buffer.from(line).toString('latin1'));
    const row = newJobRow(
      { ...request, body: { job } },
      {
        ...{ job, target: needsTarget, nowMs, tokenKey: `key of ${job}`, settings: this.settings, createdBy: undefined, warnings: [] },
        tasks: { total: 1, fileBytes: Buffer.byteLength(line) },
        placing: { validates, ageingSeconds: limitDefaults.ageingSeconds },
      },
    );
    const created = await this.wait(this.services.jobs.create(row));
    if (created.kind === 'created' && row.placed !== undefined)
      await this.wait(followStep(this.services, { row: { ...row, placed: row.placed }, event: created.event }));
    return job;
  }

  /** A job that names a task group, as the API stores it: `ordered`. Nobody is its consumer. */
  async ordered(taskGroup: string, customer: string): Promise<void> {
    const given = { total: 1, fileBytes: 1 };
    const about = { nowMs: this.nowMs, tokenKey: 'key', settings: this.settings, createdBy: undefined, warnings: [] };
    const row = newJobRow({ taskGroup, customer }, { ...about, job: 'ordered', target: groupTarget(taskGroup), tasks: given });
    await this.wait(this.services.jobs.create(row).then(() => this.services.hints.startOf(row, this.nowMs)));
  }

  loseFile(job: string): void {
    this.aws.s3.put(dataBucket, taskFileKey(job), 'damaged');
  }

  /** What the API does with a job; whether it was not past it. */
  async ask(step: (placement: JobServices['placement']) => Promise<Stepped>): Promise<boolean> {
    const stepped = await this.wait(step(this.services.placement));
    if (stepped.kind === 'done') await this.wait(followStep(this.services, stepped));
    return stepped.kind === 'done';
  }

  row = (job: string): JobRow => jobRow(this.aws, job);
  statuses = (): string[] => this.jobs.map((job) => this.row(job).status);
  wait = <T>(promise: Promise<T>): Promise<T> => this.aws.clock.until(promise);
  pass = (seconds: number): Promise<void> => this.aws.clock.advance(seconds * 1_000);

  /** Invokes one of the schedulers beside its queue. */
  call(scheduler: RunningFunction, ...hints: PlacingHint[]): Promise<InvocationResult> {
    const record = (hint: PlacingHint) => ({
      messageId: 'called',
      receiptHandle: 'none',
      body: JSON.stringify(hint),
      attributes: { ApproximateReceiveCount: '99' },
    });
    return scheduler.invoke({ Records: hints.map((hint) => ({ ...record(hint), eventSourceARN: this.#placing.identity.arn })) });
  }

  /** Until every job has ended, at most `seconds`. */
  async endAll(seconds: number): Promise<void> {
    for (let passed = 0; passed < seconds && !this.jobs.every((job) => hasEnded(this.row(job).status)); passed += 10) await this.pass(10);
  }

  /** Which job could start right now, by what the tables say; undefined: nobody waits though there is room. */
  async startable(): Promise<string | undefined> {
    const services = this.services as SchedulerServices;
    const overall = await this.wait(services.placement.overall());
    const book = overall && (await this.wait(readBook(services, overall)));
    return book?.next(this.nowMs)?.job.job;
  }

  /** Everything that is not as it should be once all jobs have ended, as sentences. */
  leftOver(): string[] {
    const table = this.aws.dynamodb.table(tables.jobs);
    const waiting = [placingPartition, laterPlacedPartition, validatingPartition].flatMap((pk) =>
      table.partition(pk).map(({ job }) => `${pk}: ${job}`),
    );
    return [
      ...this.watch.wrong,
      ...this.watch.recount(),
      ...waiting,
      ...[...this.watch.leases.keys()].map((job) => `leased: ${job}`),
      ...this.jobs.flatMap((job) => this.#wrongAbout(job)),
    ];
  }

  #wrongAbout(job: string): string[] {
    const { status, placed, life, dispatched } = this.row(job);
    const [counts, task] = [countsOf(this.aws, job), taskRow(this.aws, job, 1)];
    const events = this.watch.told.filter((told) => told.job === job);
    const wanted = status === 'COMPLETED' ? 'done' : status === 'FAILED' ? 'failed' : undefined;
    const ends = events.filter(({ state }) => ['completed', 'failed', 'cancelled'].includes(state));
    const checks: Record<string, boolean> = {
      [`is ${status}`]: hasEnded(status),
      [`has a task that is ${task?.status}`]: wanted === undefined || task?.status === wanted,
      [`counts ${JSON.stringify(counts)}`]: wanted === undefined || counts.completed + counts.failed === 1,
      [`was sent ${dispatched} times, unsent ${counts.unsent}`]: wanted === undefined || dispatched + counts.unsent === 1,
      [`has the result ${task?.result} at fence ${placed?.fence}`]:
        status !== 'COMPLETED' || task?.result === JSON.stringify({ fence: placed?.fence }),
      [`tells ${events.map(({ sequence, state }) => `${sequence} ${state}`)} of ${placed?.sequence}`]:
        events.length === placed?.sequence && events.every(({ sequence }, i) => sequence === i + 1),
      [`ended ${ends.length} times in ${life + 1} lives`]: ends.length === life + 1 && events.at(-1)?.state === status.toLowerCase(),
    };
    return Object.entries(checks).flatMap(([what, holds]) => (holds ? [] : [`${job} ${what}`]));
  }

  /** Up to 5 seconds from any other, for good. */
  #skewOf(name: string): number {
    const known = this.#clocks.get(name) ?? (this.aws.random() - 0.5) * clockSkewMs;
    this.#clocks.set(name, known);
    return known;
  }

  #servicesOf({ clients, process }: DoubleCaller): JobServices {
    const skewMs = this.#skewOf(process.name);
    const log =
      (level: string) =>
      (message: string, fields: Record<string, unknown> = {}) =>
        void this.logged.push({ level, message, fields });
    return createJobServices({
      environment: this.resources.environment,
      clients,
      clock: { nowMs: () => Math.floor(process.clock.nowMs() + skewMs), sleep: process.clock.sleep },
      random: this.aws.random,
      newId: () => `id-${++this.#ids}`,
      log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    });
  }

  #faultyClients<Part extends object>(clients: Part, process: DoubleCaller['process']): Part {
    const entries = Object.entries(clients).map(([name, client]) => [name, faulty(client, process, this.aws.random, () => this.mishaps)]);
    return Object.fromEntries(entries) as Part;
  }

  #faultyServices({ clients, process }: DoubleCaller): JobServices {
    return this.#servicesOf({ process, clients: this.#faultyClients(clients, process) });
  }

  #schedulerServices(caller: DoubleCaller): SchedulerServices {
    const sqs = grudging(this.aws.clientsOf(caller.process, 1).sqs, this.aws.random, () => this.mishaps);
    return {
      ...this.#faultyServices(caller),
      sending: this.#faultyClients({ sqs }, caller.process),
      apiUrl,
      writeLine: (line) => void this.lines.push(line),
    };
  }

  #function(
    name: 'poolScheduler' | 'jobDispatcher' | 'jobProgress' | 'jobSweeper',
    timeoutSeconds: number,
    coldStart: (caller: DoubleCaller) => Handler,
  ) {
    return new RunningFunction(this.aws, { name, timeoutSeconds, reserved: ownReservations(this.settings)[name], coldStart });
  }

  #wire(): void {
    const { reports, dispatch } = this.resources.queues;
    const disturb = () => {
      const lot = this.aws.random();
      const { hintLost, hintTwice } = this.mishaps;
      return lot < hintLost ? ('lose' as const) : lot < hintLost + hintTwice ? ('repeat' as const) : ('deliver' as const);
    };
    const dispatcher = this.#function('jobDispatcher', 60, (caller) => {
      const services = this.#faultyServices(caller);
      const dispatch = createDispatcher({ ...services, sending: services.clients, apiUrl });
      return (event, context) => dispatch(event as SQSEvent, context.getRemainingTimeInMillis());
    });
    const progress = this.#function('jobProgress', 30, (caller) => {
      const take = createProgress(this.#faultyServices(caller));
      return (event) => take(event as SQSEvent);
    });
    const sweeper = this.#function('jobSweeper', 120, (caller) => createJobSweeper(this.#faultyServices(caller)));
    new QueuePoller(this.aws, { queue: this.#placing, target: this.scheduler, batchSize: 10, maximumConcurrency: 2, disturb });
    new QueuePoller(this.aws, { queue: dispatch, target: dispatcher, batchSize: 10, maximumConcurrency: 4, disturb });
    new QueuePoller(this.aws, { queue: reports, target: progress, batchSize: 10, maximumConcurrency: 6 });
    this.aws.clock.every(60_000, () => void sweeper.invoke({}));
  }

  /** It is called beside the other, now and then for a hint that the other has, too. */
  #rivalry(): void {
    const { clock, random } = this.aws;
    const next = (): void => {
      const job = this.jobs[Math.floor(random() * this.jobs.length)];
      const hint: PlacingHint = random() < 0.2 || job === undefined ? { kind: 'sweep' } : { kind: 'job', job };
      clock.after(random() * 6_000, () => void this.call(this.rival, hint).finally(next));
    };
    next();
  }
}

/**
 * A deployed stage on the double: tables, hint queues, code bucket and our own functions with the timeouts, batch sizes
 * and shares that `lib` gives them, wired as AWS would wire them. Tests and benchmarks write items and upload code.
 */
import type { DynamoDBStreamEvent, SQSEvent } from 'aws-lambda';
import { createServices, type Services } from '../../lambdas/aws/services.ts';
import { createCodeUpdater } from '../../lambdas/code-updater/update.ts';
import { OwnEnvironment } from '../../lambdas/contract/env.ts';
import { PipelineRow } from '../../lambdas/contract/pipeline-row.ts';
import { Release, ReleasePointer } from '../../lambdas/contract/release-row.ts';
import {
  type OwnFunction,
  ownReservations,
  ownReservedConcurrency,
  StageSettings,
  type StageSettingsInput,
} from '../../lambdas/contract/settings.ts';
import { permitKey, permitLimitAttribute, permitStateSortKey, tasksExpiryAttribute } from '../../lambdas/contract/task-table.ts';
import type { Log } from '../../lambdas/framework/log.ts';
import { createReconciler } from '../../lambdas/pipeline-reconciler/reconcile.ts';
import { createSweeper } from '../../lambdas/pipeline-sweeper/sweep.ts';
import { createStreamListener } from '../../lambdas/stream-listener/listen.ts';
import { AwsDouble, type DoubleCaller } from './aws/double.ts';
import type { Message } from './aws/queue.ts';
import type { StoredObject } from './aws/s3.ts';
import type { SettingsChange } from './aws/settings.ts';
import { type Handler, QueuePoller, RunningFunction, StreamReader } from './platform.ts';

export const stageNames = {
  config: 'config',
  pipelines: 'pipelines',
  releases: 'releases',
  control: 'control',
  tasks: 'tasks',
  bucket: 'code',
  data: 'data',
};
export const consumerRoleArn = 'arn:aws:iam::123456789012:role/sluice-test/consumer';

export interface StageOptions {
  aws?: SettingsChange;
  stage?: StageSettingsInput;
  /** What becomes of each hint on its way. */
  disturb?: (message: Message) => 'deliver' | 'lose' | 'repeat';
  /** No sweep but those a test asks for. */
  sweepByHand?: boolean;
  /** Uploads and item writes lead to nothing by themselves. */
  deaf?: boolean;
}

/** `lib/constructs/*.ts`, as far as it matters here. */
const timeoutSeconds = { streamListener: 10, pipelineReconciler: 60, codeUpdater: 60, pipelineSweeper: 300 };
const hintVisibilitySeconds = 90;
const streamLatencyMs = 250;
const uploadEventMs = 1_000;

export class OwnStage {
  readonly aws: AwsDouble;
  readonly settings: StageSettings;
  readonly functions: Record<keyof typeof timeoutSeconds, RunningFunction>;
  readonly logged: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  readonly #environment: OwnEnvironment;
  readonly #stream: StreamReader;
  #ids = 0;

  constructor(options: StageOptions = {}) {
    this.aws = new AwsDouble({ sdkAttempts: 3, ...options.aws });
    this.settings = StageSettings.parse({ stage: 'test', ...options.stage });
    this.aws.lambda.reservedElsewhere = ownReservedConcurrency(this.settings);
    this.#environment = this.#resources();
    this.functions = {
      streamListener: this.#function(
        'streamListener',
        (services) => (event) => createStreamListener(services)(event as DynamoDBStreamEvent),
      ),
      pipelineReconciler: this.#function('pipelineReconciler', (services) => {
        const reconcile = createReconciler(services);
        return (event, context) => reconcile(event as SQSEvent, context.getRemainingTimeInMillis());
      }),
      codeUpdater: this.#function('codeUpdater', (services) => createCodeUpdater(services)),
      pipelineSweeper: this.#function('pipelineSweeper', (services) => createSweeper(services)),
    };
    this.#stream = new StreamReader(this.aws, {
      target: this.functions.streamListener,
      batchSize: 100,
      latencyMs: streamLatencyMs,
      attempts: 11,
    });
    this.#wire(options);
    for (const [name, limit] of Object.entries(this.settings.permits)) this.setPermit(name, limit);
  }

  /** Writes a config item as a user would. */
  write(item: Record<string, unknown>): void {
    this.aws.dynamodb.put(stageNames.config, item);
  }

  remove(taskGroup: string): void {
    this.aws.dynamodb.delete(stageNames.config, { taskGroup });
  }

  upload(body: string, key = 'consumer.zip'): StoredObject {
    return this.aws.s3.put(stageNames.bucket, key, body);
  }

  /** As a deploy does, or somebody by hand: how many may hold the permit from now on. */
  setPermit(name: string, limit: number): void {
    const key = { pk: permitKey(name), sk: permitStateSortKey };
    this.aws.dynamodb.put(stageNames.tasks, { ...this.aws.dynamodb.read(stageNames.tasks, key), ...key, [permitLimitAttribute]: limit });
  }

  sweep(): Promise<unknown> {
    return this.functions.pipelineSweeper.invoke({});
  }

  row(taskGroup: string): PipelineRow | undefined {
    const item = this.aws.dynamodb.read(stageNames.pipelines, { taskGroup });
    return item && PipelineRow.parse(item);
  }

  rows(): PipelineRow[] {
    return this.aws.dynamodb
      .table(stageNames.pipelines)
      .items()
      .map((item) => PipelineRow.parse(item));
  }

  countPhase(phase: PipelineRow['phase']): number {
    return this.aws.dynamodb.table(stageNames.pipelines).count((item) => item['phase'] === phase);
  }

  pointer(codeKey = 'consumer.zip'): ReleasePointer | undefined {
    const item = this.aws.dynamodb.read(stageNames.releases, { codeKey, id: 'pointer' });
    return item && ReleasePointer.parse(item);
  }

  release(version: string, codeKey = 'consumer.zip'): Release | undefined {
    const item = this.aws.dynamodb.read(stageNames.releases, { codeKey, id: `version#${version}` });
    return item && Release.parse(item);
  }

  /** Hints that wait or are being handled. */
  get hintsLeft(): number {
    return ['changes', 'rollouts', 'sweeps'].reduce((sum, name) => sum + (this.aws.sqs.find(name)?.size ?? 0), 0);
  }

  /** Lets time pass until `reached`, at most `limitMs`; false when the limit came first. */
  async runUntil(reached: () => boolean, limitMs: number): Promise<boolean> {
    const endMs = this.aws.clock.nowMs() + limitMs;
    // A timer at the end, so that there is something to run to.
    this.aws.clock.after(limitMs, () => {});
    await this.aws.clock.run(() => reached() || this.aws.clock.nowMs() >= endMs);
    return reached();
  }

  /** Services as a function of ours has them, for a caller of the test's own. */
  servicesFor({ clients, process }: DoubleCaller): Services {
    const log =
      (level: string) =>
      (message: string, fields: Record<string, unknown> = {}) => {
        if (level === 'warn' || level === 'error') this.logged.push({ level, message, fields });
      };
    const silent: Log = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
    return createServices({
      environment: this.#environment,
      clients,
      clock: process.clock,
      random: this.aws.random,
      newId: () => `id-${++this.#ids}`,
      log: silent,
    });
  }

  #resources(): OwnEnvironment {
    const { dynamodb, sqs, s3, settings } = this.aws;
    dynamodb.createTable({ name: stageNames.config, hash: 'taskGroup', ttl: 'expiresAt' });
    dynamodb.createTable({ name: stageNames.pipelines, hash: 'taskGroup' });
    dynamodb.createTable({ name: stageNames.releases, hash: 'codeKey', range: 'id' });
    dynamodb.createTable({ name: stageNames.control, hash: 'pk', range: 'sk' });
    dynamodb.createTable({ name: stageNames.tasks, hash: 'pk', range: 'sk', ttl: tasksExpiryAttribute });
    s3.createBucket(stageNames.bucket);
    s3.createBucket(stageNames.data);
    const failures = sqs.createQueue('failures', { MessageRetentionPeriod: '1209600' });
    const hints = (name: string) =>
      sqs.createQueue(name, {
        VisibilityTimeout: String(hintVisibilitySeconds),
        MessageRetentionPeriod: '1209600',
        RedrivePolicy: JSON.stringify({ deadLetterTargetArn: failures.identity.arn, maxReceiveCount: 1_000 }),
      }).identity.url;
    return OwnEnvironment.parse({
      SLUICE_SETTINGS: JSON.stringify(this.settings),
      SLUICE_CONFIG_TABLE: stageNames.config,
      SLUICE_PIPELINES_TABLE: stageNames.pipelines,
      SLUICE_RELEASES_TABLE: stageNames.releases,
      SLUICE_CONTROL_TABLE: stageNames.control,
      SLUICE_TASKS_TABLE: stageNames.tasks,
      SLUICE_DATA_BUCKET: stageNames.data,
      SLUICE_CHANGES_QUEUE_URL: hints('changes'),
      SLUICE_ROLLOUTS_QUEUE_URL: hints('rollouts'),
      SLUICE_SWEEPS_QUEUE_URL: hints('sweeps'),
      SLUICE_REPORTS_QUEUE_URL: hints('reports'),
      SLUICE_PLACING_QUEUE_URL: sqs.createQueue('placing.fifo', { FifoQueue: 'true', VisibilityTimeout: '120' }).identity.url,
      SLUICE_CODE_BUCKET: stageNames.bucket,
      SLUICE_CONSUMER_ROLE_ARN: consumerRoleArn,
      SLUICE_CONSUMER_LOG_GROUP: '/sluice/test/consumers',
      AWS_REGION: settings.region,
    });
  }

  #function(name: OwnFunction & keyof typeof timeoutSeconds, create: (services: Services) => Handler): RunningFunction {
    return new RunningFunction(this.aws, {
      name,
      timeoutSeconds: timeoutSeconds[name],
      reserved: ownReservations(this.settings)[name],
      coldStart: (caller) => create(this.servicesFor(caller)),
    });
  }

  #wire(options: StageOptions): void {
    const { aws, settings, functions } = this;
    const shares = { changes: settings.reconcilers.changes, rollouts: settings.reconcilers.rollouts, sweeps: settings.reconcilers.sweeps };
    for (const [name, maximumConcurrency] of Object.entries(shares)) {
      const queue = aws.sqs.find(name);
      if (!queue) throw new Error(`no queue ${name}`);
      const { disturb } = options;
      new QueuePoller(aws, { queue, target: functions.pipelineReconciler, batchSize: 10, maximumConcurrency, ...(disturb && { disturb }) });
    }
    if (options.deaf) return;
    aws.dynamodb.onChange = (change) => {
      if (change.table === stageNames.config) this.#stream.add(change);
    };
    aws.s3.onPut = (object) => {
      if (object.bucket === stageNames.bucket) aws.clock.after(uploadEventMs, () => void functions.codeUpdater.invoke(uploadEvent(object)));
    };
    if (!options.sweepByHand) aws.clock.every(settings.sweepPeriodMinutes * 60_000, () => void this.sweep());
  }
}

/** What SNS hands to its subscriber for an S3 event. */
function uploadEvent(object: StoredObject): unknown {
  const key = encodeURIComponent(object.key).replaceAll('%20', '+');
  const s3 = {
    bucket: { name: object.bucket },
    object: { key, versionId: object.versionId, sequencer: object.sequencer, size: object.body.length },
  };
  return { Records: [{ EventSource: 'aws:sns', Sns: { Message: JSON.stringify({ Records: [{ eventName: 'ObjectCreated:Put', s3 }] }) } }] };
}

/**
 * What runs by itself on AWS, in virtual time over the double: function environments that time out and die, event source
 * mappings from SQS, table streams and schedules. It runs any handler; which ones, and for what, is `own-stage.ts`.
 */
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { AwsDouble, DoubleCaller } from './aws/double.ts';
import type { Message, Queue } from './aws/queue.ts';
import { messageSystemAttributes } from './aws/sqs.ts';

export type Handler = (event: unknown, context: InvocationContext) => Promise<unknown>;

export interface InvocationContext {
  awsRequestId: string;
  functionName: string;
  getRemainingTimeInMillis(): number;
}

export interface FunctionDefinition {
  name: string;
  timeoutSeconds: number;
  /** Reserved concurrency: invocations beyond it are throttled. */
  reserved?: number;
  coldStartMs?: number;
  /** Runs once per environment, with clients of its own. */
  coldStart(environment: DoubleCaller): Handler;
}

export type InvocationResult =
  | { kind: 'ok'; answer: unknown }
  | { kind: 'error'; error: unknown }
  | { kind: 'killed' | 'timedOut' | 'throttled' };

interface Environment {
  caller: DoubleCaller;
  handler: Handler;
}

/** A function with its warm environments; each handles one event at a time, and a killed one is not used again. */
export class RunningFunction {
  readonly definition: FunctionDefinition;
  readonly #aws: AwsDouble;
  readonly #idle: Environment[] = [];
  #made = 0;
  #requests = 0;
  running = 0;
  /** Results by kind, and the errors handlers threw. */
  readonly tally = { ok: 0, error: 0, killed: 0, timedOut: 0, throttled: 0 };
  readonly errors: unknown[] = [];

  constructor(aws: AwsDouble, definition: FunctionDefinition) {
    this.#aws = aws;
    this.definition = definition;
  }

  async invoke(event: unknown): Promise<InvocationResult> {
    if (this.running >= (this.definition.reserved ?? Number.POSITIVE_INFINITY)) {
      this.tally.throttled += 1;
      return { kind: 'throttled' };
    }
    this.running += 1;
    const environment = this.#idle.pop() ?? (await this.#start());
    const result = await this.#run(environment, event);
    this.running -= 1;
    this.tally[result.kind] += 1;
    if (result.kind === 'error') this.errors.push(result.error);
    if (environment.caller.process.alive) this.#idle.push(environment);
    return result;
  }

  /** Forgets warm environments, as a deployment does. */
  restart(): void {
    this.#idle.length = 0;
  }

  async #start(): Promise<Environment> {
    this.#made += 1;
    const caller = this.#aws.caller(`${this.definition.name}#${this.#made}`);
    await this.#aws.clock.sleep(this.definition.coldStartMs ?? 400);
    return { caller, handler: this.definition.coldStart(caller) };
  }

  async #run({ caller, handler }: Environment, event: unknown): Promise<InvocationResult> {
    const { clock } = this.#aws;
    const endsAtMs = clock.nowMs() + this.definition.timeoutSeconds * 1_000;
    let timedOut = false;
    const cancel = clock.after(endsAtMs - clock.nowMs(), () => {
      timedOut = true;
      caller.process.kill();
    });
    this.#requests += 1;
    const context: InvocationContext = {
      awsRequestId: `${this.definition.name}-${this.#requests}`,
      functionName: this.definition.name,
      getRemainingTimeInMillis: () => Math.max(0, endsAtMs - clock.nowMs()),
    };
    const answered = handler(event, context).then(
      (answer): InvocationResult => ({ kind: 'ok', answer }),
      (error): InvocationResult => ({ kind: 'error', error }),
    );
    const result = await Promise.race([answered, caller.process.dead]);
    cancel();
    if (result !== 'killed') return result;
    return { kind: timedOut ? 'timedOut' : 'killed' };
  }
}

export interface QueueMapping {
  queue: Queue;
  target: RunningFunction;
  batchSize: number;
  windowSeconds?: number;
  maximumConcurrency: number;
  /** What becomes of a message that arrives: tests lose, repeat or delay some. */
  disturb?: (message: Message) => 'deliver' | 'lose' | 'repeat';
}

/**
 * Polls a queue and invokes its function, with ReportBatchItemFailures (LDG/services-sqs-errorhandling). A throttled
 * batch is tried again until its visibility timeout and then goes back, its receive count spent.
 */
export class QueuePoller {
  readonly #aws: AwsDouble;
  readonly #mapping: QueueMapping;
  #running = 0;
  #woken = false;

  constructor(aws: AwsDouble, mapping: QueueMapping) {
    this.#aws = aws;
    this.#mapping = mapping;
    this.#poll();
  }

  #poll(): void {
    const { queue, batchSize, maximumConcurrency } = this.#mapping;
    while (this.#running < maximumConcurrency) {
      const batch = this.#disturbed(this.#aws.sqs.receive(queue, batchSize));
      if (batch.length === 0) break;
      this.#running += 1;
      void this.#handle(batch).finally(() => {
        this.#running -= 1;
        this.#poll();
      });
    }
    if (this.#running < maximumConcurrency) this.#wakeLater();
  }

  /** One wake-up at a time: when the queue changes or a message becomes visible, after the window. */
  #wakeLater(): void {
    if (this.#woken) return;
    this.#woken = true;
    const { clock } = this.#aws;
    const { queue, windowSeconds = 0 } = this.#mapping;
    let due = false;
    const wake = () => {
      if (due) return;
      due = true;
      clock.after(20 + windowSeconds * 1_000, () => {
        this.#woken = false;
        this.#poll();
      });
    };
    queue.onceChanged(wake);
    const nextMs = queue.nextVisibleMs(clock.nowMs());
    if (Number.isFinite(nextMs)) clock.after(nextMs - clock.nowMs(), wake);
  }

  #disturbed(batch: Message[]): Message[] {
    const { disturb, queue } = this.#mapping;
    if (!disturb) return batch;
    return batch.filter((message) => {
      const fate = disturb(message);
      if (fate === 'lose') queue.delete(message.receiptHandle as string);
      if (fate === 'repeat')
        queue.send({ body: message.body, groupId: message.groupId, deduplicationId: `${message.id}-again` }, this.#aws.clock.nowMs());
      return fate !== 'lose';
    });
  }

  async #handle(batch: Message[]): Promise<void> {
    const { target, queue } = this.#mapping;
    const handles = batch.map((message) => message.receiptHandle as string);
    const event = sqsEvent(batch, queue.identity.arn, this.#aws.settings.region);
    const visibleAgainMs = this.#aws.clock.nowMs() + queue.seconds('VisibilityTimeout') * 1_000;
    let result = await target.invoke(event);
    while (result.kind === 'throttled' && this.#aws.clock.nowMs() + 1_000 < visibleAgainMs) {
      await this.#aws.clock.sleep(1_000);
      result = await target.invoke(event);
    }
    if (result.kind !== 'ok') return;
    const failed = new Set(
      (result.answer as SQSBatchResponse | undefined)?.batchItemFailures.map((failure) => failure.itemIdentifier) ?? [],
    );
    for (const [i, message] of batch.entries()) if (!failed.has(message.id)) queue.delete(handles[i] as string);
  }
}

function sqsEvent(batch: readonly Message[], arn: string, region: string): SQSEvent {
  return {
    Records: batch.map(
      (message): SQSRecord => ({
        messageId: message.id,
        receiptHandle: message.receiptHandle as string,
        body: message.body,
        attributes: messageSystemAttributes(message) as unknown as SQSRecord['attributes'],
        messageAttributes: {},
        md5OfBody: 'double',
        eventSource: 'aws:sqs',
        eventSourceARN: arn,
        awsRegion: region,
      }),
    ),
  };
}

export interface StreamMapping {
  target: RunningFunction;
  batchSize: number;
  latencyMs: number;
  /** Tries of a batch before it is given up. */
  attempts: number;
}

/**
 * One shard of a table's stream of keys: batches in order, one at a time; a failed one is tried again from its first failure
 * (ReportBatchItemFailures), then given up (Developer guide, services-ddb-params).
 */
export class StreamReader {
  readonly #aws: AwsDouble;
  readonly #mapping: StreamMapping;
  readonly #records: { eventID: string; [key: string]: unknown }[] = [];
  #sequence = 0;
  #reading = false;
  givenUp = 0;

  constructor(aws: AwsDouble, mapping: StreamMapping) {
    this.#aws = aws;
    this.#mapping = mapping;
  }

  add(change: {
    keys: Record<string, unknown>;
    before: Record<string, unknown> | undefined;
    after: Record<string, unknown> | undefined;
  }): void {
    this.#sequence += 1;
    const sequence = String(this.#sequence).padStart(21, '0');
    this.#records.push({
      eventID: sequence,
      eventName: change.before === undefined ? 'INSERT' : change.after === undefined ? 'REMOVE' : 'MODIFY',
      eventSource: 'aws:dynamodb',
      awsRegion: this.#aws.settings.region,
      dynamodb: {
        Keys: marshalled(change.keys),
        SequenceNumber: sequence,
      },
    });
    if (!this.#reading) void this.#read();
  }

  async #read(): Promise<void> {
    this.#reading = true;
    await this.#aws.clock.sleep(this.#mapping.latencyMs);
    for (let tries = 1; this.#records.length > 0; ) {
      const batch = this.#records.slice(0, this.#mapping.batchSize);
      const passed = await this.#deliver(batch);
      this.#records.splice(0, passed);
      tries = passed > 0 ? 1 : tries + 1;
      if (tries <= this.#mapping.attempts) continue;
      this.givenUp += this.#records.splice(0, batch.length).length;
      tries = 1;
    }
    this.#reading = false;
  }

  /** How many records from the first on were taken. */
  async #deliver(batch: { eventID: string; [key: string]: unknown }[]): Promise<number> {
    const result = await this.#mapping.target.invoke({ Records: batch });
    if (result.kind !== 'ok') {
      await this.#aws.clock.sleep(1_000);
      return 0;
    }
    const failures = (result.answer as { batchItemFailures?: { itemIdentifier: string }[] } | undefined)?.batchItemFailures ?? [];
    if (failures.length === 0) return batch.length;
    await this.#aws.clock.sleep(1_000);
    const first = batch.findIndex((record) =>
      failures.some(
        ({ itemIdentifier }) =>
          itemIdentifier === record.eventID || itemIdentifier === (record['dynamodb'] as { SequenceNumber: string }).SequenceNumber,
      ),
    );
    return Math.max(0, first);
  }
}

function marshalled(item: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, attributeValue(value)]));
}

function attributeValue(value: unknown): unknown {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: String(value) };
  if (typeof value === 'boolean') return { BOOL: value };
  if (value === null) return { NULL: true };
  if (Array.isArray(value)) return { L: value.map(attributeValue) };
  return { M: marshalled(value as Record<string, unknown>) };
}

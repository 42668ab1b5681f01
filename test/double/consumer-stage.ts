/**
 * One group of library consumers on the double: its queues, the tasks table, pollers and environments in which the real
 * runtime runs. Environments die at any moment, receives are throttled, messages delivered twice, answers lost.
 */
import type { SQSRecord } from 'aws-lambda';
import { portsOver } from '../../consumer/aws/aws-ports.ts';
import { reports } from '../../consumer/aws/reports.ts';
import type { ConsumerHandler } from '../../consumer/define-consumer.ts';
import { definitionKey } from '../../consumer/define-consumer.ts';
import type { JobLeases } from '../../consumer/ports.ts';
import { runBatch } from '../../consumer/runtime/run-batch.ts';
import { createRuntime, type Runtime } from '../../consumer/runtime/runtime.ts';
import { consumerSettings } from '../support/consumer-batches.ts';
import { taskClock } from '../support/lambda-slots.ts';
import { sqsRecord } from '../support/sqs-record.ts';
import type { Caller } from './aws/caller.ts';
import { AwsDouble } from './aws/double.ts';
import type { Message, Queue } from './aws/queue.ts';
import { queueArn, queueUrl } from './aws/support.ts';

export const functionTimeoutMs = 30_000;
const visibilitySeconds = 180;
const maxReceiveCount = 1_000;

/** Chances, from 0 to 1 each. */
export interface Mishaps {
  /** That an invocation's process dies before its end. */
  dies: number;
  /** That it dies right before or after a call of AWS, each time. */
  diesAtCall: number;
  /** That a receive meets no free slot, and its messages come back after the visibility timeout. */
  throttled: number;
  /** That SQS delivers what it just delivered to somebody else, too. */
  twice: number;
  /** That the end of an invocation is not told to SQS. */
  untold: number;
  /** That a call is done, and its answer is lost. */
  answerLost: number;
}

export const noMishaps: Mishaps = { dies: 0, diesAtCall: 0, throttled: 0, twice: 0, untold: 0, answerLost: 0 };

export interface Process {
  caller: Caller;
  /** When it died. */
  diedAtMs: number | undefined;
}

interface Environment {
  process: Process;
  runtime: Runtime;
  busy: boolean;
}

export interface StageOptions {
  seed: number;
  mishaps: Mishaps;
  slots: number;
  batch: number;
  /** What an environment runs; told which process it is. */
  consumer: (process: Process) => ConsumerHandler;
  /** Who keeps the leases of placed jobs, as a process reaches it; without it none is placed here. */
  jobLeases?: (process: Process) => JobLeases;
}

export class ConsumerStage {
  readonly aws: AwsDouble;
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly reports: Queue;
  private readonly options: StageOptions;
  private readonly environments: Environment[] = [];
  private readonly copies: SQSRecord[][] = [];
  private busy = 0;

  constructor(options: StageOptions) {
    this.options = options;
    this.aws = new AwsDouble({ seed: options.seed, latencyMs: { min: 2, max: 40 }, sdkAttempts: 3, dynamodb: { staleMs: 200 } });
    this.aws.dynamodb.createTable({ name: 'tasks', hash: 'pk', range: 'sk', ttl: 'expiresAt' });
    this.aws.sqs.createQueue('hints');
    this.reports = this.aws.sqs.createQueue('reports');
    this.deadLetters = this.aws.sqs.createQueue('acme-dlq');
    this.queue = this.aws.sqs.createQueue('acme', {
      VisibilityTimeout: String(visibilitySeconds),
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn('acme-dlq'), maxReceiveCount }),
    });
    this.aws.log.keepInputs = false;
    for (let slot = 0; slot < options.slots; slot += 1) void this.poll();
  }

  get nowMs(): number {
    return this.aws.clock.nowMs();
  }

  send(body: unknown, taskId?: string, attributes: Record<string, string> = {}): void {
    const texts = { ...attributes, ...(taskId === undefined ? {} : { 'sluice.task': taskId }) };
    const messageAttributes = Object.fromEntries(
      Object.entries(texts).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
    );
    this.queue.send({ body: JSON.stringify(body), messageAttributes }, this.nowMs);
  }

  get drained(): boolean {
    return this.queue.size === 0 && this.busy === 0 && this.copies.length === 0;
  }

  /** Until everything is done or dead; throws where it never is. */
  async drain(hours = 24): Promise<void> {
    const endMs = this.nowMs + hours * 3_600_000;
    await this.aws.clock.run(() => this.drained || this.nowMs > endMs);
    if (!this.drained) throw new Error(`after ${hours} hours ${this.queue.size} messages are still on the queue`);
  }

  private happens(mishap: keyof Mishaps): boolean {
    return this.aws.random() < this.options.mishaps[mishap];
  }

  private async poll(): Promise<void> {
    for (;;) {
      const records = this.copies.shift() ?? this.aws.sqs.receive(this.queue, this.options.batch).map(recordOf);
      if (records.length === 0) {
        const quietMs = Math.min(20_000, this.queue.nextVisibleMs(this.nowMs) - this.nowMs);
        await this.aws.clock.sleep(Math.max(50, Number.isFinite(quietMs) ? quietMs : 20_000));
      } else if (!this.happens('throttled')) {
        if (this.happens('twice')) this.aws.clock.after(this.aws.random() * 5_000, () => this.copies.push(records));
        await this.invoke(records);
      }
    }
  }

  private async invoke(records: SQSRecord[]): Promise<void> {
    this.busy += 1;
    const environment = this.environment();
    environment.busy = true;
    const { process, runtime } = environment;
    const diesAfterMs = this.happens('dies') ? this.aws.random() ** 2 * functionTimeoutMs : functionTimeoutMs;
    const callOff = this.aws.clock.after(diesAfterMs, () => process.caller.kill());
    const answer = await Promise.race([runBatch(runtime, records, functionTimeoutMs), process.caller.dead]);
    callOff();
    environment.busy = false;
    this.busy -= 1;
    if (answer === 'killed') process.diedAtMs ??= this.nowMs;
    else if (!this.happens('untold')) {
      const failed = new Set(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      for (const { messageId, receiptHandle } of records) if (!failed.has(messageId)) this.queue.delete(receiptHandle);
    }
  }

  private environment(): Environment {
    const idle = this.environments.find(({ busy, process }) => !busy && process.caller.alive);
    return idle ?? this.born();
  }

  private born(): Environment {
    const name = `environment-${this.environments.length + 1}`;
    const { process: caller, clients } = this.aws.caller(name);
    const process: Process = { caller, diedAtMs: undefined };
    void caller.dead.then(() => {
      process.diedAtMs ??= this.nowMs;
    });
    const settings = { ...consumerSettings, hintsQueueUrl: queueUrl('hints'), reportsQueueUrl: queueUrl('reports'), maxReceiveCount };
    const clock = taskClock(this.aws.clock, caller);
    const faulty = { sqs: this.faulty(clients.sqs, caller), documents: this.faulty(clients.documents, caller) };
    let ids = 0;
    const ports = {
      ...portsOver(faulty, settings),
      clock,
      reports: reports(faulty.sqs, settings.reportsQueueUrl, clock),
      ...(this.options.jobLeases ? { jobLeases: this.options.jobLeases(process) } : {}),
      random: this.aws.random,
      newId: () => {
        ids += 1;
        return `${name}/${ids}`;
      },
      writeLine: () => {},
    };
    const runtime = createRuntime(this.options.consumer(process)[definitionKey], settings, ports, clock.monotonicMs());
    const environment = { process, runtime, busy: false };
    this.environments.push(environment);
    return environment;
  }

  /** A client some of whose calls are done without an answer: the SDK makes them once more. Or its process dies there. */
  private faulty<Client extends { send: unknown }>(client: Client, caller: Caller): Client {
    const { send } = client;
    if (typeof send !== 'function') return client;
    const mayDie = () => this.happens('diesAtCall') && caller.kill();
    const sendTwice = async (command: unknown) => {
      mayDie();
      const answer = await send(command);
      mayDie();
      return this.happens('answerLost') || !caller.alive ? send(command) : answer;
    };
    return { ...client, send: sendTwice };
  }
}

function recordOf(message: Message): SQSRecord {
  const attributes = Object.entries(message.messageAttributes).map(([name, { StringValue = '' }]) => [name, StringValue] as const);
  return sqsRecord(message.id, {
    body: message.body,
    receives: message.receiveCount,
    sentAtMs: message.sentMs,
    receipt: message.receiptHandle ?? '',
    attributes: Object.fromEntries(attributes),
  });
}

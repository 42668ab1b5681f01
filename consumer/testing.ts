/**
 * `sluice/consumer/testing`: a consumer as its queue would run it, without AWS and without waiting. Time is virtual: it
 * passes when the runtime waits, when the task calls `ctx.sleep`, and when the test says `advance`.
 *
 *   const orders = testConsumer(handler, { secrets: { API_KEY: 'test' } });
 *   const task = orders.send({ orderId: 7 });
 *   expect((await task.attempt()).outcome).toBe('retry');
 *   expect((await task.untilEnd()).outcome).toBe('done');
 */
import type { SQSRecord } from 'aws-lambda';
import type { Lease, Report } from '../lambdas/contract/task-wire.ts';
import { type ConsumerHandler, definitionKey } from './define-consumer.ts';
import type { Ports } from './ports.ts';
import type { Definition } from './runtime/definition.ts';
import { runBatch } from './runtime/run-batch.ts';
import { createRuntime, type Runtime } from './runtime/runtime.ts';
import { memoryCooling } from './testing/memory-cooling.ts';
import { memoryJobs } from './testing/memory-jobs.ts';
import { type MemoryLeases, memoryLeases, type TestLease } from './testing/memory-leases.ts';
import { memoryPermits } from './testing/memory-permits.ts';
import { type DeadLetter, type MemoryQueue, memoryQueue } from './testing/memory-queue.ts';
import { memoryRecords } from './testing/memory-records.ts';
import { recordOf, type SendOptions, type Sent } from './testing/sent-task.ts';
import { consumerSettingsOf, type TestSettings } from './testing/test-settings.ts';
import { VirtualTaskClock } from './testing/virtual-clock.ts';

export type { Report } from '../lambdas/contract/task-wire.ts';
export type { TestLease } from './testing/memory-leases.ts';
export type { DeadLetter } from './testing/memory-queue.ts';
export type { SendOptions } from './testing/sent-task.ts';
export type { TestSettings } from './testing/test-settings.ts';

export interface Attempt {
  /**
   * `back`: it comes back without having spent an attempt (rate-limited, waiting for a permit, no time left). Of a placed
   * job also `failed`: its job was told so, and decides; `pending`: handed on; `lost`: nobody hears of it, as its lease is
   * not held any more, or its job was cancelled.
   */
  outcome: 'done' | 'retry' | 'back' | 'dead' | 'failed' | 'pending' | 'lost';
  /** What the task function returned. */
  result: unknown;
  /** Seconds after which it comes back. */
  delaySeconds: number | undefined;
  deadLetter: DeadLetter | undefined;
  /** What was reported to its job by this attempt. */
  reports: Report[];
  /** The log lines of this attempt, parsed. */
  logs: Record<string, unknown>[];
}

/** Puts `handler` (of `defineConsumer`) on a queue of its own. */
export function testConsumer(handler: ConsumerHandler, settings: TestSettings = {}): TestConsumer {
  return new TestConsumer(handler[definitionKey], settings);
}

/** Its name where a test gives none. */
const placedJob = 'placed';

/** A task delivered more often than this without an end never ends. */
const mostDeliveries = 1_000;

export class TestConsumer {
  private readonly clock: VirtualTaskClock;
  private readonly queue: MemoryQueue = memoryQueue();
  private readonly records = memoryRecords();
  private readonly jobs = memoryJobs();
  private readonly leases: MemoryLeases;
  private readonly runtime: Runtime;
  private readonly settings: TestSettings;
  private lines: string[] = [];
  private lastResult: unknown;
  /** Whether the task at hand spent an attempt and comes back. */
  private retried = false;
  private sent = 0;
  private ids = 0;

  constructor(definition: Definition, settings: TestSettings) {
    this.settings = settings;
    this.clock = new VirtualTaskClock((settings.now ?? new Date('2026-01-01T00:00:00Z')).getTime());
    this.leases = memoryLeases(this.clock);
    const task: Definition['task'] = async (body, context) => {
      this.lastResult = await definition.task(body, context);
      return this.lastResult;
    };
    this.runtime = createRuntime({ ...definition, task }, consumerSettingsOf(settings), this.ports(), Number.NEGATIVE_INFINITY);
  }

  /** Now, in the test's time. */
  get now(): Date {
    return new Date(this.clock.nowMs());
  }

  get deadLetters(): readonly DeadLetter[] {
    return this.queue.deadLetters;
  }

  /** What jobs were told of their tasks, in order. */
  get reports(): readonly Report[] {
    return this.jobs.reported;
  }

  /** Cancels a job: none of its tasks starts any more. */
  cancel(job: string): void {
    this.jobs.cancel(job);
  }

  /** The last lease of a placed job, and what was said of it. */
  lease(job = placedJob): TestLease | undefined {
    return this.leases.of(job);
  }

  /** Takes the lease of a placed job away, as where it was cancelled or released: whoever works for it is to stop. */
  loseLease(job = placedJob): void {
    this.leases.take(job);
  }

  /** Whether heartbeats of placed jobs are answered. */
  answerHeartbeats(answered: boolean): void {
    this.leases.silent = !answered;
  }

  /** Puts a task on the queue: a text as it is, anything else as JSON. */
  send(body: unknown, given: SendOptions = {}): TestTask {
    this.sent += 1;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const { placed } = given;
    const options = placed ? { ...given, job: given.job ?? placedJob } : given;
    const { leaseSeconds = 300 } = typeof placed === 'object' ? placed : {};
    const lease = placed ? this.leases.grant(options.job ?? placedJob, leaseSeconds) : undefined;
    return new TestTask(this, {
      ...{ messageId: `message-${this.sent}`, number: this.sent, text, options, sentAtMs: this.clock.nowMs() },
      lease,
    });
  }

  /** Lets time pass, for a task that waits for something else than `ctx.sleep`. */
  advance(seconds: number): Promise<void> {
    return this.clock.sleep(seconds * 1_000);
  }

  /** @internal */
  async deliver(record: SQSRecord, visibleAtMs: number, lease: Lease | undefined): Promise<Attempt> {
    if (visibleAtMs > this.clock.nowMs()) await this.clock.sleep(visibleAtMs - this.clock.nowMs());
    this.lines = [];
    this.lastResult = undefined;
    this.retried = false;
    const lettersBefore = this.queue.deadLetters.length;
    const reportsBefore = this.reports.length;
    const { batchItemFailures } = await runBatch(this.runtime, [record], (this.settings.timeoutSeconds ?? 30) * 1_000);
    const logs = this.lines.map((line): Record<string, unknown> => JSON.parse(line));
    const deadLetter = this.queue.deadLetters[lettersBefore];
    const cameBack = batchItemFailures.length > 0;
    const reports = this.reports.slice(reportsBefore);
    return {
      outcome: deadLetter ? 'dead' : cameBack ? (this.retried ? 'retry' : 'back') : lease ? this.endOf(lease, reports) : 'done',
      result: this.lastResult,
      delaySeconds: cameBack ? this.queue.hiddenFor(record.receiptHandle) : undefined,
      deadLetter,
      reports,
      logs,
    };
  }

  /** What came of a placed job's task whose message is gone. */
  private endOf({ url, fence }: Lease, reports: Report[]): Attempt['outcome'] {
    const told = reports.at(-1)?.status;
    if (told === 'done' || told === 'failed') return told;
    const held = this.leases.of(url.slice(url.lastIndexOf('/') + 1));
    return held?.fence === fence && held.pending ? 'pending' : 'lost';
  }

  private ports(): Ports {
    const { clock, queue, records, jobs, settings } = this;
    const objects = new Map<string, string>();
    return {
      clock,
      queue,
      records: {
        ...records,
        release: (held, end, nowMs) => {
          this.retried ||= !end.excused;
          return records.release(held, end, nowMs);
        },
        keepLetter: async (_task, letter, messageId) => queue.keepLetter(messageId, letter),
      },
      random: settings.random ?? (() => 0.5),
      newId: () => {
        this.ids += 1;
        return `id-${this.ids}`;
      },
      largeResults: {
        put: async (key, json) => void objects.set(key, json),
        get: async (key) => objects.get(key),
      },
      jobStates: jobs.states,
      reports: jobs.reports,
      jobLeases: this.leases,
      cooling: memoryCooling(),
      permits: memoryPermits(settings.permits ?? {}),
      secrets: { read: async (name) => settings.secrets?.[name] ?? '' },
      writeLine: (line) => void this.lines.push(line),
    };
  }
}

export class TestTask {
  private readonly world: TestConsumer;
  private readonly sent: Sent;
  private receives = 0;
  private visibleAtMs = 0;

  constructor(world: TestConsumer, sent: Sent) {
    this.world = world;
    this.sent = sent;
  }

  /** Delivers it once, when it is visible: time moves on to then. */
  async attempt(): Promise<Attempt> {
    this.receives += 1;
    const attempt = await this.world.deliver(recordOf(this.sent, this.receives), this.visibleAtMs, this.sent.lease);
    if (attempt.delaySeconds !== undefined) this.visibleAtMs = this.world.now.getTime() + attempt.delaySeconds * 1_000;
    return attempt;
  }

  /** Delivers it until it comes back no more. */
  async untilEnd(): Promise<Attempt> {
    for (let delivery = 0; delivery < mostDeliveries; delivery += 1) {
      const attempt = await this.attempt();
      if (attempt.outcome !== 'retry' && attempt.outcome !== 'back') return attempt;
    }
    throw new Error(`the task was delivered ${mostDeliveries} times and is neither done nor dead`);
  }
}

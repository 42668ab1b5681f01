/**
 * Lambda as a rate-limited group meets it, small, in virtual time: so many invocations at once, each in an environment
 * that is warm or fresh, whichever; a pause between two; invocations that die. The consumer runtime in it is the real
 * one. Test code only.
 */
import type { SQSRecord } from 'aws-lambda';
import { defineConsumer, definitionKey } from '../../consumer/define-consumer.ts';
import type { Ports, TaskClock } from '../../consumer/ports.ts';
import { runBatch } from '../../consumer/runtime/run-batch.ts';
import { createRuntime, type Runtime } from '../../consumer/runtime/runtime.ts';
import { memoryCooling } from '../../consumer/testing/memory-cooling.ts';
import { memoryJobs } from '../../consumer/testing/memory-jobs.ts';
import { memoryLeases } from '../../consumer/testing/memory-leases.ts';
import { memoryPermits } from '../../consumer/testing/memory-permits.ts';
import { memoryQueue } from '../../consumer/testing/memory-queue.ts';
import { memoryRecords } from '../../consumer/testing/memory-records.ts';
import type { Rate } from '../../lambdas/domain/task/spacing.ts';
import type { Random } from '../double/aws/random.ts';
import type { VirtualClock } from '../double/virtual-clock.ts';
import { consumerSettings } from './consumer-batches.ts';
import { sqsRecord } from './sqs-record.ts';

export interface SlotsOptions {
  clock: VirtualClock;
  random: Random;
  rate: Rate;
  timeoutMs: number;
  /** Tasks of the next invocation, at least one. */
  batch: () => TaskScript[];
  /** From the end of an invocation to the beginning of the next in its place. */
  gapMs: () => number;
  /** Whether an invocation meets a fresh environment though a warm one is idle. */
  prefersFresh: () => boolean;
  /** When it dies, from its beginning; undefined: it does not. */
  diesAfterMs: () => number | undefined;
  /** How long a call of AWS takes. */
  latencyMs: () => number;
}

export interface TaskScript {
  durationMs: number;
  ending: 'done' | 'fails' | 'ignores its signal' | 'never starts';
}

interface Environment {
  runtime: Runtime;
  life: { alive: boolean };
  rate: Rate;
  busy: boolean;
}

/** A place under the concurrency limit. */
interface Slot {
  /** The invocation before died in it; when. */
  diedAtMs: number | undefined;
}

export class LambdaSlots {
  readonly starts: number[] = [];
  /** Every invocation that died. */
  readonly deaths: number[] = [];
  /** Those whose place a warm environment took, which knows nothing of the last start there. */
  readonly unseenDeaths: number[] = [];
  readonly invocations: { fromMs: number; toMs: number }[] = [];
  private readonly options: SlotsOptions;
  private readonly environments: Environment[] = [];
  private readonly free: Slot[] = [];
  private rate: Rate;
  private concurrency = 0;
  private running = 0;
  private tasks = 0;
  private stopped = false;

  constructor(options: SlotsOptions) {
    this.options = options;
    this.rate = options.rate;
    this.setConcurrency(options.rate.concurrency);
  }

  /** What new environments are told; those that run go on as they are, and are not used again. */
  setRate(rate: Rate): void {
    this.rate = rate;
  }

  setConcurrency(concurrency: number): void {
    for (let added = this.concurrency; added < concurrency; added += 1) this.fill({ diedAtMs: undefined });
    this.concurrency = concurrency;
    for (const slot of this.free.splice(0)) this.fill(slot);
  }

  stop(): void {
    this.stopped = true;
  }

  private fill(slot: Slot): void {
    this.options.clock.after(this.options.gapMs(), () => void this.invoke(slot));
  }

  private async invoke(slot: Slot): Promise<void> {
    if (this.stopped) return;
    if (this.running >= this.concurrency) {
      this.free.push(slot);
      return;
    }
    this.running += 1;
    const { clock, timeoutMs } = this.options;
    const fromMs = clock.nowMs();
    const environment = this.environmentFor(slot);
    const diesAfterMs = Math.min(timeoutMs, this.options.diesAfterMs() ?? timeoutMs);
    const records = this.options.batch().map((script) => this.recordOf(script));
    const died = new Promise<'died'>((resolve) => clock.after(diesAfterMs, () => resolve('died')));
    const end = await Promise.race([runBatch(environment.runtime, records, timeoutMs), died]);
    environment.busy = false;
    slot.diedAtMs = undefined;
    if (end === 'died') {
      environment.life.alive = false;
      this.deaths.push(clock.nowMs());
      slot.diedAtMs = clock.nowMs();
    }
    this.invocations.push({ fromMs, toMs: clock.nowMs() });
    this.running -= 1;
    this.fill(slot);
  }

  private environmentFor(slot: Slot): Environment {
    const idle = this.environments.filter(({ busy, life, rate }) => !busy && life.alive && rate === this.rate);
    const warm = this.options.prefersFresh() ? undefined : idle[Math.floor(this.options.random() * idle.length)];
    if (warm && slot.diedAtMs !== undefined) this.unseenDeaths.push(slot.diedAtMs);
    const environment = warm ?? this.born();
    environment.busy = true;
    return environment;
  }

  private born(): Environment {
    const life = { alive: true };
    const ports = portsIn(this.options, life);
    const scripts = (body: unknown, sleep: (ms: number) => Promise<void>) => this.run(body as TaskScript, sleep, life);
    const handler = defineConsumer({ task: (body, { sleep }) => scripts(body, sleep), metrics: false, logLevel: 'ERROR' });
    const settings = { ...consumerSettings, rate: this.rate };
    const runtime = createRuntime(handler[definitionKey], settings, ports, ports.clock.monotonicMs());
    const environment = { runtime, life, rate: this.rate, busy: false };
    this.environments.push(environment);
    return environment;
  }

  private async run({ durationMs, ending }: TaskScript, sleep: (ms: number) => Promise<void>, life: { alive: boolean }): Promise<void> {
    if (!life.alive) return;
    this.starts.push(this.options.clock.nowMs());
    if (ending === 'ignores its signal') await this.options.clock.sleep(durationMs);
    else await sleep(durationMs);
    if (ending === 'fails') throw new Error('no');
  }

  private recordOf(script: TaskScript): SQSRecord {
    this.tasks += 1;
    return sqsRecord(`task-${this.tasks}`, { body: script.ending === 'never starts' ? '{' : script });
  }
}

function portsIn({ clock, random, latencyMs }: SlotsOptions, life: { alive: boolean }): Ports {
  const records = memoryRecords();
  const jobs = memoryJobs();
  const slow =
    <Args extends unknown[], T>(call: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      await clock.sleep(latencyMs());
      return life.alive ? call(...args) : new Promise<never>(() => {});
    };
  return {
    clock: taskClock(clock, life),
    random,
    newId: () => String(random()),
    queue: memoryQueue(),
    records: { ...records, claim: slow(records.claim), release: slow(records.release), end: slow(records.end) },
    largeResults: { put: async () => {}, get: async () => 'null' },
    jobStates: jobs.states,
    reports: jobs.reports,
    jobLeases: memoryLeases(clock),
    cooling: memoryCooling(),
    permits: memoryPermits({}),
    secrets: { read: async () => '' },
    writeLine: () => {},
  };
}

/** The virtual clock as a process that may be gone sees it. */
export function taskClock(clock: VirtualClock, life: { alive: boolean }): TaskClock {
  return {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.nowMs(),
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        // A little late rather than a rounding early, as a real one.
        const callOff = clock.after(milliseconds + 1e-6, () => life.alive && resolve());
        signal?.addEventListener('abort', () => {
          callOff();
          reject(signal.reason);
        });
      }),
    after: (milliseconds, callback) => clock.after(milliseconds, () => life.alive && callback()),
  };
}

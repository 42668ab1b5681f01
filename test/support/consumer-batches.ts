/**
 * Batches of several tasks for the consumer runtime, over memory and virtual time: what one environment does with what
 * Lambda hands it. Each port can be replaced, to fail as AWS would, and the environment can be killed.
 */

import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { SQSRecord } from 'aws-lambda';
import { defineConsumer, definitionKey } from '../../consumer/define-consumer.ts';
import type { ConsumerOptions } from '../../consumer/options.ts';
import type { Ports } from '../../consumer/ports.ts';
import type { ConsumerSettings } from '../../consumer/runtime/consumer-settings.ts';
import { runBatch } from '../../consumer/runtime/run-batch.ts';
import { createRuntime } from '../../consumer/runtime/runtime.ts';
import { memoryCooling } from '../../consumer/testing/memory-cooling.ts';
import { memoryJobs } from '../../consumer/testing/memory-jobs.ts';
import { memoryLeases } from '../../consumer/testing/memory-leases.ts';
import { memoryPermits } from '../../consumer/testing/memory-permits.ts';
import { memoryQueue } from '../../consumer/testing/memory-queue.ts';
import { memoryRecords } from '../../consumer/testing/memory-records.ts';
import { VirtualTaskClock } from '../../consumer/testing/virtual-clock.ts';

export const consumerSettings: ConsumerSettings = {
  stage: 'test',
  group: 'acme',
  pipeline: 'acme',
  queueName: 'acme',
  deadLetterQueueName: 'acme-dlq',
  tasksTable: 'tasks',
  dataBucket: 'data',
  hintsQueueUrl: 'https://sqs/hints',
  reportsQueueUrl: 'https://sqs/reports',
  fifo: false,
  maxReceiveCount: 1_000,
  retry: { maxRetries: 3, baseSeconds: 2, capSeconds: 3_600 },
  secrets: {},
  rate: undefined,
};

export interface BatchWorld {
  settings?: Partial<ConsumerSettings>;
  /** Instead of memory's. */
  ports?: (memory: Ports) => Partial<Ports>;
  timeoutSeconds?: number;
}

/** One environment, and what its queue was asked. */
export function batches<Schema extends StandardSchemaV1 | undefined = undefined>(
  options: ConsumerOptions<Schema>,
  { settings, ports, timeoutSeconds = 30 }: BatchWorld = {},
) {
  const clock = new VirtualTaskClock(Date.UTC(2026, 0, 1));
  const lines: string[] = [];
  /** What the queue was asked for, in order: hidden for seconds, or deleted. */
  const asked: [receipt: string, seconds: number | 'deleted'][] = [];
  const queue = memoryQueue();
  const jobs = memoryJobs();
  const leases = memoryLeases(clock);
  let ids = 0;
  const memory: Ports = {
    clock,
    random: () => 0.5,
    newId: () => {
      ids += 1;
      return `id-${ids}`;
    },
    queue: {
      comeBack: async (receipt, seconds) => void asked.push([receipt, seconds]),
      remove: async (receipt) => void asked.push([receipt, 'deleted']),
      setAside: (message) => queue.setAside(message),
    },
    records: memoryRecords(),
    largeResults: { put: async () => {}, get: async () => 'null' },
    jobStates: jobs.states,
    reports: jobs.reports,
    jobLeases: leases,
    cooling: memoryCooling(),
    permits: memoryPermits({}),
    secrets: { read: async (reference) => reference },
    writeLine: (line) => void lines.push(line),
  };
  const used = { ...memory, ...ports?.(memory) };
  const definition = defineConsumer(options)[definitionKey];
  const born = () => {
    const life = { alive: true };
    return { life, runtime: createRuntime(definition, { ...consumerSettings, ...settings }, mortal(used, life), Number.NEGATIVE_INFINITY) };
  };
  let environment = born();
  return {
    clock,
    asked,
    ports: used,
    deadLetters: queue.deadLetters,
    jobs,
    leases,
    logs: () => lines.map((line): Record<string, unknown> => JSON.parse(line)),
    /** The ids of those that come back. */
    async run(...records: SQSRecord[]): Promise<string[]> {
      const { batchItemFailures } = await runBatch(environment.runtime, records, timeoutSeconds * 1_000);
      return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
    },
    /** The process is gone: nothing it would have done happens. The next batch meets a new one. */
    kill(): void {
      environment.life.alive = false;
      environment = born();
    },
  };
}

/** Ports of a process that may die: from then on no call of it has an effect or an answer. */
function mortal(ports: Ports, life: { alive: boolean }): Ports {
  const { clock, queue, records, reports, jobLeases } = ports;
  const guarded =
    <Args extends unknown[], T>(call: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> =>
      life.alive ? call(...args) : new Promise<never>(() => {});
  return {
    ...ports,
    clock: {
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs(),
      sleep: guarded((milliseconds, signal) => clock.sleep(milliseconds, signal)),
      after: (milliseconds, callback) => clock.after(milliseconds, () => life.alive && callback()),
    },
    queue: { comeBack: guarded(queue.comeBack), remove: guarded(queue.remove), setAside: guarded(queue.setAside) },
    reports: { send: guarded(reports.send), flush: () => life.alive && reports.flush() },
    jobLeases: { heartbeat: guarded(jobLeases.heartbeat) },
    records: { ...records, release: guarded(records.release), end: guarded(records.end), recordStep: guarded(records.recordStep) },
  };
}

/** Lets promises settle until it is so; throws where it never is. */
export async function until(reached: () => boolean): Promise<void> {
  for (let turns = 0; !reached(); turns += 1) {
    if (turns > 10_000) throw new Error('never happened');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

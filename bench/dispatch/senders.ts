/**
 * Three ways to send the same tasks to the same target: the seed's loop, one invocation after the other; ours, the engine
 * with its reader and adapters as they are deployed; the bare SDK, ready-made batches at the same concurrency.
 */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { dispatchClients } from '../../lambdas/aws/jobs/dispatch-clients.ts';
import { invokeFunction } from '../../lambdas/aws/jobs/invoke-tasks.ts';
import { sendToQueue } from '../../lambdas/aws/jobs/send-tasks.ts';
import { taskFile } from '../../lambdas/aws/jobs/task-file.ts';
import { jobDefaults } from '../../lambdas/contract/job.ts';
import { type StoredTask, startOfFile } from '../../lambdas/contract/job-table.ts';
import { lambdaLimits } from '../../lambdas/contract/limits.ts';
import { taskInvocation } from '../../lambdas/domain/job/invocation.ts';
import { queueMessage } from '../../lambdas/domain/job/message.ts';
import { type PackLimits, queuePack } from '../../lambdas/domain/job/pack.ts';
import type { SendOutcome } from '../../lambdas/domain/job/send-outcome.ts';
import { systemClock } from '../../lambdas/framework/clock.ts';
import type { Message } from '../../lambdas/job-dispatcher/dispatch-input.ts';
import { dispatchTasks } from '../../lambdas/job-dispatcher/dispatch-tasks.ts';
import { tasks } from './tasks.ts';

export interface Work {
  tasks: number;
  to: { functionName: string } | { queueUrl: string };
  bucket: string;
  key: string;
}

/** From the first send to the last acknowledgement, in milliseconds. */
export type Sender = (work: Work) => Promise<number>;

const { maxConcurrent, batchSize } = jobDefaults;
const deadlineMs = Date.now() + 86_400_000;
const invocation = (task: StoredTask) =>
  taskInvocation(task, { job: 'bench', attempt: 1, token: 'x'.repeat(64), apiUrl: 'https://api.example.com', deadlineMs });
const message = (task: StoredTask) =>
  queueMessage(task, { job: 'bench', taskGroup: 'bench', fifo: false, life: 0, nowMs: Date.now(), deadlineMs });
const functionPack: PackLimits = { tasks: 1, bytes: lambdaLimits.asyncPayloadBytes };

/** The seed's: all tasks in memory, and one call after the other, whatever the target of the others is. */
export function sequential(functionName: string): Sender {
  const lambda = new LambdaClient();
  return async (work) => {
    const payloads = [...tasks(work.tasks)].map((task) => invocation(task).entry);
    const startedMs = performance.now();
    for (const payload of payloads) await invoke(lambda, functionName, payload);
    return performance.now() - startedMs;
  };
}

const invoke = (lambda: LambdaClient, FunctionName: string, payload: string) =>
  lambda.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload: Buffer.from(payload) }));

export function ours(): Sender {
  const s3 = new S3Client();
  const { sqs, lambda } = dispatchClients(100);
  return ({ to, ...work }) =>
    'queueUrl' in to
      ? dispatch(s3, work, queuePack, message, sendToQueue(sqs, to.queueUrl))
      : dispatch(s3, work, functionPack, invocation, invokeFunction(lambda, to.functionName));
}

async function dispatch<E>(
  s3: S3Client,
  work: Omit<Work, 'to'>,
  limits: PackLimits,
  toMessage: (task: StoredTask) => Message<E>,
  send: (batch: readonly E[]) => Promise<SendOutcome>,
): Promise<number> {
  let firstMs = 0;
  let lastMs = 0;
  const { sent, stopped } = await dispatchTasks<E>({
    blocks: taskFile(s3, work.bucket).blocks(work.key, { byte: 0, batchSize }),
    start: startOfFile,
    allowance: Number.POSITIVE_INFINITY,
    maxConcurrent,
    limits,
    stopAtMs: Number.POSITIVE_INFINITY,
    clock: systemClock,
    random: Math.random,
    message: ({ task }) => toMessage(task),
    send: async (batch) => {
      firstMs ||= performance.now();
      const outcome = await send(batch);
      lastMs = performance.now();
      return outcome;
    },
    refused: async ([first]) => Promise.reject(new Error(first?.message)),
    checkpoint: async () => undefined,
  });
  if (sent !== work.tasks || stopped !== 'end') throw new Error(`${sent} of ${work.tasks} tasks were sent; stopped by ${stopped}`);
  return lastMs - firstMs;
}

export function bare(): Sender {
  const lambda = new LambdaClient();
  const sqs = new SQSClient();
  return async ({ tasks: count, to }) => {
    const sends =
      'queueUrl' in to
        ? batches(count).map((Entries) => () => sqs.send(new SendMessageBatchCommand({ QueueUrl: to.queueUrl, Entries })))
        : [...tasks(count)].map((task) => invocation(task).entry).map((payload) => () => invoke(lambda, to.functionName, payload));
    const startedMs = performance.now();
    const rest = sends.values();
    // Workers that share one iterator: a window that slides, in five lines.
    await Promise.all(
      Array.from({ length: maxConcurrent }, async () => {
        for (const send of rest) await send();
      }),
    );
    return performance.now() - startedMs;
  };
}

function batches(count: number) {
  const entries = [...tasks(count)].map((task, i) => ({ ...message(task).entry, Id: String(i % queuePack.tasks) }));
  return Array.from({ length: Math.ceil(count / queuePack.tasks) }, (_, i) =>
    entries.slice(i * queuePack.tasks, (i + 1) * queuePack.tasks),
  );
}

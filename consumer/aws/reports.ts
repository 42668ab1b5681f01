/** Reports to their queue, by tens: those of tasks that end within a moment of each other go together. */
import { SendMessageBatchCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { consumerEnvironment } from '../../lambdas/contract/consumer-env.ts';
import { reportText } from '../../lambdas/domain/task/report.ts';
import { ConfigurationError } from '../errors.ts';
import type { Reports, TaskClock } from '../ports.ts';

/** Entries of a batch (SQS/quotas-messages). Ten reports are far below its 1 MiB, each holding 32 KB of result at most. */
const mostEntries = 10;
/** What a report waits for others to come along. Nobody waits at the end of an invocation. */
const holdBackMs = 100;

interface Sending {
  text: string;
  resolve(): void;
  reject(error: unknown): void;
}

export function reports(sqs: Pick<SQSClient, 'send'>, url: string | undefined, clock: Pick<TaskClock, 'after'>): Reports {
  let collected: Sending[] = [];
  let callOff = () => {};

  function flush(): void {
    callOff();
    const sendings = collected;
    collected = [];
    if (sendings.length > 0 && url !== undefined) void sendAll(sqs, url, sendings);
  }

  return {
    flush,

    send(report) {
      if (url === undefined) return Promise.reject(noQueue());
      return new Promise((resolve, reject) => {
        collected.push({ text: reportText(report), resolve, reject });
        if (collected.length === 1) callOff = clock.after(holdBackMs, flush);
        if (collected.length === mostEntries) flush();
      });
    },
  };
}

const noQueue = () =>
  new ConfigurationError(`${consumerEnvironment.reportsQueueUrl} is not set: Sluice sets it with its next look at the group`);

/** Never throws: each report hears for itself. */
async function sendAll(sqs: Pick<SQSClient, 'send'>, QueueUrl: string, sendings: Sending[]): Promise<void> {
  try {
    const [only] = sendings;
    if (sendings.length === 1 && only) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: only.text }));
    else await sendBatch(sqs, QueueUrl, sendings);
    for (const { resolve } of sendings) resolve();
  } catch (error) {
    for (const { reject } of sendings) reject(error);
  }
}

/** Entries fail each for itself inside a 200. */
async function sendBatch(sqs: Pick<SQSClient, 'send'>, QueueUrl: string, sendings: Sending[]): Promise<void> {
  const Entries = sendings.map(({ text }, at) => ({ Id: String(at), MessageBody: text }));
  const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  for (const { Id, Code = 'unknown', Message = '' } of Failed)
    sendings[Number(Id)]?.reject(Object.assign(new Error(`SendMessageBatch: ${Message || Code}`), { name: Code }));
}

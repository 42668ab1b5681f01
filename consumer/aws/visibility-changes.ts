/** Visibility changes of one queue: those asked for at once go by tens, for a batch of hundreds to be handed back in its last seconds. */
import { ChangeMessageVisibilityBatchCommand, ChangeMessageVisibilityCommand, type SQSClient } from '@aws-sdk/client-sqs';

/** API_ChangeMessageVisibilityBatch. */
const mostEntries = 10;

interface Change {
  receiptHandle: string;
  seconds: number;
  resolve(): void;
  reject(error: unknown): void;
}

export function visibilityChanges(sqs: Pick<SQSClient, 'send'>, queueUrl: () => Promise<string>) {
  let collected: Change[] = [];

  function flush(): void {
    const changes = collected;
    collected = [];
    for (let from = 0; from < changes.length; from += mostEntries) void send(sqs, queueUrl, changes.slice(from, from + mostEntries));
  }

  return (receiptHandle: string, seconds: number): Promise<void> =>
    new Promise((resolve, reject) => {
      if (collected.length === 0) setImmediate(flush);
      collected.push({ receiptHandle, seconds, resolve, reject });
    });
}

/** Never throws: each change hears for itself. */
async function send(sqs: Pick<SQSClient, 'send'>, queueUrl: () => Promise<string>, changes: Change[]): Promise<void> {
  try {
    const QueueUrl = await queueUrl();
    const entries = changes.map(({ receiptHandle, seconds }) => ({ ReceiptHandle: receiptHandle, VisibilityTimeout: seconds }));
    const [only] = entries;
    if (entries.length === 1 && only) await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ...only }));
    else await sendBatch(sqs, QueueUrl, entries, changes);
    for (const { resolve } of changes) resolve();
  } catch (error) {
    for (const { reject } of changes) reject(error);
  }
}

type Entry = { ReceiptHandle: string; VisibilityTimeout: number };

/** Entries fail each for itself inside a 200. */
async function sendBatch(sqs: Pick<SQSClient, 'send'>, QueueUrl: string, entries: Entry[], changes: Change[]): Promise<void> {
  const Entries = entries.map((entry, at) => ({ Id: String(at), ...entry }));
  const { Failed = [] } = await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }));
  for (const { Id, Code = 'unknown', Message = '' } of Failed)
    changes[Number(Id)]?.reject(Object.assign(new Error(`ChangeMessageVisibilityBatch: ${Message || Code}`), { name: Code }));
}

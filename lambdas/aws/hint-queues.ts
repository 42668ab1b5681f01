/** Sends hints to our own queues, ten at a time, and says which would not go. */
import { GetQueueAttributesCommand, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { queueLimits } from '../contract/limits.ts';
import type { Hint, HintClass } from '../contract/messages.ts';
import type { Clients } from './clients.ts';

export type HintQueueUrls = Record<HintClass, string>;

const batchesInFlight = 10;

/** Sends every hint to the queue of `hintClass`; throws when any could not be sent, so that its cause is tried again. */
export async function sendHints(sqs: Clients['sqs'], urls: HintQueueUrls, hintClass: HintClass, hints: readonly Hint[]): Promise<void> {
  const failures: unknown[] = [];
  const batches = chunks(hints, queueLimits.batchEntries);
  for (const wave of chunks(batches, batchesInFlight)) {
    const sent = await Promise.allSettled(wave.map((batch) => sendBatch(sqs, urls[hintClass], batch)));
    failures.push(...sent.flatMap((result) => (result.status === 'rejected' ? [result.reason] : [])));
  }
  // After all others were sent: one that cannot be keeps nobody waiting.
  if (failures.length > 0) throw failures[0];
}

/** SQS takes every character of XML 1.0; JSON leaves two raw that are none (API_SendMessage). */
export const messageText = (hint: object) => JSON.stringify(hint).replace(/[\ufffe\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);

async function sendBatch(sqs: Clients['sqs'], url: string, hints: readonly Hint[], tries = 1): Promise<void> {
  const entries = hints.map((hint, i) => ({ Id: String(i), MessageBody: messageText(hint) }));
  const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: entries }));
  if (Failed.length === 0) return;
  if (tries === 3)
    throw new Error(
      `SendMessageBatch ${url}: ${Failed.length} of ${hints.length} hints not sent: ${Failed[0]?.Code} ${Failed[0]?.Message ?? ''}`,
    );
  await sendBatch(
    sqs,
    url,
    Failed.flatMap(({ Id }) => hints[Number(Id)] ?? []),
    tries + 1,
  );
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** Messages waiting on a queue, as far as SQS knows. */
export async function queueDepth(sqs: Clients['sqs'], url: string): Promise<number> {
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['ApproximateNumberOfMessages'] }));
  return Number(Attributes?.ApproximateNumberOfMessages ?? 0);
}

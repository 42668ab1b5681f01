/** Messages in batches that SQS takes, by number and by bytes, as they come. Pure. */
import { queueLimits } from '../../lambdas/contract/limits.ts';
import { taskAttributes } from '../../lambdas/contract/task-wire.ts';

export interface Message {
  /** Its place among the tasks given, 1 for the first. */
  n: number;
  id: string | undefined;
  task: unknown;
  body: string;
  /** Only of a FIFO queue. */
  order: { messageGroup: string; deduplication: string } | undefined;
}

/** Body and attributes, as SQS counts them. */
export const bytesOf = ({ body, id }: Message) =>
  Buffer.byteLength(body) + (id === undefined ? 0 : Buffer.byteLength(`${taskAttributes.task}String${id}`));

export const isTooLarge = (message: Message) => bytesOf(message) > queueLimits.messageBytes;

/** A batch's messages together may be what one message may (API_SendMessageBatch). */
export async function* batchesOf(messages: AsyncIterable<Message>): AsyncGenerator<Message[]> {
  let batch: Message[] = [];
  let bytes = 0;
  for await (const message of messages) {
    const own = bytesOf(message);
    if (batch.length === queueLimits.batchEntries || (batch.length > 0 && bytes + own > queueLimits.messageBytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(message);
    bytes += own;
  }
  if (batch.length > 0) yield batch;
}

/** Messages of dead-letter queues: counted, received, sent anew with their letter, deleted, shown again. */
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { queueLimits } from '../contract/limits.ts';
import { type DeadMessage, deduplicationId, type QueueState } from '../domain/dead-letters.ts';
import type { Attributes } from '../domain/task/letter.ts';
import type { Clients } from './clients.ts';
import { ifThere, isQueueMissing, named } from './errors.ts';

/** SQS answers at once where there is something, and asks all of its servers where there seems to be nothing. */
const waitSeconds = 1;
const callsAtOnce = 10;

export function deadLetters(sqs: Clients['sqs']) {
  return {
    /** Undefined where the queue is gone. */
    async state(url: string): Promise<QueueState | undefined> {
      const answer = await named('GetQueueAttributes', url, () =>
        ifThere(isQueueMissing, () =>
          sqs.send(
            new GetQueueAttributesCommand({
              QueueUrl: url,
              AttributeNames: [
                'ApproximateNumberOfMessages',
                'ApproximateNumberOfMessagesNotVisible',
                'ApproximateNumberOfMessagesDelayed',
                'MessageRetentionPeriod',
              ],
            }),
          ),
        ),
      );
      if (answer === undefined) return undefined;
      const {
        MessageRetentionPeriod: retention = queueLimits.messageRetentionSeconds.max,
        ApproximateNumberOfMessages: visible = 0,
        ApproximateNumberOfMessagesNotVisible: hidden = 0,
        ApproximateNumberOfMessagesDelayed: delayed = 0,
      } = answer.Attributes ?? {};
      return { messages: Number(visible) + Number(hidden) + Number(delayed), retentionMs: Number(retention) * 1_000 };
    },

    /** Up to ten, hidden for `hiddenSeconds`; none where nothing more can be received. */
    async receive(url: string, hiddenSeconds: number): Promise<DeadMessage[]> {
      const { Messages = [] } = await named('ReceiveMessage', url, () =>
        sqs.send(
          new ReceiveMessageCommand({
            QueueUrl: url,
            VisibilityTimeout: hiddenSeconds,
            WaitTimeSeconds: waitSeconds,
            MaxNumberOfMessages: queueLimits.batchEntries,
            MessageAttributeNames: ['All'],
            MessageSystemAttributeNames: ['All'],
          }),
        ),
      );
      return Messages.map(readMessage);
    },

    /** Sends the message to the same queue with these attributes, and only then deletes the old one. */
    async replace(url: string, message: DeadMessage, attributes: Attributes): Promise<void> {
      const { body, messageGroup, messageId, receiptHandle } = message;
      await named('SendMessage', `${url} ${messageId}`, () =>
        sqs.send(
          new SendMessageCommand({
            QueueUrl: url,
            MessageBody: body,
            MessageAttributes: attributes,
            ...(messageGroup === undefined ? {} : { MessageGroupId: messageGroup }),
            ...(url.endsWith('.fifo') ? { MessageDeduplicationId: deduplicationId(message) } : {}),
          }),
        ),
      );
      await remove(url, receiptHandle);
    },

    remove,

    /** A handle that is no longer good is of a message that is visible already, or gone. */
    async show(url: string, receiptHandles: readonly string[]): Promise<void> {
      for (const wave of chunks(chunks(receiptHandles, queueLimits.batchEntries), callsAtOnce))
        await Promise.all(wave.map((handles) => showBatch(url, handles)));
    },
  };

  async function showBatch(url: string, handles: readonly string[]): Promise<void> {
    const Entries = handles.map((ReceiptHandle, n) => ({ Id: String(n), ReceiptHandle, VisibilityTimeout: 0 }));
    await named('ChangeMessageVisibilityBatch', url, () => sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries })));
  }

  async function remove(url: string, receiptHandle: string): Promise<void> {
    await named('DeleteMessage', url, () => sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: receiptHandle })));
  }
}
export type DeadLetters = ReturnType<typeof deadLetters>;

function readMessage({ MessageId = '', ReceiptHandle = '', Body = '', Attributes = {}, MessageAttributes = {} }: Message): DeadMessage {
  const attributes = Object.entries(MessageAttributes).map(([name, { DataType = 'String', StringValue, BinaryValue }]) => [
    name,
    BinaryValue === undefined ? { DataType, StringValue: StringValue ?? '' } : { DataType, BinaryValue },
  ]);
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: Object.fromEntries(attributes),
    messageGroup: Attributes.MessageGroupId,
    sentMs: Number(Attributes.SentTimestamp),
    receives: Number(Attributes.ApproximateReceiveCount ?? 1),
    movedBySqs: Attributes.DeadLetterQueueSourceArn !== undefined,
  };
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

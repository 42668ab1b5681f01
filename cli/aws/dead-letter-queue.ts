/** SQS calls on dead-letter queues. Addresses are asked for by name, so that they fit the endpoint in use. */
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { queueLimits } from '../../lambdas/contract/limits.ts';

type Sqs = Pick<SQSClient, 'send'>;

/** Undefined where there is no such queue (any more). */
export async function queueUrl(sqs: Sqs, QueueName: string): Promise<string | undefined> {
  try {
    return (await sqs.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl;
  } catch (error) {
    if (error instanceof Error && /QueueDoesNotExist|NonExistentQueue/.test(error.name)) return undefined;
    throw error;
  }
}

/**
 * Receives until nothing is left to receive; what was received stays hidden. An empty answer is believed when the queue
 * counts nothing either, or after a second of asking all of its servers.
 */
export async function* receivedPages(sqs: Sqs, QueueUrl: string, hiddenSeconds: number, signal?: AbortSignal): AsyncGenerator<Message[]> {
  while (!signal?.aborted) {
    const page = await receive(sqs, QueueUrl, hiddenSeconds, 0);
    const messages =
      page.length > 0 || (await visibleMessages(sqs, QueueUrl)) === 0 ? page : await receive(sqs, QueueUrl, hiddenSeconds, 1);
    if (messages.length === 0) return;
    yield messages;
  }
}

async function receive(sqs: Sqs, QueueUrl: string, VisibilityTimeout: number, WaitTimeSeconds: number): Promise<Message[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      VisibilityTimeout,
      WaitTimeSeconds,
      MaxNumberOfMessages: queueLimits.batchEntries,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    }),
  );
  return Messages;
}

async function visibleMessages(sqs: Sqs, QueueUrl: string): Promise<number> {
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }));
  return Number(Attributes['ApproximateNumberOfMessages'] ?? 0);
}

/** A handle that is no longer good is of a message that is visible, or gone, already. */
export async function makeVisible(sqs: Sqs, QueueUrl: string, receiptHandles: string[]): Promise<void> {
  for (let i = 0; i < receiptHandles.length; i += queueLimits.batchEntries) {
    const Entries = receiptHandles
      .slice(i, i + queueLimits.batchEntries)
      .map((ReceiptHandle, n) => ({ Id: String(n), ReceiptHandle, VisibilityTimeout: 0 }));
    await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }));
  }
}

/** Returns how many could not be deleted. */
export async function deleteMessages(sqs: Sqs, QueueUrl: string, receiptHandles: string[]): Promise<number> {
  const Entries = receiptHandles.map((ReceiptHandle, n) => ({ Id: String(n), ReceiptHandle }));
  const { Failed = [] } = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  return Failed.length;
}

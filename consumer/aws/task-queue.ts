/** A pipeline's queue and dead-letter queue, seen from a consumer. Their URLs are asked for once, when first needed. */
import { DeleteMessageCommand, GetQueueUrlCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { TaskQueue } from '../ports.ts';
import type { ConsumerSettings } from '../runtime/consumer-settings.ts';
import { visibilityChanges } from './visibility-changes.ts';

export function taskQueue(sqs: Pick<SQSClient, 'send'>, settings: Pick<ConsumerSettings, 'queueName' | 'deadLetterQueueName'>): TaskQueue {
  const queueUrl = urlOf(sqs, settings.queueName);
  const deadLetterUrl = urlOf(sqs, settings.deadLetterQueueName);
  return {
    comeBack: visibilityChanges(sqs, queueUrl),

    async remove(receiptHandle) {
      await sqs.send(new DeleteMessageCommand({ QueueUrl: await queueUrl(), ReceiptHandle: receiptHandle }));
    },

    async setAside({ body, attributes, messageGroup, deduplicationId }) {
      const { MessageId = '' } = await sqs.send(
        new SendMessageCommand({
          QueueUrl: await deadLetterUrl(),
          MessageBody: body,
          MessageAttributes: attributes,
          ...(messageGroup === undefined ? {} : { MessageGroupId: messageGroup }),
          ...(settings.queueName.endsWith('.fifo') ? { MessageDeduplicationId: deduplicationId } : {}),
        }),
      );
      return MessageId;
    },
  };
}

/** A failure is not remembered. */
function urlOf(sqs: Pick<SQSClient, 'send'>, QueueName: string): () => Promise<string> {
  let url: Promise<string> | undefined;
  return () => {
    url ??= sqs.send(new GetQueueUrlCommand({ QueueName })).then(
      ({ QueueUrl = '' }) => QueueUrl,
      (error: unknown) => {
        url = undefined;
        throw error;
      },
    );
    return url;
  };
}

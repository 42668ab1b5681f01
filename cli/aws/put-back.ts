/** Sends what a redrive puts back. */
import { GetQueueUrlCommand, SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Redriven } from '../dead-letters/redriven.ts';
import { HelpfulError } from '../helpful-error.ts';

type Sqs = Pick<SQSClient, 'send'>;

export async function targetUrl(sqs: Sqs, QueueName: string): Promise<string> {
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName }));
  if (QueueUrl === undefined) throw new HelpfulError(`SQS told no address of the queue ${QueueName}; try again.`);
  return QueueUrl;
}

/** By place in `tasks`, the reason why one was not accepted; missing where it was. */
export async function send(sqs: Sqs, QueueUrl: string, tasks: Redriven[]): Promise<Map<number, string>> {
  const Entries = tasks.map(({ body, attributes, messageGroup, deduplicationId }, n) => ({
    Id: String(n),
    MessageBody: body,
    MessageAttributes: attributes,
    ...(messageGroup === undefined ? {} : { MessageGroupId: messageGroup }),
    ...(deduplicationId === undefined ? {} : { MessageDeduplicationId: deduplicationId }),
  }));
  const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  return new Map(Failed.map(({ Id, Message, Code }) => [Number(Id), Message ?? Code ?? 'refused']));
}

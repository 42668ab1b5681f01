/** Makes a message come back after a while: the only way we use to try something again later. */
import { ChangeMessageVisibilityCommand, GetQueueUrlCommand } from '@aws-sdk/client-sqs';
import type { Clients } from './clients.ts';

/** `urls` by queue ARN is filled as queues are met; ours are few. */
export function messageVisibility(sqs: Clients['sqs']) {
  const urls = new Map<string, string>();
  return async (queueArn: string, receiptHandle: string, seconds: number): Promise<void> => {
    const url = urls.get(queueArn) ?? (await sqs.send(new GetQueueUrlCommand({ QueueName: queueArn.split(':')[5] }))).QueueUrl;
    if (url === undefined) return;
    urls.set(queueArn, url);
    await sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: url,
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: Math.min(43_200, Math.max(0, Math.round(seconds))),
      }),
    );
  };
}

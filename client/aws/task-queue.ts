/** SQS: one batch of tasks, and what became of each of them. */
import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { taskAttributes } from '../../lambdas/contract/task-wire.ts';
import type { Message } from '../send/batches.ts';

export interface Refused {
  message: Message;
  reason: string;
  /** Whether the same message may be taken at another time. */
  passing: boolean;
}

/** Those that SQS did not take. */
export async function sendBatch(
  sqs: Pick<SQSClient, 'send'>,
  QueueUrl: string,
  batch: Message[],
  delaySeconds: number | undefined,
  signal: AbortSignal | undefined,
): Promise<Refused[]> {
  const Entries = batch.map(({ id, body, order }, place) => ({
    Id: String(place),
    MessageBody: body,
    ...(id === undefined ? {} : { MessageAttributes: { [taskAttributes.task]: { DataType: 'String', StringValue: id } } }),
    ...(delaySeconds === undefined ? {} : { DelaySeconds: delaySeconds }),
    ...(order === undefined ? {} : { MessageGroupId: order.messageGroup, MessageDeduplicationId: order.deduplication }),
  }));
  const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }), signal ? { abortSignal: signal } : {});
  return Failed.flatMap(({ Id, Code, Message: text, SenderFault }) => {
    const message = batch[Number(Id)];
    return message ? [{ message, reason: text ?? Code ?? 'refused', passing: SenderFault !== true }] : [];
  });
}

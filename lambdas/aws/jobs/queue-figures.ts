/** What is on a queue, as far as SQS knows: its figures lag behind by up to a minute. */
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { Clients } from '../clients.ts';
import { ifThere, isQueueMissing, named } from '../errors.ts';

export interface QueueFigures {
  inFlight: number;
  /** Those with a delay among them. */
  queued: number;
}

/** Of no queue, and of one that is gone: nothing. */
export async function queueFigures(sqs: Clients['sqs'], url: string | undefined): Promise<QueueFigures> {
  if (url === undefined) return { inFlight: 0, queued: 0 };
  const answer = await named('GetQueueAttributes', url, () =>
    ifThere(isQueueMissing, () =>
      sqs.send(
        new GetQueueAttributesCommand({
          QueueUrl: url,
          AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible', 'ApproximateNumberOfMessagesDelayed'],
        }),
      ),
    ),
  );
  const attributes = new Map<string, string>(Object.entries(answer?.Attributes ?? {}));
  const count = (name: string) => Number(attributes.get(name) ?? 0);
  return {
    inFlight: count('ApproximateNumberOfMessagesNotVisible'),
    queued: count('ApproximateNumberOfMessages') + count('ApproximateNumberOfMessagesDelayed'),
  };
}

/**
 * Hints to the scheduler of pools. All are of one message group, so that one invocation looks at a time. None is taken for
 * the repetition of another: the same change may happen twice within SQS's five minutes, and the second must be seen.
 */
import { randomUUID } from 'node:crypto';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { PlacingHint } from '../contract/job-messages.ts';
import type { Clients } from './clients.ts';
import { named } from './errors.ts';
import { messageText } from './hint-queues.ts';

const MessageGroupId = 'placing';

export function placingHints(sqs: Clients['sqs'], QueueUrl: string) {
  return async (hint: PlacingHint): Promise<void> => {
    const message = { QueueUrl, MessageBody: messageText(hint), MessageGroupId, MessageDeduplicationId: randomUUID() };
    await named('SendMessage', QueueUrl, () => sqs.send(new SendMessageCommand(message)));
  };
}
export type PlacingHints = ReturnType<typeof placingHints>;

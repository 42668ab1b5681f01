/** One message to a queue of ours. */
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { Clients } from './clients.ts';
import { named } from './errors.ts';

export const sendText = (sqs: Clients['sqs'], url: string, text: string) =>
  named('SendMessage', url, () => sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: text })));

/** Which groups a batch of stream records is about, each once, as hints. */
import type { DynamoDBStreamEvent } from 'aws-lambda';
import { sendHints } from '../aws/hint-queues.ts';
import type { Services } from '../aws/services.ts';
import type { Hint } from '../contract/messages.ts';

export function createStreamListener({ clients, hintQueues, log }: Pick<Services, 'clients' | 'hintQueues' | 'log'>) {
  return async (event: DynamoDBStreamEvent): Promise<void> => {
    const taskGroups = new Set(event.Records.flatMap((record) => record.dynamodb?.Keys?.taskGroup?.S ?? []));
    const hints = [...taskGroups].map((taskGroup): Hint => ({ kind: 'group', taskGroup, class: 'change', hops: 0 }));
    await sendHints(clients.sqs, hintQueues, 'change', hints);
    log.info('hinted', { records: event.Records.length, taskGroups: hints.length });
  };
}

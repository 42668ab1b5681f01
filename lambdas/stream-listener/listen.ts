/** Which groups a batch of stream records is about, and which limits, each once, as hints. */
import type { DynamoDBStreamEvent } from 'aws-lambda';
import { sendHints } from '../aws/hint-queues.ts';
import type { Services } from '../aws/services.ts';
import type { Hint } from '../contract/messages.ts';
import { isLimitsKey } from '../contract/placement.ts';

type Parts = Pick<Services, 'clients' | 'hintQueues' | 'hintPlacing' | 'log'>;

export function createStreamListener({ clients, hintQueues, hintPlacing, log }: Parts) {
  return async (event: DynamoDBStreamEvent): Promise<void> => {
    const keys = [...new Set(event.Records.flatMap((record) => record.dynamodb?.Keys?.taskGroup?.S ?? []))];
    const limits = keys.filter(isLimitsKey);
    const hints = keys
      .filter((key) => !isLimitsKey(key))
      .map((taskGroup): Hint => ({ kind: 'group', taskGroup, class: 'change', hops: 0 }));
    await Promise.all([sendHints(clients.sqs, hintQueues, 'change', hints), ...limits.map((key) => hintPlacing({ kind: 'limits', key }))]);
    log.info('hinted', { records: event.Records.length, taskGroups: hints.length, limits: limits.length });
  };
}

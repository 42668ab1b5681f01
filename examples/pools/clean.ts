/** Removes what runs left that were killed: config items, jobs that had not ended, queues. Inputs go by themselves in time. */
import { DeleteQueueCommand, ListQueuesCommand } from '@aws-sdk/client-sqs';
import type { Stage } from '../../cli/aws/connect.ts';
import { SluiceApiError, type SluiceClient } from '../../client/index.ts';
import { removeItems } from './config-items.ts';
import { customers } from './offer.ts';
import { queuePrefix } from './outside.ts';

export async function clean(stage: Stage, client: SluiceClient): Promise<string> {
  const cancelled = await cancelJobs(client);
  await removeItems(stage);
  const queues = await deleteQueues(stage);
  return `${cancelled} jobs cancelled, ${queues} queues deleted, the pools and limits of this example are out of the config table; their pipelines go by themselves.`;
}

async function cancelJobs(client: SluiceClient): Promise<number> {
  let cancelled = 0;
  for (const { name: customer } of customers)
    for (const status of ['RUNNING', 'PENDING'] as const)
      for await (const { id } of client.jobs({ customer, status })) if (await cancelJob(client, id)) cancelled += 1;
  return cancelled;
}

/** False: it has ended meanwhile, so nothing of it is left to cancel. */
export async function cancelJob(client: SluiceClient, id: string): Promise<boolean> {
  try {
    await client.cancel(id);
    return true;
  } catch (error) {
    if (error instanceof SluiceApiError && error.status === 409) return false;
    throw error;
  }
}

async function deleteQueues({ clients: { sqs } }: Stage): Promise<number> {
  const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({ QueueNamePrefix: queuePrefix }));
  for (const QueueUrl of QueueUrls) await sqs.send(new DeleteQueueCommand({ QueueUrl }));
  return QueueUrls.length;
}

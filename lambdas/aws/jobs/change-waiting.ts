/** Another priority, or more or fewer retries, of a job that names who does its tasks, as long as it has not started. */
import type { Priority } from '../../contract/job.ts';
import { type JobRow, jobKey, waitingKey } from '../../contract/job-table.ts';
import type { Clients } from '../clients.ts';
import { slotStep } from './jobs-table.ts';
import { type Retrying, type TransactItem, transact, untilDecided } from './transactions.ts';

export interface WaitingChange {
  priority?: Priority | undefined;
  maxRetries?: number | undefined;
}

export function waitingChanges(documents: Clients['documents'], TableName: string, world: Retrying & { clock: { nowMs(): number } }) {
  return {
    /** False where it is not any more as it was seen: look again. */
    changeWaiting(row: JobRow, { priority = row.priority, maxRetries = row.maxRetries }: WaitingChange): Promise<boolean> {
      const { job, readyAtMs, runAtMs } = row;
      const items: TransactItem[] = [
        {
          Update: {
            TableName,
            Key: jobKey(job),
            UpdateExpression: 'SET priority = :priority, maxRetries = :retries',
            // The priority is part of the key it waits under.
            ConditionExpression: `#status = :pending AND life = :life AND priority = :seen AND ${readyAtMs === undefined ? 'attribute_not_exists(readyAtMs)' : 'readyAtMs = :ready'}`,
            ExpressionAttributeNames: { '#status': 'status' },
            ExpressionAttributeValues: {
              ':pending': 'PENDING',
              ':life': row.life,
              ':seen': row.priority,
              ':priority': priority,
              ':retries': maxRetries,
              ...(readyAtMs === undefined ? {} : { ':ready': readyAtMs }),
            },
          },
        },
      ];
      const waitsForSlot = readyAtMs !== undefined && (runAtMs === undefined || runAtMs <= world.clock.nowMs());
      if (waitsForSlot && priority !== row.priority)
        items.push(
          { Delete: { TableName, Key: waitingKey(row.priority, readyAtMs, job) } },
          { Put: { TableName, Item: slotStep({ ...row, priority, readyAtMs }) } },
        );
      return untilDecided(world, `the change of job ${job}`, async () => {
        const transacted = await transact(documents, items);
        return transacted.done ? true : transacted.refused.length > 0 ? false : undefined;
      });
    },
  };
}

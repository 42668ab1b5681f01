/** What waits to be gone on with: for a slot, for its time, for its file to be read. Each list in its own order. */
import { DeleteCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { z } from 'zod';
import {
  IntakeRow,
  intakePartition,
  ScheduledRow,
  scheduledPartition,
  WaitingRow,
  waitingKey,
  waitingPartition,
} from '../../contract/job-table.ts';
import type { Clients } from '../clients.ts';

export function waitingLists(documents: Clients['documents'], TableName: string) {
  /** A page after another, so that a reader may stop where it has enough. */
  async function* pages<S extends z.ZodType>(pk: string, schema: S, upTo?: string): AsyncGenerator<z.output<S>[]> {
    let start: Record<string, unknown> | undefined;
    do {
      const page: { Items?: Record<string, unknown>[] | undefined; LastEvaluatedKey?: Record<string, unknown> | undefined } =
        await documents.send(
          new QueryCommand({
            TableName,
            KeyConditionExpression: upTo === undefined ? 'pk = :pk' : 'pk = :pk AND sk <= :to',
            ExpressionAttributeValues: { ':pk': pk, ...(upTo === undefined ? {} : { ':to': upTo }) },
            ConsistentRead: true,
            Limit: 100,
            ...(start === undefined ? {} : { ExclusiveStartKey: start }),
          }),
        );
      yield (page.Items ?? []).map((item) => schema.parse(item));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
  }
  const upTo = (ms: number) => `${String(Math.max(0, Math.floor(ms))).padStart(15, '0')}~`;

  return {
    /** By priority, then by when they could start. */
    waiting: () => pages(waitingPartition, WaitingRow),
    /** Whose time comes by then. */
    scheduled: (byMs: number) => pages(scheduledPartition, ScheduledRow, upTo(byMs)),
    /** Accepted by then, and not read yet. */
    intakes: (byMs: number) => pages(intakePartition, IntakeRow, upTo(byMs)),

    /** Of a job that waits for nothing any more. */
    async stopWaiting({ priority, readyAtMs, job }: WaitingRow): Promise<void> {
      await documents.send(new DeleteCommand({ TableName, Key: waitingKey(priority, readyAtMs, job) }));
    },
  };
}
export type WaitingLists = ReturnType<typeof waitingLists>;

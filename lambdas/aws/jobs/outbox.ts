/**
 * Events that happened and are not delivered yet. A row is made in the transaction that ends its job (lifecycle.ts), so
 * that no end goes unheard; whoever delivers takes a try first, and each delivery is noted on its own.
 */
import { DeleteCommand, GetCommand, QueryCommand, type QueryCommandOutput, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { OutboxRow, outboxKey, outboxPartition } from '../../contract/job-table.ts';
import type { Clients } from '../clients.ts';
import { isConditionFailed } from '../errors.ts';

/** Who was to deliver it has had this long since it was due: its message is lost, or stuck. */
const forgottenMs = 10 * 60_000;

export function outbox(documents: Clients['documents'], TableName: string) {
  /** False where the row is gone, or another try began since it was read. */
  async function update(row: Pick<OutboxRow, 'event' | 'attempts'>, set: Partial<OutboxRow>): Promise<boolean> {
    const names = Object.keys(set);
    try {
      await documents.send(
        new UpdateCommand({
          TableName,
          Key: outboxKey(row.event),
          UpdateExpression: `SET ${names.map((_, n) => `#f${n} = :f${n}`).join(', ')}`,
          ConditionExpression: 'attribute_exists(pk) AND (attribute_not_exists(attempts) OR attempts = :attempts)',
          ExpressionAttributeNames: Object.fromEntries(names.map((name, n) => [`#f${n}`, name])),
          ExpressionAttributeValues: {
            ':attempts': row.attempts,
            ...Object.fromEntries(Object.values(set).map((value, n) => [`:f${n}`, value])),
          },
        }),
      );
      return true;
    } catch (error) {
      if (isConditionFailed(error)) return false;
      throw error;
    }
  }

  return {
    async get(event: string): Promise<OutboxRow | undefined> {
      const { Item } = await documents.send(new GetCommand({ TableName, Key: outboxKey(event), ConsistentRead: true }));
      return Item && OutboxRow.parse(Item);
    },

    /** The row of a try that is ours, undefined where another was faster; nobody else tries before `untilMs`. */
    async begin(row: OutboxRow, payload: string, untilMs: number): Promise<OutboxRow | undefined> {
      const set = { attempts: row.attempts + 1, nextTryMs: untilMs, payload };
      return (await update(row, set)) ? { ...row, ...set } : undefined;
    },

    /** What became of the try that `begin` gave. */
    note: (row: OutboxRow, came: Partial<Pick<OutboxRow, 'published' | 'ordered' | 'posted' | 'nextTryMs'>>) => update(row, came),

    async remove(event: string): Promise<void> {
      await documents.send(new DeleteCommand({ TableName, Key: outboxKey(event) }));
    },

    /** Events that nobody seems to deliver: to be hinted again, and noted as due (`nextTryMs` now), or the next look finds them, too. */
    async forgotten(nowMs: number): Promise<OutboxRow[]> {
      const found: OutboxRow[] = [];
      let start: QueryCommandOutput['LastEvaluatedKey'];
      do {
        const page: QueryCommandOutput = await documents.send(
          new QueryCommand({
            TableName,
            KeyConditionExpression: 'pk = :outbox',
            FilterExpression: 'atMs < :before AND (attribute_not_exists(nextTryMs) OR nextTryMs < :before)',
            ExpressionAttributeValues: { ':outbox': outboxPartition, ':before': nowMs - forgottenMs },
            ...(start === undefined ? {} : { ExclusiveStartKey: start }),
          }),
        );
        found.push(...(page.Items ?? []).map((item) => OutboxRow.parse(item)));
        start = page.LastEvaluatedKey;
      } while (start !== undefined);
      return found;
    },
  };
}
export type Outbox = ReturnType<typeof outbox>;

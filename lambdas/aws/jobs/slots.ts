/** The jobs that run: one item, each change under its revision, so that no two starts take the same slot. */
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { type JobRow, SlotsRow, slotsKey } from '../../contract/job-table.ts';
import type { Clients } from '../clients.ts';
import type { TransactItem } from './transactions.ts';

export function slots(documents: Clients['documents'], TableName: string) {
  return {
    async read(): Promise<SlotsRow> {
      const { Item } = await documents.send(new GetCommand({ TableName, Key: slotsKey, ConsistentRead: true }));
      return SlotsRow.parse(Item ?? {});
    },

    write: (seen: SlotsRow, next: SlotsRow): TransactItem => ({
      Put: {
        TableName,
        Item: { ...slotsKey, running: next.running, revision: seen.revision + 1 },
        ConditionExpression: seen.revision === 0 ? 'attribute_not_exists(pk)' : 'revision = :seen',
        ...(seen.revision === 0 ? {} : { ExpressionAttributeValues: { ':seen': seen.revision } }),
      },
    }),
  };
}
export type Slots = ReturnType<typeof slots>;

export const slotOf = ({ target, customer }: JobRow, sinceMs: number): SlotsRow['running'][string] => ({
  target,
  ...(customer === undefined ? {} : { customer }),
  sinceMs,
});

export const withoutJob = (seen: SlotsRow, job: string): SlotsRow => ({
  ...seen,
  running: Object.fromEntries(Object.entries(seen.running).filter(([running]) => running !== job)),
});

/** What consumers write to the tasks table when their target says "too many". Read only: two items of the group. */
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { CoolingRecord, coolingSortKey, dayOf, groupKey, LimitedRecord, limitedSortKey } from '../contract/task-table.ts';
import type { CoolingSeen } from '../domain/cooling.ts';
import type { Clients } from './clients.ts';

export function coolingRecords(documents: Clients['documents'], table: string) {
  /** One that somebody broke by hand counts as none. */
  async function read<T>(pipeline: string, sk: string, parse: (item: unknown) => { data?: T }): Promise<T | undefined> {
    const { Item } = await documents.send(new GetCommand({ TableName: table, Key: { pk: groupKey(pipeline), sk }, ConsistentRead: true }));
    return Item === undefined ? undefined : parse(Item).data;
  }

  return {
    /** Of the group with this function name. Its refusals of today are only asked for where it ever cooled. */
    async of(pipeline: string, nowMs: number): Promise<CoolingSeen> {
      const cooling = await read(pipeline, coolingSortKey, (item) => CoolingRecord.safeParse(item));
      if (!cooling) return {};
      const today = await read(pipeline, limitedSortKey(dayOf(nowMs)), (item) => LimitedRecord.safeParse(item));
      return { cooling, ...(today ? { today } : {}) };
    },
  };
}
export type CoolingRecords = ReturnType<typeof coolingRecords>;

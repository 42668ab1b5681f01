/** The items of task groups in the config table, read only: it is the user's. Items come back as they are; parsing is the caller's. */
import { GetCommand, ScanCommand, type ScanCommandOutput } from '@aws-sdk/lib-dynamodb';
import { isLimitsKey } from '../contract/placement.ts';
import type { Clients } from './clients.ts';

export function configTable(documents: Clients['documents'], table: string) {
  return {
    async get(taskGroup: string): Promise<Record<string, unknown> | undefined> {
      const { Item } = await documents.send(new GetCommand({ TableName: table, Key: { taskGroup }, ConsistentRead: true }));
      return Item;
    },

    /** Every task group that has an item, the defaults item among them, page by page; items of limits are of no group. */
    async *taskGroups(): AsyncGenerator<string[]> {
      let start: Record<string, unknown> | undefined;
      do {
        const page: ScanCommandOutput = await documents.send(
          new ScanCommand({
            TableName: table,
            ProjectionExpression: 'taskGroup',
            ConsistentRead: true,
            ...(start ? { ExclusiveStartKey: start } : {}),
          }),
        );
        yield (page.Items ?? []).map((item) => String(item.taskGroup)).filter((key) => !isLimitsKey(key));
        start = page.LastEvaluatedKey;
      } while (start);
    },

    /** Which keys there are, of limits as well, and whether the item offers its group as a pool. */
    async *keys(): AsyncGenerator<{ key: string; isPool: boolean }[]> {
      let start: Record<string, unknown> | undefined;
      do {
        const page: ScanCommandOutput = await documents.send(
          new ScanCommand({
            TableName: table,
            ProjectionExpression: 'taskGroup, #pool',
            ExpressionAttributeNames: { '#pool': 'pool' },
            ConsistentRead: true,
            ...(start ? { ExclusiveStartKey: start } : {}),
          }),
        );
        yield (page.Items ?? []).map(({ taskGroup, pool }) => ({ key: String(taskGroup), isPool: pool !== undefined }));
        start = page.LastEvaluatedKey;
      } while (start);
    },
  };
}
export type ConfigTable = ReturnType<typeof configTable>;

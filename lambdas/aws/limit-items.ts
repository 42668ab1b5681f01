/** The items of limits in the config table. They are the user's, and the API writes them where a user asks it to. */
import { DeleteCommand, GetCommand, PutCommand, ScanCommand, type ScanCommandOutput } from '@aws-sdk/lib-dynamodb';
import { customerLimitsKey, customerOfLimitsKey, overallLimitsKey } from '../contract/placement.ts';
import type { Clients } from './clients.ts';
import { named } from './errors.ts';

type Item = Record<string, unknown>;

export function limitItems(documents: Clients['documents'], TableName: string) {
  return {
    /** Of all pools together; undefined where there is none, and defaults hold. */
    async overall(): Promise<Item | undefined> {
      return (await documents.send(new GetCommand({ TableName, Key: { taskGroup: overallLimitsKey }, ConsistentRead: true }))).Item;
    },

    /** By customer. They are between the items of task groups: the whole table is looked through. */
    async customers(): Promise<Map<string, Item>> {
      const found = new Map<string, Item>();
      let start: Item | undefined;
      do {
        const page: ScanCommandOutput = await documents.send(
          new ScanCommand({
            TableName,
            FilterExpression: 'begins_with(taskGroup, :prefix)',
            ExpressionAttributeValues: { ':prefix': customerLimitsKey('') },
            ConsistentRead: true,
            ...(start === undefined ? {} : { ExclusiveStartKey: start }),
          }),
        );
        for (const item of page.Items ?? []) found.set(customerOfLimitsKey(String(item['taskGroup'])) ?? '', item);
        start = page.LastEvaluatedKey;
      } while (start !== undefined);
      return found;
    },

    async put(taskGroup: string, fields: Item): Promise<void> {
      await named('PutItem', taskGroup, () => documents.send(new PutCommand({ TableName, Item: { taskGroup, ...fields } })));
    },

    async remove(taskGroup: string): Promise<void> {
      await named('DeleteItem', taskGroup, () => documents.send(new DeleteCommand({ TableName, Key: { taskGroup } })));
    },
  };
}

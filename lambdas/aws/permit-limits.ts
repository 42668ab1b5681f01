/** How many may hold a permit, in the tasks table. Writes that one attribute, whatever else is on the item. */
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { permitKey, permitLimitAttribute, permitStateSortKey } from '../contract/task-table.ts';
import type { Clients } from './clients.ts';
import { named } from './errors.ts';

export function permitLimits(documents: Clients['documents'], table: string) {
  const item = (name: string) => ({
    TableName: table,
    Key: { pk: permitKey(name), sk: permitStateSortKey },
    // A reserved word of DynamoDB's.
    ExpressionAttributeNames: { '#limit': permitLimitAttribute },
  });
  return {
    async set(name: string, limit: number): Promise<void> {
      const update = { UpdateExpression: 'SET #limit = :limit', ExpressionAttributeValues: { ':limit': limit } };
      await named('UpdateItem', `permit ${name}`, () => documents.send(new UpdateCommand({ ...item(name), ...update })));
    },
    /** Whoever holds it keeps it; from now on the stage has no permit of this name. */
    async forget(name: string): Promise<void> {
      const update = { UpdateExpression: 'REMOVE #limit' };
      await named('UpdateItem', `permit ${name}`, () => documents.send(new UpdateCommand({ ...item(name), ...update })));
    },
  };
}

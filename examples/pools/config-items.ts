/** Writes items of the config table for a while: what was under their keys before is put back. */
import { DeleteCommand, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Stage } from '../../cli/aws/connect.ts';
import { type Item, limitItems, pools } from './offer.ts';
import type { Undo } from './undo.ts';

export async function writeForAWhile(stage: Stage, items: Item[], undo: Undo): Promise<void> {
  for (const item of items) {
    const before = await read(stage, item.taskGroup);
    undo.add(`item ${item.taskGroup} of the config table`, () =>
      before === undefined ? remove(stage, item.taskGroup) : put(stage, before),
    );
    await put(stage, item);
  }
}

/** Those of our pools that are on the stage: of a run at this moment, or of one that was killed. */
export async function poolsThere(stage: Stage): Promise<string[]> {
  const items = await Promise.all(pools.map(({ taskGroup }) => read(stage, taskGroup)));
  return items.flatMap((item) => (item === undefined ? [] : [item.taskGroup]));
}

/** Of a run that was killed. */
export async function removeItems(stage: Stage): Promise<void> {
  for (const { taskGroup } of [...pools, ...limitItems()]) await remove(stage, taskGroup);
}

async function read({ clients, output }: Stage, taskGroup: string): Promise<Item | undefined> {
  const { Item } = await clients.documents.send(
    new GetCommand({ TableName: output('ConfigTableName'), Key: { taskGroup }, ConsistentRead: true }),
  );
  return Item === undefined ? undefined : { ...Item, taskGroup };
}

async function put({ clients, output }: Stage, Item: Item): Promise<void> {
  await clients.documents.send(new PutCommand({ TableName: output('ConfigTableName'), Item }));
}

async function remove({ clients, output }: Stage, taskGroup: string): Promise<void> {
  await clients.documents.send(new DeleteCommand({ TableName: output('ConfigTableName'), Key: { taskGroup } }));
}

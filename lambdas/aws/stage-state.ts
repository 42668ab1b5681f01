/** Whether the stage is going away (`cdk destroy`): then every group counts as removed. */
import { DeleteCommand, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { Clients } from './clients.ts';

const key = { pk: 'stage', sk: 'going' };
const Going = z.object({ mode: z.enum(['drain', 'discard']) });
export type Going = z.infer<typeof Going>;

export function stageState(documents: Clients['documents'], table: string) {
  return {
    async going(): Promise<Going | undefined> {
      const { Item } = await documents.send(new GetCommand({ TableName: table, Key: key, ConsistentRead: true }));
      return Item && Going.parse(Item);
    },
    async go(mode: Going['mode']): Promise<void> {
      await documents.send(new PutCommand({ TableName: table, Item: { ...key, mode } }));
    },
    /** The stage stays after all. */
    async stay(): Promise<void> {
      await documents.send(new DeleteCommand({ TableName: table, Key: key }));
    },
  };
}
export type StageState = ReturnType<typeof stageState>;

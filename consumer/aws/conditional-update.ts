/**
 * Updates of the tasks table whose condition may fail. An item whose time is over counts as absent: DynamoDB deletes it
 * only within days (DDB/howitworks-ttl), and an update cannot begin it anew, as it adds to what is there.
 */
import { DeleteCommand, type DynamoDBDocumentClient, GetCommand, UpdateCommand, type UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import { AttemptRecord } from '../../lambdas/contract/task-table.ts';
import { isOver } from '../../lambdas/domain/task/attempt.ts';

export type Documents = Pick<DynamoDBDocumentClient, 'send'>;
type Key = { pk: string; sk: string };
type Update = Omit<UpdateCommandInput, 'TableName' | 'Key'> & { TableName: string; Key: Key };
type Updated = { Attributes?: unknown; failedOn?: unknown };

export const isRefused = (error: unknown) => error instanceof Error && error.name === 'ConditionalCheckFailedException';

/** `failedOn`: the item as it is now, where the condition failed. */
export async function update(documents: Documents, input: Update): Promise<Updated> {
  try {
    return await documents.send(new UpdateCommand(input));
  } catch (error) {
    if (!isRefused(error)) throw error;
    const { TableName, Key } = input;
    const { Item } = await documents.send(new GetCommand({ TableName, Key, ConsistentRead: true }));
    return { failedOn: Item ?? {} };
  }
}

/** The same, for a condition that fails on attempts whose time is over: these are deleted, and the update made again. */
export async function updateOrBegin(documents: Documents, input: Update, nowMs: number): Promise<Updated> {
  const updated = await update(documents, input);
  if (updated.failedOn === undefined) return updated;
  const found = AttemptRecord.safeParse(updated.failedOn).data;
  if (found && !isOver(found, nowMs)) return updated;
  // Where nothing is found, another copy has deleted it in between.
  if (found) await remove(documents, input, found);
  return update(documents, input);
}

/** Every write of attempts gives them a later time, so that whoever was faster keeps what he began. */
async function remove(documents: Documents, { TableName, Key }: Update, { expiresAt }: AttemptRecord): Promise<void> {
  const ConditionExpression = 'expiresAt = :found';
  try {
    await documents.send(new DeleteCommand({ TableName, Key, ConditionExpression, ExpressionAttributeValues: { ':found': expiresAt } }));
  } catch (error) {
    if (!isRefused(error)) throw error;
  }
}

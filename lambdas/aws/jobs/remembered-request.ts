/** What an Idempotency-Key stands for, read before anything is done for a request that may be a repeat. */
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { IdempotencyRow, idempotencyKey } from '../../contract/job-table.ts';
import type { Clients } from '../clients.ts';

export async function rememberedRequest(
  documents: Clients['documents'],
  TableName: string,
  key: string,
  nowMs: number,
): Promise<IdempotencyRow | undefined> {
  const { Item } = await documents.send(new GetCommand({ TableName, Key: idempotencyKey(key), ConsistentRead: true }));
  const row = Item && IdempotencyRow.parse(Item);
  return row === undefined || row.expiresAt * 1_000 <= nowMs ? undefined : row;
}

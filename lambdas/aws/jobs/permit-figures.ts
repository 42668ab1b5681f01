/** Who holds a permit and who waits for it, read only: consumers write it. */
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { permitKey, permitLimitAttribute, permitStateSortKey } from '../../contract/task-table.ts';
import type { Clients } from '../clients.ts';

const PermitItem = z.object({
  [permitLimitAttribute]: z.number().optional(),
  /** By holder: when its lease is over. */
  holders: z.record(z.string(), z.number()).default({}),
  line: z.array(z.unknown()).default([]),
});

export interface PermitFigures {
  held: number;
  waiting: number;
  /** Undefined: the stage has no such permit. */
  limit: number | undefined;
}

export async function permitFigures(
  documents: Clients['documents'],
  TableName: string,
  name: string,
  nowMs: number,
): Promise<PermitFigures> {
  const { Item } = await documents.send(new GetCommand({ TableName, Key: { pk: permitKey(name), sk: permitStateSortKey } }));
  const { [permitLimitAttribute]: limit, holders, line } = PermitItem.parse(Item ?? {});
  return { limit, held: Object.values(holders).filter((untilMs) => untilMs >= nowMs).length, waiting: line.length };
}

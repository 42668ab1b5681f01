/** The status rows: one per task group, written whole by whoever holds the group's lease. */
import { DeleteCommand, GetCommand, PutCommand, ScanCommand, type ScanCommandOutput } from '@aws-sdk/lib-dynamodb';
import { PipelineRow } from '../contract/pipeline-row.ts';
import type { Clients } from './clients.ts';

export function pipelinesTable(documents: Clients['documents'], table: string) {
  return {
    async get(taskGroup: string): Promise<PipelineRow | undefined> {
      const { Item } = await documents.send(new GetCommand({ TableName: table, Key: { taskGroup }, ConsistentRead: true }));
      return Item === undefined ? undefined : readRow(Item);
    },

    async put(row: PipelineRow): Promise<void> {
      await documents.send(new PutCommand({ TableName: table, Item: row }));
    },

    async delete(taskGroup: string): Promise<void> {
      await documents.send(new DeleteCommand({ TableName: table, Key: { taskGroup } }));
    },

    async *rows(): AsyncGenerator<PipelineRow[]> {
      let start: Record<string, unknown> | undefined;
      do {
        const page: ScanCommandOutput = await documents.send(
          new ScanCommand({ TableName: table, ConsistentRead: true, ...(start ? { ExclusiveStartKey: start } : {}) }),
        );
        yield (page.Items ?? []).map(readRow).filter((row) => row !== undefined);
        start = page.LastEvaluatedKey;
      } while (start);
    },
  };
}
export type PipelinesTable = ReturnType<typeof pipelinesTable>;

/** A row that somebody broke by hand counts as none: the next look writes it anew from what it sees. */
function readRow(item: Record<string, unknown>): PipelineRow | undefined {
  return PipelineRow.safeParse(item).data;
}

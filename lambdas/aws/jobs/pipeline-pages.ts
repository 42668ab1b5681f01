/** The pipelines page by page, in no order that means anything but always the same one. */
import { ScanCommand, type ScanCommandOutput } from '@aws-sdk/lib-dynamodb';
import { PipelineRow } from '../../contract/pipeline-row.ts';
import type { Clients } from '../clients.ts';

export interface PipelineRows {
  rows: PipelineRow[];
  /** Name of the last one, where there may be more. */
  next?: string;
}

export async function pipelinePage(
  documents: Clients['documents'],
  TableName: string,
  limit: number,
  after?: string,
): Promise<PipelineRows> {
  const page: ScanCommandOutput = await documents.send(
    new ScanCommand({ TableName, Limit: limit, ...(after === undefined ? {} : { ExclusiveStartKey: { taskGroup: after } }) }),
  );
  // One that somebody broke by hand is left out: the next look writes it anew.
  const rows = (page.Items ?? []).map((item) => PipelineRow.safeParse(item).data).filter((row) => row !== undefined);
  const next = page.LastEvaluatedKey?.['taskGroup'];
  return typeof next === 'string' ? { rows, next } : { rows };
}

/** The pipelines table, read. */
import { GetCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { PipelineRow } from '../../lambdas/contract/pipeline-row.ts';
import { HelpfulError } from '../helpful-error.ts';
import type { Stage } from './connect.ts';

/** Every pipeline, a page of the table at a time. */
export async function* pipelines({ clients, output }: Stage): AsyncGenerator<PipelineRow> {
  const TableName = output('PipelinesTableName');
  let ExclusiveStartKey: Record<string, unknown> | undefined;
  do {
    const page = await clients.documents.send(new ScanCommand({ TableName, ...(ExclusiveStartKey ? { ExclusiveStartKey } : {}) }));
    for (const item of page.Items ?? []) yield PipelineRow.parse(item);
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
}

export async function pipelineOf({ clients, output, name }: Stage, taskGroup: string): Promise<PipelineRow> {
  const { Item } = await clients.documents.send(
    new GetCommand({ TableName: output('PipelinesTableName'), Key: { taskGroup }, ConsistentRead: true }),
  );
  if (!Item)
    throw new HelpfulError(
      `There is no task group ${JSON.stringify(taskGroup)} in ${name}; \`sluice dead-letters\` names those that have dead letters.`,
    );
  return PipelineRow.parse(Item);
}

/** One group, or all. */
export async function* pipelinesNamed(stage: Stage, group: string | undefined): AsyncGenerator<PipelineRow> {
  if (group === undefined) yield* pipelines(stage);
  else yield await pipelineOf(stage, group);
}

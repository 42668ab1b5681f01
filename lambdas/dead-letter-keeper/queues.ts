/** Every dead-letter queue of the stage: those in use and those kept. */
import type { Services } from '../aws/services.ts';
import { pipelineNamePrefix, pipelineNames } from '../contract/names.ts';
import type { PipelineRow } from '../contract/pipeline-row.ts';
import type { DeadLetterQueue } from '../domain/dead-letters.ts';

export async function deadLetterQueues({ pipelines, stage }: Pick<Services, 'pipelines' | 'stage'>): Promise<DeadLetterQueue[]> {
  const found = new Map<string, DeadLetterQueue>();
  for await (const rows of pipelines.rows())
    for (const row of rows) for (const queue of queuesOf(row, stage.settings.prefix)) found.set(queue.url, queue);
  return [...found.values()];
}

function queuesOf(row: PipelineRow, prefix: string): DeadLetterQueue[] {
  const { taskGroup, resources, keptDeadLetterQueues = [] } = row;
  const urls = [resources.deadLetterQueueUrl, ...keptDeadLetterQueues].filter((url) => url !== undefined);
  const pipeline = pipelineNames(prefix, taskGroup, false).function;
  const maxReceiveCount = maxReceiveCountOf(row);
  return urls
    .map((url) => ({ url, name: url.split('/').at(-1) ?? url, taskGroup, pipeline, maxReceiveCount }))
    .filter(({ name }) => name.startsWith(pipelineNamePrefix(prefix)));
}

function maxReceiveCountOf({ effective }: PipelineRow): number | undefined {
  const queue = effective?.['queue'];
  const count = typeof queue === 'object' && queue !== null && 'maxReceiveCount' in queue ? queue.maxReceiveCount : undefined;
  return typeof count === 'number' ? count : undefined;
}

/** Looks at what exists for a group. Costs one paced call (the mappings), and that only where there can be any. */
import { pipelineNames } from '../contract/names.ts';
import type { PipelineRow } from '../contract/pipeline-row.ts';
import type { Observed } from '../domain/observed.ts';
import { observeFunction } from './functions.ts';
import { observeMappings } from './mappings.ts';
import type { PacedLambda } from './paced-lambda.ts';
import { observeQueue } from './queues.ts';
import type { Services } from './services.ts';

export interface LookFor {
  taskGroup: string;
  fifo: boolean;
  /** Whether to look for queues of the other kind too: after a change of `queue.fifo`, at a removal, in a sweep. */
  former: boolean;
  row: PipelineRow | undefined;
}

export async function observePipeline(
  { clients, stage }: Services,
  lambda: PacedLambda,
  { taskGroup, fifo, former, row }: LookFor,
): Promise<Observed> {
  const { prefix } = stage.settings;
  const names = pipelineNames(prefix, taskGroup, fifo);
  const formerNames = pipelineNames(prefix, taskGroup, !fifo);
  const known = row?.resources;
  const [fn, queue, deadLetterQueue, formerQueue, formerDeadLetterQueue] = await Promise.all([
    observeFunction(lambda.unpaced, prefix, names.function),
    observeQueue(clients.sqs, prefix, names.queue, known?.queueUrl),
    observeQueue(clients.sqs, prefix, names.deadLetterQueue, known?.deadLetterQueueUrl),
    former ? observeQueue(clients.sqs, prefix, formerNames.queue, known?.queueUrl) : undefined,
    former ? observeQueue(clients.sqs, prefix, formerNames.deadLetterQueue, known?.deadLetterQueueUrl) : undefined,
  ]);
  // A mapping outlives function and queue: one that is on record is looked for even when both are gone.
  const mapped = fn !== undefined || known?.mappingId !== undefined;
  const queueNames = mapped ? [names.queue, ...(formerQueue || (former && known?.mappingId) ? [formerNames.queue] : [])] : [];
  const mappings = await Promise.all(queueNames.map((name) => observeMappings(lambda.paced, stage, names.function, name)));
  return {
    ...(fn ? { function: fn } : {}),
    ...(queue ? { queue } : {}),
    ...(deadLetterQueue ? { deadLetterQueue } : {}),
    ...(formerQueue ? { formerQueue } : {}),
    ...(formerDeadLetterQueue ? { formerDeadLetterQueue } : {}),
    mappings: mappings.flat(),
  };
}

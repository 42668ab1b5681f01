/**
 * Looks at what exists for a group. Costs one paced call (the mappings of its queue), and that only where there can be
 * any. The paced call comes first: waiting for it keeps a sweep of thousands within the quotas of the calls after it.
 */
import { pipelineNames } from '../contract/names.ts';
import type { PipelineRow } from '../contract/pipeline-row.ts';
import type { Tags } from '../contract/tags.ts';
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
  /** Tags that queues on record are taken to have; absent: read them. */
  tags?: Tags | undefined;
}

export async function observePipeline(
  { clients, stage }: Services,
  lambda: PacedLambda,
  { taskGroup, fifo, former, row, tags }: LookFor,
): Promise<Observed> {
  const { prefix } = stage.settings;
  const names = pipelineNames(prefix, taskGroup, fifo);
  const formerNames = pipelineNames(prefix, taskGroup, !fifo);
  const { queueUrl, deadLetterQueueUrl, mappingId } = row?.resources ?? {};
  const queueNamed = (name: string) => observeQueue(clients.sqs, prefix, name, { urls: [queueUrl, deadLetterQueueUrl], tags });
  const mappingsOf = (name: string) => observeMappings(lambda.paced, stage, names.function, name);

  const fn = await observeFunction(lambda.unpaced, prefix, names.function);
  // A mapping outlives function and queue: one that is on record is looked for even when both are gone.
  const mapped = fn !== undefined || mappingId !== undefined;
  const mappings = mapped ? await mappingsOf(names.queue) : [];
  const [queue, deadLetterQueue, formerQueue, formerDeadLetterQueue] = await Promise.all([
    queueNamed(names.queue),
    queueNamed(names.deadLetterQueue),
    former ? queueNamed(formerNames.queue) : undefined,
    former ? queueNamed(formerNames.deadLetterQueue) : undefined,
  ]);
  const formerOnRecord = queueUrl?.endsWith(`/${formerNames.queue}`) ?? false;
  const formerMappings = mapped && former && (formerQueue || formerOnRecord) ? await mappingsOf(formerNames.queue) : [];
  return {
    ...(fn ? { function: fn } : {}),
    ...(queue ? { queue } : {}),
    ...(deadLetterQueue ? { deadLetterQueue } : {}),
    ...(formerQueue ? { formerQueue } : {}),
    ...(formerDeadLetterQueue ? { formerDeadLetterQueue } : {}),
    mappings: [...mappings, ...formerMappings],
  };
}

/** Which dead-letter queues a group has, and whether its letters can be put back. Pure. */
import { pipelineNames } from '../../lambdas/contract/names.ts';
import type { PipelineRow } from '../../lambdas/contract/pipeline-row.ts';

export interface DeadLetterQueue {
  group: string;
  name: string;
  /** The group's key in the tasks table. */
  pipeline: string;
}

/** By name: the row's addresses are those its functions use, which need not be ours. */
export const queueName = (url: string) => url.split('/').at(-1) ?? url;

export function deadLetterQueues(row: PipelineRow, prefix: string): DeadLetterQueue[] {
  const urls = [row.resources.deadLetterQueueUrl, ...(row.keptDeadLetterQueues ?? [])].filter((url) => url !== undefined);
  const pipeline = pipelineNames(prefix, row.taskGroup, false).function;
  return [...new Set(urls.map(queueName))].map((name) => ({ group: row.taskGroup, name, pipeline }));
}

export type Target = { open: true; queueName: string; fifo: boolean; readsLetters: boolean } | { open: false; why: string };

/** Where a group's dead letters go back to. A queue that is drained takes nothing. */
export function redriveTarget({ taskGroup, phase, resources, effective }: PipelineRow): Target {
  const remedy = 'write its config item (again), wait until `resources.queueUrl` is in its status, and redrive then';
  if (phase === 'Draining' || phase === 'Deleting')
    return { open: false, why: `${taskGroup} is ${phase}, its queue takes nothing; ${remedy}` };
  if (resources.queueUrl === undefined) return { open: false, why: `${taskGroup} is ${phase} and has no queue; ${remedy}` };
  const name = queueName(resources.queueUrl);
  return { open: true, queueName: name, fifo: name.endsWith('.fifo'), readsLetters: effective?.['consumer'] === 'sluice' };
}

/** What a target is at this moment, as far as sending to it goes: from its pipeline's status row, or its name. */
import { z } from 'zod';
import type { Services } from '../aws/services.ts';
import { functionOfTarget, taskGroupOfTarget } from '../contract/job-messages.ts';
import { queueLimits } from '../contract/limits.ts';
import type { PipelineRow } from '../contract/pipeline-row.ts';
import type { Capacity } from '../domain/job/depth.ts';

export interface GroupTarget {
  kind: 'group';
  taskGroup: string;
  queueUrl: string;
  fifo: boolean;
  capacity: Capacity;
  /** After this SQS forgets a task. */
  retentionSeconds: number;
}

export type TargetState =
  | GroupTarget
  | { kind: 'function'; reference: string }
  /** Nothing can be sent to it for now. */
  | { kind: 'waits'; why: string }
  /** Nothing can be sent to it any more; what was sent may be worked off as long as it drains. */
  | { kind: 'gone'; why: string; drains: boolean };

/** Of the effective item, what sending needs. */
const Effective = z.object({
  concurrency: z.number(),
  ratePerSecond: z.number().optional(),
  batch: z.object({ size: z.number() }),
  queue: z.object({ fifo: z.boolean(), messageRetention: z.number() }),
});

export async function targetState({ pipelines, config }: Pick<Services, 'pipelines' | 'config'>, target: string): Promise<TargetState> {
  const reference = functionOfTarget(target);
  if (reference !== undefined) return { kind: 'function', reference };
  const taskGroup = taskGroupOfTarget(target) ?? '';
  const row = await pipelines.get(taskGroup);
  // Without an item nothing will come of it: it is being removed, or was.
  if (row === undefined || row.phase === 'Draining' || row.phase === 'Deleting') {
    const item = await config.get(taskGroup);
    if (item === undefined) return { kind: 'gone', why: `the task group ${taskGroup} was removed`, drains: row !== undefined };
  }
  return row === undefined ? { kind: 'waits', why: 'its pipeline is being made' } : ofRow(taskGroup, row);
}

function ofRow(taskGroup: string, { phase, effective, resources }: PipelineRow): TargetState {
  const { queueUrl } = resources;
  const parsed = Effective.safeParse(effective);
  if (queueUrl === undefined || !parsed.success) return { kind: 'waits', why: `its pipeline is ${phase}` };
  if (phase === 'Draining' || phase === 'Deleting') return { kind: 'waits', why: `its pipeline is ${phase}, and is made again afterwards` };
  const { concurrency, ratePerSecond, batch, queue } = parsed.data;
  return {
    kind: 'group',
    taskGroup,
    queueUrl,
    fifo: queueUrl.endsWith('.fifo'),
    capacity: { concurrency, batchSize: batch.size, ratePerSecond },
    retentionSeconds: Math.min(queue.messageRetention, queueLimits.messageRetentionSeconds.max),
  };
}

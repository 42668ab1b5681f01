/** Whether the pipelines are gone, still going, or will not go by themselves. Pure. */
import type { PipelineRow } from '../contract/pipeline-row.ts';

export type CleanupVerdict = { kind: 'clean' } | { kind: 'waiting' } | { kind: 'stuck'; reason: string };

/** CloudFormation waits an hour for a custom resource; its answer must come before. */
const mostMs = 55 * 60_000;
/** A look that began before the stage was marked as going has written its group's row by then. */
const startedLooksMs = 4_000;
/** Time for every group to have been looked at before one that stands still counts as stuck. */
const settleMs = 60_000;

export function judge(rows: readonly PipelineRow[], runningMs: number, mode: 'drain' | 'discard'): CleanupVerdict {
  const left = rows.filter((row) => mode === 'discard' || !isGone(row));
  if (left.length === 0) return { kind: runningMs < startedLooksMs ? 'waiting' : 'clean' };
  const stuck = left.filter((row) => row.phase === 'Failed' || row.drain?.watched === false);
  if (runningMs < settleMs || (stuck.length < left.length && runningMs < mostMs)) return { kind: 'waiting' };
  const named = left.slice(0, 5).map((row) => `${row.taskGroup} (${row.phase}: ${row.message})`);
  const more = left.length > named.length ? ` and ${left.length - named.length} more` : '';
  return {
    kind: 'stuck',
    reason: `${left.length} pipelines are left: ${named.join('; ')}${more}. Resume or mend them, or write onDelete: discard to their items, and destroy again.`,
  };
}

/** Dead letters outlive a stack that drains: gone is a group of which they are all that is left. */
function isGone({ keptDeadLetterQueues, resources }: PipelineRow): boolean {
  return keptDeadLetterQueues !== undefined && !resources.queueUrl && !resources.functionName && !resources.mappingId;
}

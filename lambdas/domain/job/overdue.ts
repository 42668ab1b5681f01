/** Which tasks should have ended by now: lost, killed, or taken away by SQS itself. Pure. */
import { jobDefaults } from '../../contract/job.ts';
import type { ChunkRow, StoredTask, TaskRow } from '../../contract/job-table.ts';

/** A consumer ends what is overdue itself, and its word is worth more than ours: it has this long. */
export const graceMs = 30_000;

/** How long a task of this target may take when it does not say so itself, in seconds. */
export const usualTimeoutSeconds = (target: { kind: 'function' } | { kind: 'group'; retentionSeconds: number }) =>
  target.kind === 'function' ? jobDefaults.functionTimeoutSeconds : target.retentionSeconds;

export const deadlineOf = (task: Pick<StoredTask, 'timeoutSeconds'>, sentAtMs: number, usualSeconds: number) =>
  sentAtMs + (task.timeoutSeconds ?? usualSeconds) * 1_000;

/** Whether this chunk is the one that a task's deadline counts from. */
export function isOfChunk(chunk: ChunkRow, task: StoredTask): boolean {
  if (chunk.ns !== undefined) return true;
  return task.n >= chunk.fromN && task.n <= chunk.toN && !(chunk.life === 0 && isPutAside(task, chunk.asOfMs));
}

/** To be sent later than this look. */
export const isPutAside = ({ runAtMs }: Pick<StoredTask, 'runAtMs'>, asOfMs: number) => runAtMs !== undefined && runAtMs > asOfMs;

/** Whether nothing is known of an end of it; one of a function that is tried again later has a deadline of its own then. */
export function isOpen(row: TaskRow | undefined, chunk: Pick<ChunkRow, 'life'>, kind: 'group' | 'function'): boolean {
  if (row === undefined) return chunk.life === 0;
  if (row.status === 'done' || row.status === 'failed') return false;
  return row.life === chunk.life && !(kind === 'function' && row.status === 'retrying');
}

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

/**
 * Whether nothing was heard of this attempt of it, nor of a later one. What was claimed for the chunk may not have come to
 * count as under way: then its row is of an earlier life, or of the attempt before, or not there.
 */
export function isOpen(
  row: TaskRow | undefined,
  { life, attempt, kind }: { life: number; attempt: number; kind: 'group' | 'function' },
): boolean {
  if (row === undefined) return true;
  if (row.status === 'done' || row.life > life) return false;
  if (row.life < life) return true;
  if (row.status === 'failed') return false;
  // One of a group is on its queue until it ends; one of a function that is tried again has a deadline of its own then.
  return kind === 'group' || row.attempt < attempt || (row.status === 'queued' && row.attempt === attempt);
}

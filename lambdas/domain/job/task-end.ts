/**
 * What one word about a task changes: its row and its job's counts. Pure. Words come twice, late and out of order, and
 * each task is counted once: what changes nothing is ignored, and the caller writes the rest under the row's revision.
 */
import { type Counts, noCounts, type TaskRow } from '../../contract/job-table.ts';

/** A word about a task: of its consumer, of a function's callback, or of ours. */
export interface TaskEnd {
  n: number;
  id?: string | undefined;
  /** `queued`: it is sent again. */
  status: TaskRow['status'];
  life: number;
  attempt: number;
  /** JSON. */
  result?: string | undefined;
  resultKey?: string | undefined;
  error?: TaskRow['error'];
  deadLettered?: boolean | undefined;
  /** It was never sent. */
  unsent?: boolean | undefined;
  /** Failures count only of the attempt that is under way: an earlier one was given up, and is being tried again. */
  exact?: boolean | undefined;
  atMs: number;
}

export interface Change {
  row: TaskRow;
  delta: Counts;
}

/** Undefined: it changes nothing. */
export function changeBy(row: TaskRow | undefined, end: TaskEnd, expiresAt: number): Change | undefined {
  if (!counts(row, end)) return undefined;
  const next: TaskRow = {
    n: end.n,
    ...defined({ id: end.id ?? row?.id, result: end.result, resultKey: end.resultKey, error: end.error }),
    status: end.status,
    life: end.life,
    attempt: end.attempt,
    deadLettered: end.status === 'failed' && end.deadLettered === true,
    unsent: row?.unsent ?? end.unsent === true,
    updatedAtMs: end.atMs,
    revision: (row?.revision ?? 0) + 1,
    expiresAt,
  };
  return { row: next, delta: difference(row ? countsOf(row) : noCounts, countsOf(next)) };
}

function counts(row: TaskRow | undefined, end: TaskEnd): boolean {
  if (row === undefined) return true;
  if (row.status === 'done') return false;
  // A task that failed for good is done with, in this life.
  if (row.status === 'failed') return end.life > row.life;
  if (end.status === 'done') return true;
  if (end.life !== row.life) return end.life > row.life;
  if (end.status === 'queued') return row.status === 'retrying' && end.attempt > row.attempt;
  if (end.exact) return row.status === 'queued' ? end.attempt >= row.attempt : end.attempt > row.attempt;
  return end.status === 'failed' || end.attempt > row.attempt;
}

const countsOf = ({ status, deadLettered, unsent }: Pick<TaskRow, 'status' | 'deadLettered' | 'unsent'>): Counts => ({
  completed: status === 'done' ? 1 : 0,
  failed: status === 'failed' ? 1 : 0,
  deadLettered: status === 'failed' && deadLettered ? 1 : 0,
  retrying: status === 'retrying' ? 1 : 0,
  queued: status === 'queued' ? 1 : 0,
  unsent: unsent ? 1 : 0,
});

const each = (count: (name: keyof Counts) => number): Counts => ({
  completed: count('completed'),
  failed: count('failed'),
  deadLettered: count('deadLettered'),
  retrying: count('retrying'),
  queued: count('queued'),
  unsent: count('unsent'),
});

const difference = (before: Counts, after: Counts): Counts => each((name) => after[name] - before[name]);

export const sum = (all: readonly Counts[]): Counts => each((name) => all.reduce((total, counts) => total + counts[name], 0));

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };
const defined = <T extends object>(fields: T): Defined<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;

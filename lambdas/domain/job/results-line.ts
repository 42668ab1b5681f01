/** A line of a results file: what became of one task. Pure. docs/results.md tells it to people. */
import type { TaskInput } from '../../contract/job.ts';
import type { StoredTask, TaskRow } from '../../contract/job-table.ts';

/** All that is known of a task: a bad line of a user's file has a row and is not in the task file; who never ran has none. */
export interface Known {
  n: number;
  stored?: StoredTask | undefined;
  row?: TaskRow | undefined;
}

/** `lost`: it had one that is not to be found any more. */
export type ResultText = { json: string } | 'lost' | undefined;

/** Of a job that has ended: whatever has not ended in it never will. */
export function resultsLine({ n, stored, row }: Known, result: ResultText, endedAtMs: number): string {
  const id = stored?.id ?? row?.id;
  const start = { n, ...(id === undefined ? {} : { id }) };
  if (row?.status === 'done') return doneLine(start, result);
  if (row?.status !== 'failed') return line({ ...start, status: 'cancelled' });
  const { attempt: attempts, error } = row;
  const task = stored && taskToSubmit(stored, endedAtMs);
  return line({ ...start, status: 'failed', attempts, ...(error && { error }), ...(task && { task }) });
}

/** Of the file of failed tasks: a task to be submitted again, undefined for any other. */
export function failedLine({ stored, row }: Known, endedAtMs: number): string | undefined {
  return row?.status === 'failed' && stored !== undefined ? line(taskToSubmit(stored, endedAtMs)) : undefined;
}

/** A time that had passed when its job ended is left out: the task may start at once. */
export function taskToSubmit({ id, body, runAtMs, timeoutSeconds, messageGroup }: StoredTask, endedAtMs: number): TaskInput {
  return {
    ...(id === undefined ? {} : { id }),
    body,
    ...(runAtMs === undefined || runAtMs <= endedAtMs ? {} : { runAt: new Date(runAtMs).toISOString() }),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    ...(messageGroup === undefined ? {} : { messageGroup }),
  };
}

/** The result is laid in as it was reported: parsed and written again, a long number would be another one. */
function doneLine(start: { n: number; id?: string }, result: ResultText): string {
  const done = { ...start, status: 'done' };
  if (result === undefined) return line(done);
  if (result === 'lost') return line({ ...done, resultLost: true });
  return `${JSON.stringify(done).slice(0, -1)},"result":${onOneLine(result.json)}}\n`;
}

/** JSON has line ends only between its parts. What is no JSON, by whoever reports without our library, becomes a text. */
function onOneLine(text: string): string {
  try {
    JSON.parse(text);
    return text.replace(/[\r\n]+/g, ' ');
  } catch {
    return JSON.stringify(text);
  }
}

const line = (fields: object) => `${JSON.stringify(fields)}\n`;

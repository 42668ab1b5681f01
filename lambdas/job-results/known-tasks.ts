/**
 * The tasks of a job in order of their numbers, each with its line of the task file and its row, where there is one: none
 * is missing, whatever lines the file lacks. Memory holds a block of the file and the rows of a few hundred tasks.
 */
import { statusOf } from '../aws/jobs/object-bytes.ts';
import type { TaskFile } from '../aws/jobs/task-file.ts';
import type { TaskRows } from '../aws/jobs/task-rows.ts';
import { taskFileKey } from '../contract/data-bucket.ts';
import type { Cursor } from '../contract/job-table.ts';
import type { Located } from '../domain/job/line.ts';
import type { Known } from '../domain/job/results-line.ts';

export interface KnownTask extends Known {
  /** Where reading goes on behind it. */
  cursor: Cursor;
}

export interface TaskSources {
  file: TaskFile;
  tasks: Pick<TaskRows, 'range'>;
  /** Of a block of the file, and of rows that are read at once. */
  tasksAtOnce: number;
}

/** Those behind `start`. */
export async function* knownTasks(sources: TaskSources, job: string, total: number, start: Cursor): AsyncGenerator<KnownTask> {
  let cursor = start;
  for await (const block of blocks(sources, job, cursor.byte)) {
    const last = block.at(-1)?.task.n ?? cursor.n;
    for await (const known of numbers(sources, job, cursor, Math.min(last, total), block)) {
      cursor = known.cursor;
      yield known;
    }
  }
  yield* numbers(sources, job, cursor, total, []);
}

async function* numbers(
  { tasks, tasksAtOnce }: TaskSources,
  job: string,
  start: Cursor,
  toN: number,
  block: Located[],
): AsyncGenerator<KnownTask> {
  const places = new Map(block.map((located) => [located.task.n, located]));
  let { byte } = start;
  for (let from = start.n + 1; from <= toN; from += tasksAtOnce) {
    const to = Math.min(from + tasksAtOnce - 1, toN);
    const rows = await tasks.range(job, from, to);
    for (let n = from; n <= to; n += 1) {
      const place = places.get(n);
      byte = place?.toByte ?? byte;
      yield { n, stored: place?.task, row: rows.get(n), cursor: { n, byte } };
    }
  }
}

/** A file that is gone, or was never written as no line was good, has no lines: what the rows say is told all the same. */
async function* blocks({ file, tasksAtOnce }: TaskSources, job: string, byte: number): AsyncGenerator<Located[]> {
  try {
    yield* file.blocks(taskFileKey(job), { byte, batchSize: tasksAtOnce });
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
  }
}

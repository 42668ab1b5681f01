/** The tasks of a job in order of their numbers, a bounded piece at a time: most have no row, and are told from the job's. */

import { hasEnded, type JobTask, type JobTaskStatus } from '../../contract/job.ts';
import type { JobRow, TaskRow } from '../../contract/job-table.ts';
import { statusWithoutRow, taskView } from '../../domain/job/view.ts';
import type { TaskRows } from './task-rows.ts';

export interface TaskPageQuery {
  status?: JobTaskStatus | undefined;
  limit: number;
  /** Number of the last task that was looked at. */
  after: number;
  /** Of the tasks as JSON. */
  maxBytes: number;
}

export interface TaskPageRead {
  tasks: JobTask[];
  /** Of the last task that was looked at, where there are more. */
  next?: number;
}

/** Read at once, and in all for one page: with a filter a page may be empty and not the last. */
const windowTasks = 500;
const mostTasksRead = 5_000;

export async function taskPage(rows: Pick<TaskRows, 'range'>, job: JobRow, query: TaskPageQuery): Promise<TaskPageRead> {
  const last = job.total ?? job.intake?.n ?? 0;
  const stopAt = Math.min(last, query.after + mostTasksRead);
  const tasks: JobTask[] = [];
  let bytes = 0;
  for (let at = query.after; at < stopAt; ) {
    const to = Math.min(stopAt, at + (query.status === undefined ? Math.min(windowTasks, query.limit - tasks.length) : windowTasks));
    const found = await rows.range(job.job, at + 1, to);
    for (let n = at + 1; n <= to; n += 1) {
      const task = viewOf(job, n, found.get(n));
      if (query.status !== undefined && task.status !== query.status) continue;
      bytes += JSON.stringify(task).length;
      // One alone is shown, however large it is.
      if (bytes > query.maxBytes && tasks.length > 0) return { tasks, next: n - 1 };
      tasks.push(task);
      if (tasks.length === query.limit) return n < last ? { tasks, next: n } : { tasks };
    }
    at = to;
  }
  return stopAt < last ? { tasks, next: stopAt } : { tasks };
}

/** Of a job that has ended, whatever has not ended in it never will. */
function viewOf(job: JobRow, n: number, row: TaskRow | undefined): JobTask {
  const task = row === undefined ? { n, status: statusWithoutRow(job, n) } : taskView(row);
  const isFinal = task.status === 'done' || task.status === 'failed';
  return hasEnded(job.status) && !isFinal ? { ...task, status: 'cancelled' } : task;
}

/** What is known of tasks that should have ended, and how they end. */
import type { JobServices } from '../aws/jobs/job-services.ts';
import type { JobRow, TaskRow } from '../contract/job-table.ts';
import type { Located } from '../domain/job/line.ts';
import type { TaskEnd } from '../domain/job/task-end.ts';

/** Read at once, and their rows with them. */
export const tasksAtOnce = 500;

export async function rowsOf({ tasks }: JobServices, { job }: JobRow, located: readonly Located[]): Promise<Map<number, TaskRow>> {
  const numbers = located.map(({ task }) => task.n);
  return numbers.length === 0 ? new Map() : tasks.range(job, Math.min(...numbers), Math.max(...numbers));
}

export const failedEnd = ({ n, id }: { n: number; id?: string | undefined }, life: number, message: string, atMs: number): TaskEnd => ({
  n,
  id,
  status: 'failed',
  life,
  attempt: 0,
  error: { class: 'RESOURCE', message },
  atMs,
});

/** Everything of a job whose time is over ends, sent or not. */
import { endOfTimeMs } from '../aws/jobs/dispatch-state.ts';
import type { JobServices } from '../aws/jobs/job-services.ts';
import type { JobRow } from '../contract/job-table.ts';
import { failedEnd, rowsOf, tasksAtOnce } from './ended-tasks.ts';
import { jobFile } from './job-file.ts';

/** The job's time is over: all that has not ended has failed, sent or not. Goes on where the last look stopped. */
export async function endAll(services: JobServices, job: JobRow, endMs: number): Promise<boolean> {
  const { clock, dispatchState, tasks } = services;
  if (job.sentAll && job.overdueAt === null) return false;
  let row = job;
  const message = `the ${job.timeoutSeconds} s of its job were over before it had ended`;
  if (!(await endPutAside(services, job, message, endMs))) return true;
  for await (const located of jobFile(services, job).blocks(job.overdueAt?.byte ?? 0, tasksAtOnce)) {
    const rows = await rowsOf(services, job, located);
    const open = located.filter(({ task }) => {
      const known = rows.get(task.n);
      return known?.status !== 'done' && known?.status !== 'failed';
    });
    await tasks.apply(
      job.job,
      open.map(({ task }) => ({
        ...failedEnd(task, job.life, message, clock.nowMs()),
        unsent: job.life === 0 && task.n > job.cursor.n,
      })),
    );
    const last = located.at(-1);
    if (last !== undefined && clock.nowMs() >= endMs) {
      await dispatchState.saveOverdue(row, { n: last.task.n, byte: last.toByte }, row);
      return true;
    }
  }
  row = await dispatchState.saveOverdue(row, null, { cursor: { n: row.total ?? 0, byte: row.fileBytes ?? 0 }, sentAll: true });
  return true;
}

/** Tasks that were to be sent later: ended, then forgotten. False: there are more, and no time. */
async function endPutAside({ clock, dispatchState, tasks }: JobServices, job: JobRow, message: string, endMs: number): Promise<boolean> {
  for (;;) {
    const later = await dispatchState.dueBy(job.job, endOfTimeMs, tasksAtOnce);
    if (later.length === 0) return true;
    if (clock.nowMs() >= endMs) return false;
    const ofThisLife = later.filter(({ life }) => life === job.life);
    await tasks.apply(
      job.job,
      ofThisLife.map(({ n, attempt, taken }) => ({
        ...failedEnd({ n }, job.life, message, clock.nowMs()),
        unsent: job.life === 0 && attempt === 1 && !taken,
      })),
    );
    await dispatchState.forgetLater(job.job, later);
  }
}

/** What follows when tasks of a job have ended: the job closes with its last one, or its dispatcher sends more. */
import type { Counts, JobRow } from '../../contract/job-table.ts';
import { endEvent, isOver, processed, statusAtEnd } from '../../domain/job/ending.ts';
import type { JobServices } from './job-services.ts';

type Parts = Pick<JobServices, 'jobs' | 'hints' | 'log'>;

export async function followUp(services: Parts, job: string): Promise<void> {
  const looked = await services.jobs.look(job);
  if (looked === undefined) return;
  const { row, counts } = looked;
  if (isOver(row, counts)) await closeJob(services, row, counts);
  else if (row.status === 'RUNNING' && typeof row.refillAt === 'number' && processed(counts) >= row.refillAt) {
    await services.hints.target(row.target);
    // Told once: hints of a target that is being sent to for long would stand in the way of all others'.
    await services.jobs.refillTold(row);
  }
}

/** False where it was closed already. */
export async function closeJob(services: Parts, row: JobRow, counts: Counts): Promise<boolean> {
  const closed = await services.jobs.close(row, counts);
  if (closed) await afterEnd(services, row, endEvent(row, statusAtEnd(row, counts)));
  return closed;
}

/** Its slot is free, and somebody wants to hear of it. Lost hints are found by the sweep. */
export async function afterEnd({ hints, log }: Parts, { job, target, status }: JobRow, event: string): Promise<void> {
  log.info('job ended', { job, target, event });
  await hints.event({ job, event });
  if (status === 'RUNNING') await hints.schedule();
}

/** Jobs of which nothing comes any more: their target is gone, or their tasks are. They fail as a whole, and say why. */
import { afterEnd } from '../aws/jobs/follow-up.ts';
import { endEvent, outstanding, processed } from '../domain/job/ending.ts';
import type { DispatchServices } from './dispatch-services.ts';
import type { RunningJob } from './look-at-target.ts';
import type { TargetState } from './target-state.ts';

export async function failAsLost(services: DispatchServices, job: string): Promise<void> {
  const row = await services.jobs.get(job);
  if (row?.status !== 'RUNNING') return;
  if (await services.jobs.failWhole(row, 'its task file is gone from the data bucket, or damaged: submit its tasks anew'))
    await afterEnd(services, row, endEvent(row, 'FAILED'));
}

/** What is on the queue of a removed group is worked off first; its job says why the rest is not. */
export async function failUnsendable(
  services: DispatchServices,
  { row, counts }: RunningJob,
  { why, drains }: Extract<TargetState, { kind: 'gone' }>,
): Promise<void> {
  if (drains && outstanding(row, counts) + counts.retrying > 0) return;
  const left = (row.total ?? 0) - processed(counts);
  if (await services.jobs.failWhole(row, `${why}: ${left} of its tasks had not ended`)) {
    services.log.warn('job failed: its target is gone', { job: row.job, target: row.target });
    await afterEnd(services, row, endEvent(row, 'FAILED'));
  }
}

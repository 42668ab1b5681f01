/**
 * One look at a target: what is over is closed, what is overdue ended, and from its running jobs as much is sent as there
 * is room for. One at a time per target; a hint that comes meanwhile has the holder look again.
 */
import { afterEnd, closeJob } from '../aws/jobs/follow-up.ts';
import type { Counts, JobRow } from '../contract/job-table.ts';
import { endEvent, isOver, outstanding, processed } from '../domain/job/ending.ts';
import { errorFields } from '../framework/log.ts';
import type { DispatchServices } from './dispatch-services.ts';
import { endOverdue } from './overdue.ts';
import { roomFor } from './room.ts';
import { sendJob } from './send-job.ts';
import { type TargetState, targetState } from './target-state.ts';

/** Then the next job has its turn, and a new one of the target with it: one may put half a million tasks aside, for minutes. */
const turnMs = 5_000;

/** Then its hint comes back, behind those of other targets: there are fewer dispatchers than targets that keep one busy. */
const spellMs = 8_000;

export interface RunningJob {
  row: JobRow;
  counts: Counts;
}

/** True: there is more to do at once, and no time for it. */
export async function lookAtTarget(services: DispatchServices, target: string, latestMs: number): Promise<boolean> {
  const { dispatchLeases, newId, clock } = services;
  const endMs = Math.min(latestMs, clock.nowMs() + spellMs);
  let lease = await dispatchLeases.acquire(target, newId(), clock.nowMs());
  if (lease === undefined) return false;
  try {
    for (;;) {
      const more = await look(services, target, endMs);
      if (clock.nowMs() >= endMs) {
        await dispatchLeases.drop(lease);
        return true;
      }
      if (more) continue;
      const released = await dispatchLeases.release(lease);
      if (released === true) return false;
      lease = released;
    }
  } catch (error) {
    await dispatchLeases.drop(lease);
    throw error;
  }
}

async function look(services: DispatchServices, target: string, endMs: number): Promise<boolean> {
  const state = await targetState(services, target);
  const jobs = await openJobs(services, state, target, endMs);
  if (jobs.length === 0 || state.kind === 'gone') return false;
  if (state.kind === 'waits') {
    services.log.info('target waits', { target, why: state.why });
    return false;
  }
  const room = await roomFor(services, state, target, jobs);
  let more = false;
  // Who has least on the queue for its weight comes first: a new job's only task does not wait for others' thousands.
  for (const job of jobs.toSorted((a, b) => outstanding(a.row, a.counts) - outstanding(b.row, b.counts))) {
    try {
      const untilMs = Math.min(endMs, services.clock.nowMs() + turnMs);
      more = (await sendJob(services, state, job, room.get(job.row.job) ?? 0, untilMs)) || more;
    } catch (error) {
      // One job's trouble is not the others'.
      services.log.error('job not sent', { job: job.row.job, target, ...errorFields(error) });
    }
  }
  return more && services.clock.nowMs() < endMs;
}

/** The running jobs of the target that have not ended by now. */
async function openJobs(services: DispatchServices, state: TargetState, target: string, endMs: number): Promise<RunningJob[]> {
  const { running } = await services.slots.read();
  const ids = Object.entries(running)
    .filter(([, slot]) => slot.target === target)
    .map(([job]) => job);
  const looked = await Promise.all(ids.map((job) => openOrTold(services, state, job, endMs)));
  return looked.filter((job) => job !== undefined);
}

/** One job's trouble is not the others'. */
async function openOrTold(services: DispatchServices, state: TargetState, job: string, endMs: number): Promise<RunningJob | undefined> {
  try {
    return await openJob(services, state, job, endMs);
  } catch (error) {
    services.log.error('job not looked at', { job, ...errorFields(error) });
    return undefined;
  }
}

async function openJob(services: DispatchServices, state: TargetState, id: string, endMs: number): Promise<RunningJob | undefined> {
  let job = await services.jobs.look(id);
  if (job?.row.status !== 'RUNNING') return undefined;
  if (await endOverdue(services, state, job.row, endMs)) job = await services.jobs.look(id);
  if (job?.row.status !== 'RUNNING') return undefined;
  if (isOver(job.row, job.counts)) {
    await closeJob(services, job.row, job.counts);
    return undefined;
  }
  if (state.kind !== 'gone') return job;
  await failUnsendable(services, job, state);
  return undefined;
}

/** What is on the queue of a removed group is worked off first; its job says why the rest is not. */
async function failUnsendable(
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

/**
 * One look at a target: what is over is closed, what is overdue ended, and from its running jobs as much is sent as there
 * is room for. One at a time per target; a hint that comes meanwhile has the holder look again.
 */
import { closeJob } from '../aws/jobs/follow-up.ts';
import { isFileLost } from '../aws/jobs/task-file.ts';
import type { Counts, JobRow } from '../contract/job-table.ts';
import { isOver, outstanding } from '../domain/job/ending.ts';
import { errorFields } from '../framework/log.ts';
import type { DispatchServices } from './dispatch-services.ts';
import { failAsLost, failUnsendable } from './fail-job.ts';
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
export async function lookAtTarget(services: DispatchServices, target: string, endMs: number): Promise<boolean> {
  const { dispatchLeases, newId, clock } = services;
  const spellEndMs = Math.min(endMs, clock.nowMs() + spellMs);
  let lease = await dispatchLeases.acquire(target, newId(), clock.nowMs());
  if (lease === undefined) return false;
  try {
    for (;;) {
      const more = await look(services, target, { spellEndMs, endMs });
      if (clock.nowMs() >= spellEndMs) {
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

interface LookTime {
  spellEndMs: number;
  endMs: number;
}

async function look(services: DispatchServices, target: string, { spellEndMs, endMs }: LookTime): Promise<boolean> {
  const state = await targetState(services, target);
  const jobs = await openJobs(services, state, target, spellEndMs);
  if (jobs.length === 0 || state.kind === 'gone') return false;
  if (state.kind === 'waits') {
    services.log.info('target waits', { target, why: state.why });
    return false;
  }
  const room = await roomFor(services, state, target, jobs);
  let more = false;
  // Who has least on the queue for its weight comes first: a new job's only task does not wait for others' thousands.
  for (const job of jobs.toSorted((a, b) => outstanding(a.row, a.counts) - outstanding(b.row, b.counts))) {
    const turnEndMs = Math.min(spellEndMs, services.clock.nowMs() + turnMs);
    const sent = await alone(services, job.row.job, () => sendJob(services, state, job, room.get(job.row.job) ?? 0, { turnEndMs, endMs }));
    more = sent || more;
  }
  return more && services.clock.nowMs() < spellEndMs;
}

/** The running jobs of the target that have not ended by now. */
async function openJobs(services: DispatchServices, state: TargetState, target: string, endMs: number): Promise<RunningJob[]> {
  const { running } = await services.slots.read();
  const ids = Object.entries(running)
    .filter(([, slot]) => slot.target === target)
    .map(([job]) => job);
  const looked = await Promise.all(ids.map((job) => alone(services, job, () => openJob(services, state, job, endMs))));
  return looked.filter((job) => job !== undefined && job !== false);
}

/** One job's trouble is not the others'. Where its file is lost, nothing more comes of it. */
async function alone<T>(services: DispatchServices, job: string, does: () => Promise<T>): Promise<T | false> {
  try {
    return await does();
  } catch (error) {
    services.log.error('job not gone on with', { job, ...errorFields(error) });
    if (isFileLost(error))
      await failAsLost(services, job).catch((failed: unknown) => services.log.error('job not failed', { job, ...errorFields(failed) }));
    return false;
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

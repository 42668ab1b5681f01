/** Which waiting jobs may start. Pure: by priority, then by when they could, within the limits per target and in all. */
import type { SlotsRow, WaitingRow } from '../../contract/job-table.ts';

export interface ParallelLimits {
  maxParallelJobs: number;
  maxParallelJobsPerGroup: number;
}

/** Of `waiting`, in its order, those that fit; a job whose target is full lets the next ones pass. */
export function nextToStart(running: SlotsRow['running'], waiting: readonly WaitingRow[], limits: ParallelLimits): WaitingRow[] {
  const perTarget = new Map<string, number>();
  for (const { target } of Object.values(running)) perTarget.set(target, (perTarget.get(target) ?? 0) + 1);
  let room = limits.maxParallelJobs - Object.keys(running).length;
  return waiting.filter(({ job, target }) => {
    const runs = perTarget.get(target) ?? 0;
    if (room <= 0 || runs >= limits.maxParallelJobsPerGroup || job in running) return false;
    room -= 1;
    perTarget.set(target, runs + 1);
    return true;
  });
}

export const isFull = (running: SlotsRow['running'], { maxParallelJobs }: ParallelLimits) => Object.keys(running).length >= maxParallelJobs;

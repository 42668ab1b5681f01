/** Which waiting jobs may start. Pure: by priority, then by when they could, within the limits per target, per customer and in all. */
import type { SlotsRow, WaitingRow } from '../../contract/job-table.ts';

export interface ParallelLimits {
  maxParallelJobs: number;
  maxParallelJobsPerGroup: number;
  /** Undefined: no limit. */
  ofCustomer: (customer: string) => number | undefined;
}

/** Of `waiting`, in its order, those that fit; a job whose target or customer is full lets the next ones pass. */
export function nextToStart(running: SlotsRow['running'], waiting: readonly WaitingRow[], limits: ParallelLimits): WaitingRow[] {
  const [perTarget, perCustomer] = [new Map<string, number>(), new Map<string, number>()];
  let room = limits.maxParallelJobs;
  const take = ({ target, customer }: Pick<WaitingRow, 'target' | 'customer'>) => {
    room -= 1;
    count(perTarget, target);
    if (customer !== undefined) count(perCustomer, customer);
  };
  for (const slot of Object.values(running)) take(slot);
  return waiting.filter((row) => {
    const { job, target, customer } = row;
    if (room <= 0 || job in running) return false;
    if ((perTarget.get(target) ?? 0) >= limits.maxParallelJobsPerGroup) return false;
    if (customer !== undefined && (perCustomer.get(customer) ?? 0) >= (limits.ofCustomer(customer) ?? Number.POSITIVE_INFINITY))
      return false;
    take(row);
    return true;
  });
}

const count = (counts: Map<string, number>, name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);

export const isFull = (running: SlotsRow['running'], { maxParallelJobs }: Pick<ParallelLimits, 'maxParallelJobs'>) =>
  Object.keys(running).length >= maxParallelJobs;

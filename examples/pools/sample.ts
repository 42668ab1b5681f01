/** One look at the run: what the stage says of pools and customers, and where each job of the burst is. Pure. */
import type { Job, PlacementStats } from '../../client/index.ts';
import type { BurstJob } from './burst.ts';
import { customers, pools } from './offer.ts';

/** A job of the burst, as it was seen; undefined: not yet. */
export type SeenJob = BurstJob & { job: Job | undefined };

export interface Sample {
  /** Since the first job was handed in. */
  seconds: number;
  placement: PlacementStats;
  jobs: readonly SeenJob[];
}

export type Standing = 'waits' | 'runs' | 'comes back' | 'done' | 'failed';

export function standingOf({ job }: SeenJob): Standing {
  if (job?.status === 'COMPLETED') return 'done';
  if (job?.status === 'FAILED' || job?.status === 'CANCELLED') return 'failed';
  if (job?.lease !== undefined) return 'runs';
  return (job?.history?.length ?? 0) > 0 ? 'comes back' : 'waits';
}

export const hasEnded = (seen: SeenJob) => ['done', 'failed'].includes(standingOf(seen));

export const poolOf = ({ placement }: Sample, taskGroup: string) => placement.pools.find(({ pool }) => pool === taskGroup);

export const customerOf = ({ placement }: Sample, name: string) => placement.customers.find(({ customer }) => customer === name);

/** Each limit that is passed in this look, in words: as they were written, not as the stage has them. */
export function passedLimits(sample: Sample): string[] {
  const { inProgress, maxJobs } = sample.placement;
  return [
    ...passed('jobs on pools', inProgress, maxJobs),
    ...pools.flatMap(({ taskGroup, capacity }) => {
      const seen = poolOf(sample, taskGroup);
      return [
        ...passed(`jobs on ${taskGroup}`, seen?.inProgress, capacity.maxJobs),
        ...Object.entries(capacity.quantities ?? {}).flatMap(([name, total]) =>
          passed(`${name} of ${taskGroup}`, seen?.quantities[name]?.used, total),
        ),
      ];
    }),
    ...customers.flatMap((customer) => passed(`jobs of ${customer.name}`, customerOf(sample, customer.name)?.inProgress, customer.maxJobs)),
  ];
}

const passed = (what: string, used: number | undefined, limit: number | null | undefined): string[] =>
  used !== undefined && typeof limit === 'number' && used > limit ? [`${what}: ${used} of ${limit}`] : [];

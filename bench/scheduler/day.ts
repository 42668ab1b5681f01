/** A day of mixed load for the simulation: pools that are not alike, customers that are not equally busy, jobs of all sizes. Pure. */
import type { Priority } from '../../lambdas/contract/job.ts';

export interface DayPool {
  taskGroup: string;
  maxJobs: number;
  quantities: Record<string, number>;
}

export interface DayJob {
  job: string;
  customer: string;
  priority: Priority;
  quantities: Record<string, number>;
  arrivesMs: number;
  takesMs: number;
}

export interface Day {
  pools: DayPool[];
  customers: { customer: string; weight: number }[];
  jobs: DayJob[];
}

const hourMs = 3_600_000;

/** How much is handed in. */
export interface Load {
  /** Mean time between two jobs, when it is neither busy nor quiet. */
  everyMs: number;
  /** 1: by all customers alike; above: a few hand in most of it. */
  skew: number;
}

/** More at noon than there is room for, and less at night. */
export const ordinary: Load = { everyMs: 7_200, skew: 1.5 };
/** All customers want more than there is, all the time. */
export const crowded: Load = { everyMs: 1_500, skew: 1 };

/** `random` decides everything: the same seed, the same day. */
export function dayOf(random: () => number, load: Load): Day {
  const pools = [
    { taskGroup: 'large', maxJobs: 120, quantities: { cpu: 384, memoryGiB: 3_072 } },
    { taskGroup: 'medium', maxJobs: 90, quantities: { cpu: 192, memoryGiB: 1_536 } },
    { taskGroup: 'small', maxJobs: 60, quantities: { cpu: 96, memoryGiB: 768 } },
  ];
  const customers = Array.from({ length: 10 }, (_, i) => ({ customer: `c${i}`, weight: i % 4 === 0 ? 2 : 1 }));
  const jobs: DayJob[] = [];
  for (let atMs = 0; atMs < 24 * hourMs; ) {
    const busy = 1.1 + 0.5 * Math.sin(((atMs / hourMs - 6) / 24) * 2 * Math.PI);
    atMs += (-Math.log(1 - random()) * load.everyMs) / busy;
    jobs.push(jobOf(random, customers[Math.floor(customers.length * random() ** load.skew)]?.customer ?? '', jobs.length, atMs));
  }
  return { pools, customers, jobs };
}

function jobOf(random: () => number, customer: string, n: number, arrivesMs: number): DayJob {
  const dice = random();
  const cpu = dice < 0.5 ? 2 : dice < 0.8 ? 4 : dice < 0.98 ? 8 : 24;
  return {
    job: `job-${n}`,
    customer,
    priority: random() < 0.05 ? 'critical' : random() < 0.2 ? 'high' : random() < 0.7 ? 'normal' : 'low',
    quantities: { cpu, memoryGiB: cpu * (random() < 0.5 ? 2 : 4) },
    arrivesMs,
    takesMs: Math.min(4 * hourMs, 600_000 * Math.exp(normal(random))),
  };
}

const normal = (random: () => number) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

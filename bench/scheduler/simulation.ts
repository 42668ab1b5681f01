/** Runs a day against one way of scheduling, in virtual time, and says what came of it. Pure. */
import { priorities } from '../../lambdas/contract/job.ts';
import type { Day, DayJob } from './day.ts';

/** One way to decide. It is told everything that happens, and asked for the next start until it has none. */
export interface Way {
  name: string;
  /** Looks only so often; default: whenever something happened. */
  pollMs?: number;
  arrived(job: DayJob, nowMs: number): void;
  ended(job: string, nowMs: number): void;
  next(nowMs: number): { job: string; pool: string } | undefined;
}

export interface Outcome {
  /** Used of the scarcest quantity, as a share of what there is, over the times in which enough waited to fill it. */
  use: number;
  /** Jain's index of the customers' weighted dominant shares, mean over the times in which of each as much waited as half of its share. */
  fairness: number;
  /** By priority, in seconds. */
  longestWaitSeconds: Record<string, number>;
  medianWaitSeconds: number;
  started: number;
  /** Moments in which a pool or a quantity was used beyond what it has. */
  violations: number;
}

/** By how the day is made. */
const scarcest = 'cpu';
/** What is there and what waits, in times of what there is: jobs that fit can surely be found then. */
const fillsSurely = 1.5;

export function simulate(day: Day, way: Way, untilMs: number): Outcome {
  const jobs = new Map(day.jobs.map((job) => [job.job, job]));
  const waiting = new Map<string, DayJob>();
  const running = new Map<string, { job: DayJob; pool: string }>();
  const waits = new Map<string, number[]>(priorities.map((priority) => [priority, []]));
  const ends = endQueue();
  const meter = meterOf(day);
  let arrivals = 0;
  let pollsMs = 0;

  const startAll = (nowMs: number) => {
    for (let start = way.next(nowMs); start !== undefined; start = way.next(nowMs)) {
      const job = jobs.get(start.job);
      if (job === undefined || !waiting.delete(start.job)) throw new Error(`${way.name} started ${start.job}, which does not wait`);
      running.set(job.job, { job, pool: start.pool });
      meter.started(job, start.pool);
      ends.push(nowMs + job.takesMs, job.job);
      waits.get(job.priority)?.push(nowMs - job.arrivesMs);
    }
  };
  const arrive = (nowMs: number) => {
    for (let job = day.jobs[arrivals]; job !== undefined && job.arrivesMs <= nowMs; job = day.jobs[arrivals]) {
      arrivals += 1;
      waiting.set(job.job, job);
      meter.arrived(job);
      way.arrived(job, nowMs);
    }
  };
  const end = (nowMs: number) => {
    for (let ended = ends.take(nowMs); ended !== undefined; ended = ends.take(nowMs)) {
      const run = running.get(ended);
      if (run) meter.ended(run.job, run.pool);
      running.delete(ended);
      way.ended(ended, nowMs);
    }
  };

  for (;;) {
    const arrivesMs = day.jobs[arrivals]?.arrivesMs ?? Number.POSITIVE_INFINITY;
    const nowMs = Math.min(arrivesMs, ends.nextMs(), way.pollMs === undefined ? Number.POSITIVE_INFINITY : pollsMs);
    if (nowMs > untilMs) break;
    meter.pass(nowMs);
    arrive(nowMs);
    end(nowMs);
    if (way.pollMs !== undefined && nowMs < pollsMs) continue;
    if (way.pollMs !== undefined) pollsMs = nowMs + way.pollMs;
    startAll(nowMs);
  }
  // Who still waits has waited as well.
  for (const job of waiting.values()) waits.get(job.priority)?.push(untilMs - job.arrivesMs);
  const all = [...waits.values()].flat().sort((a, b) => a - b);
  return {
    ...meter.figures(),
    longestWaitSeconds: Object.fromEntries([...waits].map(([priority, ms]) => [priority, Math.max(0, ...ms) / 1_000])),
    medianWaitSeconds: (all[Math.floor(all.length / 2)] ?? 0) / 1_000,
    started: all.length - waiting.size,
  };
}

/** What is used and what waits, kept up to date, and what was so over time. */
function meterOf({ pools, customers }: Day) {
  const total = new Sum();
  for (const { quantities } of pools) total.add(quantities, 1);
  const [used, queued] = [new Sum(), new Sum()];
  const byPool = new Map(pools.map((pool) => [pool.taskGroup, { pool, jobs: 0, used: new Sum() }]));
  const byCustomer = new Map(customers.map(({ customer, weight }) => [customer, { weight, used: new Sum(), queued: new Sum() }]));
  const weights = customers.reduce((sum, { weight }) => sum + weight, 0);
  let lastMs = 0;
  const full = { ms: 0, used: 0 };
  const fair = { ms: 0, index: 0 };
  let violations = 0;

  const changeUse = ({ customer, quantities }: DayJob, taskGroup: string, sign: 1 | -1) => {
    const here = byPool.get(taskGroup);
    if (here === undefined) throw new Error(`there is no pool ${taskGroup}`);
    here.jobs += sign;
    for (const sum of [used, here.used, byCustomer.get(customer)?.used]) sum?.add(quantities, sign);
    if (here.jobs > here.pool.maxJobs || here.used.exceeds(here.pool.quantities)) violations += 1;
  };
  const changeQueue = ({ customer, quantities }: DayJob, sign: 1 | -1) => {
    for (const sum of [queued, byCustomer.get(customer)?.queued]) sum?.add(quantities, sign);
  };

  return {
    arrived: (job: DayJob) => changeQueue(job, 1),
    started(job: DayJob, pool: string): void {
      changeQueue(job, -1);
      changeUse(job, pool, 1);
    },
    ended: (job: DayJob, pool: string) => changeUse(job, pool, -1),
    /** What was so since the last moment. */
    pass(nowMs: number): void {
      const ms = nowMs - lastMs;
      lastMs = nowMs;
      const all = total.of(scarcest);
      if (used.of(scarcest) + queued.of(scarcest) >= fillsSurely * all) {
        full.ms += ms;
        full.used += (used.of(scarcest) / all) * ms;
      }
      const each = [...byCustomer.values()];
      const isBehind = (customer: (typeof each)[number]) =>
        customer.queued.of(scarcest) >= (fillsSurely - 1) * all * (customer.weight / weights);
      if (!each.every(isBehind)) return;
      fair.ms += ms;
      fair.index += ms * jain(each.map((customer) => customer.used.dominantOf(total) / customer.weight));
    },
    figures: () => ({ use: full.used / full.ms, fairness: fair.index / fair.ms, violations }),
  };
}

class Sum {
  readonly #values: Record<string, number> = {};

  add(quantities: Record<string, number>, sign: 1 | -1): void {
    for (const [name, value] of Object.entries(quantities)) this.#values[name] = this.of(name) + sign * value;
  }

  of(name: string): number {
    return this.#values[name] ?? 0;
  }

  exceeds(most: Record<string, number>): boolean {
    return Object.entries(this.#values).some(([name, value]) => value > (most[name] ?? 0));
  }

  /** The largest share of any quantity. */
  dominantOf(total: Sum): number {
    return Math.max(0, ...Object.entries(this.#values).map(([name, value]) => value / total.of(name)));
  }
}

/** 1 where all are equal, 1/n where one has everything. */
export function jain(values: readonly number[]): number {
  const sum = values.reduce((all, value) => all + value, 0);
  const squares = values.reduce((all, value) => all + value * value, 0);
  return squares === 0 ? 1 : (sum * sum) / (values.length * squares);
}

/** Jobs by the moment of their end. */
function endQueue() {
  const queue: { atMs: number; job: string }[] = [];
  return {
    push(atMs: number, job: string): void {
      let [low, high] = [0, queue.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((queue[middle]?.atMs ?? 0) > atMs) low = middle + 1;
        else high = middle;
      }
      queue.splice(low, 0, { atMs, job });
    },
    nextMs: () => queue.at(-1)?.atMs ?? Number.POSITIVE_INFINITY,
    take: (nowMs: number) => ((queue.at(-1)?.atMs ?? Number.POSITIVE_INFINITY) <= nowMs ? queue.pop()?.job : undefined),
  };
}

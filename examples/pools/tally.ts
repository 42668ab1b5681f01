/** What the looks come to over the whole run: the most at once, mean use, limits that were passed. Pure. */
import { customers, pools } from './offer.ts';
import { customerOf, passedLimits, poolOf, type Sample } from './sample.ts';

/** A mean over time: each value counts for as long as it was the last one. */
class Mean {
  private sum = 0;
  private seconds = 0;

  add(value: number, seconds: number): void {
    this.sum += value * seconds;
    this.seconds += seconds;
  }

  get value(): number | undefined {
    return this.seconds > 0 ? this.sum / this.seconds : undefined;
  }
}

interface Counted {
  mostAtOnce: number;
  /** Of a pool, what was used of each quantity, and of `jobs`; of a customer, its `share`: while jobs waited. */
  means: Map<string, Mean>;
}

const counted = (): Counted => ({ mostAtOnce: 0, means: new Map() });

export class Tally {
  readonly passed: string[] = [];
  looks = 0;
  mostOnPools = 0;
  private readonly pools = new Map(pools.map(({ taskGroup }) => [taskGroup, counted()]));
  private readonly customers = new Map(customers.map(({ name }) => [name, counted()]));
  private lastSeconds = 0;

  add(sample: Sample): void {
    const forSeconds = sample.seconds - this.lastSeconds;
    this.lastSeconds = sample.seconds;
    this.looks += 1;
    this.mostOnPools = Math.max(this.mostOnPools, sample.placement.inProgress);
    this.passed.push(...passedLimits(sample).map((text) => `${text} after ${sample.seconds.toFixed(1)} s`));
    const isMeasured = sample.placement.ready > 0;
    for (const [name, own] of this.pools) {
      const seen = poolOf(sample, name);
      if (seen === undefined) continue;
      own.mostAtOnce = Math.max(own.mostAtOnce, seen.inProgress);
      if (!isMeasured) continue;
      for (const [what, { used, total }] of Object.entries({ jobs: { used: seen.inProgress, total: seen.maxJobs }, ...seen.quantities }))
        mean(own, what).add(total > 0 ? used / total : 0, forSeconds);
    }
    for (const [name, own] of this.customers) {
      const seen = customerOf(sample, name);
      own.mostAtOnce = Math.max(own.mostAtOnce, seen?.inProgress ?? 0);
      if (seen !== undefined && seen.ready > 0) mean(own, 'share').add(seen.share, forSeconds);
    }
  }

  mostAtOnce = (name: string): number => this.of(name).mostAtOnce;

  /** Undefined where nothing was measured. */
  mean = (name: string, what: string): number | undefined => this.of(name).means.get(what)?.value;

  private of(name: string): Counted {
    return this.pools.get(name) ?? this.customers.get(name) ?? counted();
  }
}

function mean({ means }: Counted, what: string): Mean {
  const known = means.get(what) ?? new Mean();
  means.set(what, known);
  return known;
}

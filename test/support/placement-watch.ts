/** Looks again and again at what the tables say of placed jobs while a test goes on, and says which limit was passed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { placementReads } from '../../lambdas/aws/placement/placement-reads.ts';
import type { CustomerRow, LeaseRow, OverallRow, PoolRow } from '../../lambdas/contract/placement-table.ts';
import { limitViolations } from '../../lambdas/domain/placement/violations.ts';
import { eventually } from './eventually.ts';
import { aws } from './groups.ts';
import { stage } from './shared-stage.ts';

const reads = placementReads(aws.documents, stage.outputs.JobsTableName);
/** Later than any test. */
const farMs = 9_999_999_999_999;
const pauseMs = 300;

interface Rows {
  overall: OverallRow;
  customers: CustomerRow[];
  pools: PoolRow[];
}

/** At one moment each, not all at the same. */
export interface PlacementSeen extends Rows {
  leases: LeaseRow[];
  /** Ids of those that have no place: they are looked at, wait for a pool, or for their time. */
  waiting: string[];
}

async function rows(): Promise<Rows> {
  const [overall, customers, pools] = await Promise.all([reads.overall(), reads.customers(), reads.pools()]);
  if (overall === undefined) throw new Error('there are no limits yet');
  return { overall, customers, pools };
}

export async function seePlacement(): Promise<PlacementSeen> {
  const waiting: string[] = [];
  for (const pages of [reads.validating(farMs), reads.later(farMs), reads.placing()])
    for await (const page of pages) waiting.push(...page.map(({ job }) => job));
  // A job that gets its place meanwhile is seen twice rather than not at all.
  const leases = await reads.leases();
  return { ...(await rows()), leases, waiting };
}

/** A row of limits, and what is used of it. */
interface Used {
  what: string;
  /** Of its limits: as long as it is the same, so are they. */
  version: number;
  used: number;
  most: number;
}

const usedOf = ({ overall, customers, pools }: Rows): Used[] => [
  { what: 'all', version: overall.revision, used: overall.jobs, most: overall.maxJobs },
  ...customers.map(({ customer, jobs, maxJobs, limitsAtMs = 0 }) => ({
    what: `customer ${customer}`,
    version: limitsAtMs,
    used: jobs,
    most: maxJobs ?? Number.POSITIVE_INFINITY,
  })),
  ...pools.flatMap(({ taskGroup, revision, jobs, maxJobs, state, capacity, free }) => [
    { what: `pool ${taskGroup}`, version: revision, used: jobs, most: state === 'open' ? maxJobs : 0 },
    ...Object.entries(capacity).map(([name, total]) => ({
      what: `${name} of pool ${taskGroup}`,
      version: revision,
      used: total - (free[name] ?? total),
      most: state === 'open' ? total : 0,
    })),
  ]),
];

export class LimitsWatch {
  /** Each a sentence; empty as long as all is well. */
  readonly wrong: string[] = [];
  looks = 0;
  /** Most jobs that were on pools at once. */
  peak = 0;
  #last = new Map<string, Used>();
  #over = new AbortController();
  readonly #looking = this.#look();

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#looking;
  }

  async #look(): Promise<void> {
    while (!this.#over.signal.aborted) {
      const before = await rows();
      const leases = await reads.leases();
      const after = await rows();
      this.looks += 1;
      this.peak = Math.max(this.peak, leases.length);
      this.#seeUse(before);
      this.#seeUse(after);
      // Only where no limit changed between the looks do the leases belong to what is seen.
      const isSame = usedOf(before).every(({ version }, i) => usedOf(after)[i]?.version === version);
      if (isSame) this.wrong.push(...limitViolations({ ...after, leases }).map((violation) => JSON.stringify(violation)));
      await sleep(pauseMs, undefined, { signal: this.#over.signal }).catch(() => {});
    }
  }

  /** What is over a limit that was lowered may only become less. */
  #seeUse(seen: Rows): void {
    for (const use of usedOf(seen)) {
      const last = this.#last.get(use.what);
      if (use.used > use.most && last?.version === use.version && use.used > last.used)
        this.wrong.push(`${use.what}: ${last.used}, then ${use.used}, of ${use.most}`);
      this.#last.set(use.what, use);
    }
  }
}

/** Until nobody waits and nobody has a place, and every place was given back. */
export const untilAllGaveBack = (seconds: number): Promise<PlacementSeen> =>
  eventually(
    'no job waits, and no place is taken',
    async () => {
      const seen = await seePlacement();
      const taken = usedOf(seen).filter(({ used }) => used !== 0);
      if (seen.waiting.length + seen.leases.length + taken.length > 0)
        throw new Error(`${seen.waiting.length} wait, ${seen.leases.length} leases, taken: ${JSON.stringify(taken)}`);
      return seen;
    },
    seconds,
  );

/**
 * What a decision costs, by how many jobs wait, and how many starts a second that allows: 100 unlike pools that are full, 1,000
 * customers. A job ends, whatever fits now starts, and as many jobs come as have started.
 */
import { priorities } from '../../lambdas/contract/job.ts';
import { limitDefaults, objectives, orderOf } from '../../lambdas/contract/placement.ts';
import { type PlacingRow, PoolRow } from '../../lambdas/contract/placement-table.ts';
import { Book } from '../../lambdas/domain/placement/book.ts';
import { leaseToBe } from '../../lambdas/domain/placement/placed-job.ts';
import { seededRandom } from '../../test/double/aws/random.ts';
import { type Line, progress } from '../report.ts';

const poolCount = 100;
const customerCount = 1_000;
const kindsPerCustomer = 3;
const placesPerPool = 20;
const zones = ['us-west-2a', 'us-west-2b', 'us-west-2c'];
const bounds = { ratio: 1.5, startsPerSecond: 5_000 };

export interface DecisionSizes {
  few: number;
  many: number;
  /** Starts that are measured at once, and how often; the least counts, as whatever else the machine does has disturbed it least. */
  starts: number;
  rounds: number;
}

/** Rounds before those that count. */
const warmUps = 15;
const manyJobs = 1_000_000;
/** What is scarce: room on pools; or places in all, while whoever waits would fit on most pools. */
const scarcities = [
  { of: 'full pools', maxJobs: manyJobs },
  { of: 'the overall limit reached', maxJobs: (poolCount * placesPerPool) / 4 },
];

export function decisions(sizes: DecisionSizes = { few: 100, many: 10_000, starts: 1_500, rounds: 100 }): Line[] {
  return scarcities.flatMap((scarcity) => compared(scarcity, sizes));
}

function compared({ of, maxJobs }: (typeof scarcities)[number], { few, many, starts, rounds }: DecisionSizes): Line[] {
  const stages = [few, many].map((waiting, i) => ({
    stage: new FullStage(waiting, maxJobs, seededRandom(i + 1)),
    costsMs: [] as number[],
  }));
  for (let round = 1 - warmUps; round <= rounds; round += 1) {
    progress(`decisions with ${of}: round ${Math.max(0, round)} of ${rounds}`);
    // Turn by turn, so that whatever else the machine does slows both.
    for (const { stage, costsMs } of stages) {
      const costMs = stage.go(starts);
      if (round > 0) costsMs.push(costMs);
    }
  }
  const [costFewMs = 0, costManyMs = 0] = stages.map(({ costsMs }) => Math.min(...costsMs));
  const ratio = costManyMs / costFewMs;
  const perSecond = Math.round(1_000 / costManyMs);
  const told = (waiting: number, costMs: number): Line => ({
    what: `with ${of} and ${waiting.toLocaleString('en')} waiting: an end, a start, a new job`,
    figure: `${(costMs * 1_000).toFixed(1)} µs`,
  });
  return [
    told(few, costFewMs),
    told(many, costManyMs),
    { what: `with ${of}: ratio of both`, figure: ratio.toFixed(2), target: `≤ ${bounds.ratio}`, met: ratio <= bounds.ratio },
    {
      what: `with ${of} and ${many.toLocaleString('en')} waiting: starts a second of decision code`,
      figure: perSecond.toLocaleString('en'),
      target: `≥ ${bounds.startsPerSecond.toLocaleString('en')}`,
      met: perSecond >= bounds.startsPerSecond,
    },
  ];
}

/** Every place is taken, and so many jobs wait. */
class FullStage {
  readonly #random: () => number;
  readonly #book: Book;
  /** Of each customer. */
  readonly #kinds: Kind[][];
  /** Jobs on pools. */
  readonly #running: string[] = [];
  #made = 0;
  #nowMs = 1_800_000_000_000;
  /** Between two ends. However many wait, they wait an hour: as many as have waited long enough to have a pool kept for them. */
  readonly #tickMs: number;

  constructor(waiting: number, maxJobs: number, random: () => number) {
    this.#random = random;
    this.#tickMs = 3_600_000 / waiting;
    this.#kinds = Array.from({ length: customerCount }, () => Array.from({ length: kindsPerCustomer }, () => kindOf(random)));
    const overall = { maxJobs, ...ages, jobs: 0, revision: 0 };
    const pools = Array.from({ length: poolCount }, (_, i) => poolRow(i));
    this.#book = new Book({ overall, pools, customers: [], waiting: [], leases: [] });
    // More than there is room for, until none of them finds any: then the stage is full, and as many wait as should.
    for (let left = waiting + 2 * poolCount * placesPerPool; left > 0; left -= 1) this.#arrive();
    this.#startAll();
    while (this.#book.waitingJobs < waiting) this.#arrive();
    const tooMany = [...this.#book.allWaiting()].slice(waiting).map(([{ job }]) => job);
    for (const job of tooMany) this.#book.removeWaiting(job);
  }

  /** Milliseconds of processor time per start: what else the machine does is of no matter to it. */
  go(starts: number): number {
    const began = process.cpuUsage();
    let started = 0;
    while (started < starts) {
      this.#nowMs += this.#tickMs;
      this.#endAny();
      const now = this.#startAll();
      for (let i = 0; i < now; i += 1) this.#arrive();
      started += now;
    }
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1_000 / started;
  }

  #arrive(): void {
    this.#made += 1;
    this.#book.addWaiting(jobOf(this.#random, this.#kinds, `job-${this.#made}`, this.#nowMs));
  }

  #endAny(): void {
    const at = Math.floor(this.#random() * this.#running.length);
    const [job, last] = [this.#running[at], this.#running.pop()];
    if (job === undefined || last === undefined) throw new Error('nothing runs: the stage starves');
    if (job !== last) this.#running[at] = last;
    this.#book.removeLease(job);
  }

  #startAll(): number {
    let started = 0;
    for (let start = this.#book.next(this.#nowMs); start !== undefined; start = this.#book.next(this.#nowMs)) {
      const { job, pool } = start;
      this.#book.removeWaiting(job.job);
      this.#book.addLease(leaseToBe(job, pool, this.#nowMs, 300));
      this.#running.push(job.job);
      started += 1;
    }
    return started;
  }
}

const ages = { ageingSeconds: limitDefaults.ageingSeconds, reserveAfterSeconds: limitDefaults.reserveAfterSeconds };

function poolRow(i: number): PoolRow {
  const size = 1 + (i % 4);
  const capacity = { cpu: 32 * size, memoryGiB: 128 * size, ...(i % 5 === 0 ? { gpu: 8 } : {}) };
  const zone = zones[i % zones.length] ?? '';
  return PoolRow.parse({
    taskGroup: `pool-${i}`,
    labels: { zone, tier: i % 2 === 0 ? 'spot' : 'reserved' },
    maxJobs: placesPerPool,
    capacity,
    configured: { maxJobs: placesPerPool, quantities: capacity },
    costPerHour: 1 + (i % 7),
    locality: { prefixes: [`bucket-${i % 10}/data`], zones: [zone] },
    state: 'open',
  });
}

type Kind = Pick<PlacingRow, 'needs' | 'affinity' | 'objective'>;

const anyOf = <T>(random: () => number, of: readonly T[]) => of[Math.floor(random() * of.length)] as T;

/** What a customer hands in is of a few kinds, each asking for what some pool has. */
function kindOf(random: () => number): Kind {
  const cpu = anyOf(random, [1, 2, 2, 4, 4, 8, 16]);
  const quantities = { cpu, memoryGiB: cpu * anyOf(random, [2, 4, 8]) };
  const affinity = { pool: `pool-${Math.floor(random() * poolCount)}`, required: random() < 0.3 };
  const objective = anyOf(random, objectives);
  if (random() < 0.1) return { needs: { quantities }, affinity, objective };
  const labels = random() < 0.3 ? { labels: { zone: anyOf(random, zones) } } : {};
  return { needs: { ...labels, quantities: { ...quantities, ...(random() < 0.05 ? { gpu: 1 } : {}) } }, objective };
}

function jobOf(random: () => number, kinds: readonly Kind[][], job: string, nowMs: number): PlacingRow {
  const priority = anyOf(random, priorities);
  // Few customers hand in most.
  const customer = Math.floor(customerCount * random() ** 2);
  return {
    job,
    customer: `customer-${customer}`,
    priority,
    orderMs: orderOf(priorities.indexOf(priority), nowMs, ages.ageingSeconds),
    readyAtMs: nowMs,
    ...anyOf(random, kinds[customer] ?? []),
    inputs: [{ bucket: `bucket-${Math.floor(random() * 10)}`, key: `data/${job}`, bytes: 1 + Math.floor(random() * 1e9) }],
  };
}

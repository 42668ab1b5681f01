/**
 * Looks on at every write of placed jobs, pools and limits, and says what must never be so: a start past a limit, a lease that
 * is not the newest, a job that ends twice in a life, an event that is missing or comes twice.
 */
import { hasEnded, type JobState } from '../../../lambdas/contract/job.ts';
import { JobRow, outboxPartition } from '../../../lambdas/contract/job-table.ts';
import {
  freeAttribute,
  LeaseRow,
  leasesPartition,
  limitsPartition,
  overallKey,
  poolsPartition,
} from '../../../lambdas/contract/placement-table.ts';
import type { AwsDouble } from '../aws/double.ts';
import type { Change } from '../aws/table.ts';
import { tables } from '../jobs/resources.ts';

type Item = Record<string, unknown>;

export interface Told {
  job: string;
  event: string;
  state: JobState;
  sequence: number;
}

export class PlacementWatch {
  /** Each a sentence. */
  readonly wrong: string[] = [];
  /** In the order of their starts. */
  readonly started: { job: string; pool: string; atMs: number }[] = [];
  readonly told: Told[] = [];
  readonly leases = new Map<string, LeaseRow>();
  readonly #aws: AwsDouble;
  readonly #ended = new Set<string>();

  constructor(aws: AwsDouble) {
    this.#aws = aws;
    aws.dynamodb.onChange = (change) => {
      if (change.table === tables.jobs) this.#see(change);
    };
  }

  /** Counters of pools, customers and all, against the leases that there are. Between two transactions they agree. */
  recount(): string[] {
    const leases = [...this.leases.values()];
    const table = this.#aws.dynamodb.table(tables.jobs);
    const said = (what: string, seen: unknown, wanted: number) =>
      Math.abs(Number(seen ?? 0) - wanted) < 1e-9 ? [] : [`${what} is ${String(seen)}, should be ${wanted}`];
    const pools = table.partition(poolsPartition).flatMap((row) => {
      const mine = leases.filter(({ pool }) => pool === row['taskGroup']);
      const capacity = row['capacity'] as Record<string, number>;
      return [
        ...said(`jobs of pool ${row['taskGroup']}`, row['jobs'], mine.length),
        ...Object.entries(capacity).flatMap(([name, most]) =>
          said(
            `${name} free of pool ${row['taskGroup']}`,
            row[freeAttribute(name)],
            most - mine.reduce((sum, { quantities }) => sum + (quantities[name] ?? 0), 0),
          ),
        ),
      ];
    });
    const limits = table.partition(limitsPartition).flatMap((row) => {
      const { customer } = row;
      const mine = leases.filter((lease) => customer === undefined || lease.customer === customer);
      return said(`jobs of ${customer === undefined ? 'all' : String(customer)}`, row['jobs'], mine.length);
    });
    return [...pools, ...limits];
  }

  #see({ keys, before, after, atMs }: Change): void {
    const pk = String(keys['pk']);
    if (pk === poolsPartition) this.#seePool(before ?? {}, after ?? {});
    if (pk === limitsPartition) this.#seeLimit(before ?? {}, after ?? {});
    if (pk === leasesPartition) this.#seeLease(before, after, atMs);
    if (pk === outboxPartition && before === undefined && after !== undefined) this.#seeEvent(after);
    if (keys['sk'] === 'meta' && after !== undefined) this.#seeJob(before && JobRow.parse(before), JobRow.parse(after));
  }

  #seePool(before: Item, after: Item): void {
    if (numberOf(after['jobs']) <= numberOf(before['jobs'])) return;
    const name = String(after['taskGroup']);
    if (numberOf(after['jobs']) > numberOf(after['maxJobs']))
      this.wrong.push(`${after['jobs']} jobs on pool ${name} of ${after['maxJobs']}`);
    if (after['state'] !== 'open') this.wrong.push(`a start on pool ${name}, which is ${after['state']}`);
    for (const [attribute, free] of Object.entries(after))
      if (attribute.startsWith(freeAttribute('')) && numberOf(free) < numberOf(before[attribute]) && numberOf(free) < 0)
        this.wrong.push(`${attribute} of pool ${name} is ${String(free)}`);
  }

  #seeLimit(before: Item, after: Item): void {
    if (numberOf(after['jobs']) <= numberOf(before['jobs'])) return;
    const isCustomer = after['customer'] !== undefined;
    const others = isCustomer ? this.#aws.dynamodb.read(tables.jobs, overallKey)?.['perCustomerMaxJobs'] : undefined;
    const most = after['maxJobs'] ?? others ?? Number.POSITIVE_INFINITY;
    if (numberOf(after['jobs']) > numberOf(most)) this.wrong.push(`${after['jobs']} jobs of ${after['customer'] ?? 'all'}, ${most} may`);
  }

  #seeLease(before: Item | undefined, after: Item | undefined, atMs: number): void {
    const [old, lease] = [before && LeaseRow.parse(before), after && LeaseRow.parse(after)];
    if (lease === undefined) {
      this.leases.delete(old?.job ?? '');
      return;
    }
    this.leases.set(lease.job, lease);
    if (old === undefined) this.started.push({ job: lease.job, pool: lease.pool, atMs });
    else if (old.fence !== lease.fence) this.wrong.push(`a lease of job ${lease.job} replaced another`);
  }

  #seeEvent(after: Item): void {
    const change = after['change'] as { state: JobState; sequence: number };
    const event = { job: String(after['job']), event: String(after['event']), ...change };
    if (this.told.some((other) => other.event === event.event)) this.wrong.push(`event ${event.event} happened twice`);
    this.told.push(event);
  }

  #seeJob(before: JobRow | undefined, { job, life, status, placed }: JobRow): void {
    if (before?.placed === undefined || placed === undefined) return;
    if (placed.fence < before.placed.fence) this.wrong.push(`fence of job ${job} went back`);
    if (placed.sequence < before.placed.sequence || placed.sequence > before.placed.sequence + 1)
      this.wrong.push(`sequence of job ${job} went from ${before.placed.sequence} to ${placed.sequence}`);
    if (before.status === status) return;
    if (hasEnded(before.status) && life !== before.life + 1) this.wrong.push(`job ${job} went from ${before.status} to ${status}`);
    if (!hasEnded(status)) return;
    if (this.#ended.has(`${job} ${life}`)) this.wrong.push(`life ${life} of job ${job} ended twice`);
    this.#ended.add(`${job} ${life}`);
  }
}

const numberOf = (value: unknown) => (typeof value === 'number' ? value : 0);

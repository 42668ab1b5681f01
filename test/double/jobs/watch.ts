/** Looks on: says what must never be so of jobs and slots, and how often each key of the jobs table is written. */
import { hasEnded } from '../../../lambdas/contract/job.ts';
import { JobRow, SlotsRow } from '../../../lambdas/contract/job-table.ts';
import type { AwsDouble } from '../aws/double.ts';
import type { Change } from '../aws/table.ts';
import { tables } from './resources.ts';

export interface Limits {
  maxParallelJobs: number;
  maxParallelJobsPerGroup: number;
}

export class Watch {
  /** Each a sentence. */
  readonly wrong: string[] = [];
  /** In the order of their starts. */
  readonly started: { job: string; life: number; atMs: number }[] = [];
  readonly ended: { job: string; life: number; status: string; atMs: number }[] = [];
  most = { running: 0, perTarget: 0 };
  /** Jobs of a customer that ran at once. */
  readonly mostOf = new Map<string, number>();
  readonly #writes = new Map<string, number>();
  readonly #over = new Set<string>();
  readonly #limits: () => Limits;

  constructor(aws: AwsDouble, limits: () => Limits) {
    this.#limits = limits;
    aws.dynamodb.onChange = (change) => {
      if (change.table === tables.jobs) this.#see(change);
    };
  }

  /** The most writes of one key in one second, and which key that was. */
  get busiestKey(): { key: string; writes: number } {
    let busiest = { key: '', writes: 0 };
    for (const [key, writes] of this.#writes) if (writes > busiest.writes) busiest = { key: key.slice(key.indexOf(' ') + 1), writes };
    return busiest;
  }

  /** In the life it is in. */
  hasEnded(job: string): boolean {
    return this.#over.has(job);
  }

  #see({ keys, before, after, atMs }: Change): void {
    const key = `${Math.floor(atMs / 1_000)} ${keys['pk']} ${keys['sk']}`;
    this.#writes.set(key, (this.#writes.get(key) ?? 0) + 1);
    if (keys['sk'] === 'slots') this.#seeSlots(SlotsRow.parse(after ?? {}));
    if (keys['sk'] === 'meta' && after !== undefined) this.#seeJob(before && JobRow.parse(before), JobRow.parse(after), atMs);
  }

  #seeSlots({ running }: SlotsRow): void {
    const { maxParallelJobs, maxParallelJobsPerGroup } = this.#limits();
    const perTarget = Map.groupBy(Object.values(running), ({ target }) => target);
    for (const [customer, { length }] of Map.groupBy(Object.values(running), (slot) => slot.customer ?? ''))
      this.mostOf.set(customer, Math.max(this.mostOf.get(customer) ?? 0, length));
    const most = Math.max(0, ...[...perTarget.values()].map(({ length }) => length));
    this.most = { running: Math.max(this.most.running, Object.keys(running).length), perTarget: Math.max(this.most.perTarget, most) };
    if (Object.keys(running).length > maxParallelJobs) this.wrong.push(`${Object.keys(running).length} jobs run`);
    if (most > maxParallelJobsPerGroup) this.wrong.push(`${most} jobs of one target run`);
  }

  #seeJob(before: JobRow | undefined, { job, status, life }: JobRow, atMs: number): void {
    if (hasEnded(status)) this.#over.add(job);
    else this.#over.delete(job);
    if (before === undefined || before.status === status) return;
    if (status === 'RUNNING') this.started.push({ job, life, atMs });
    if (!hasEnded(status)) return;
    if (hasEnded(before.status)) this.wrong.push(`job ${job} went from ${before.status} to ${status}`);
    if (this.ended.some((end) => end.job === job && end.life === life)) this.wrong.push(`life ${life} of job ${job} ended twice`);
    this.ended.push({ job, life, status, atMs });
  }
}

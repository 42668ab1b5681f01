/**
 * Who has placed jobs worked for, as a model: one lease at a time of each, words of older ones refused, what runs out or
 * fails placed again. No limits and no pools to choose from: these are the scheduler's own tests' business.
 */
import type { JobLeases, LeaseAnswer } from '../../consumer/ports.ts';
import { clockSkewMs } from '../../lambdas/contract/task-table.ts';
import { jobTaskId, type Lease, Report } from '../../lambdas/contract/task-wire.ts';
import { never } from './aws/caller.ts';
import type { ConsumerStage, Process } from './consumer-stage.ts';

export interface PlacedJob {
  id: string;
  fence: number;
  failures: number;
  status: 'waiting' | 'leased' | 'done' | 'failed';
  holder: string | undefined;
  expiresAtMs: number;
  /** Of the lease at hand: somebody said that he works. */
  hasBegun: boolean;
}

const tokenOf = ({ id, fence }: Pick<PlacedJob, 'id' | 'fence'>) => `${id}.${fence}`;
const urlOf = (id: string) => `https://api/jobs/${id}`;

export interface KeeperOptions {
  jobs: number;
  leaseSeconds: number;
  maxRetries: number;
  /** Chance that a heartbeat is lost on its way, and that its answer is. */
  deaf: number;
  /** Chance that with a heartbeat its process is cut off for half a minute. */
  cut: number;
}

const cutMs = 30_000;

export class LeaseKeeper {
  readonly jobs: PlacedJob[];
  private readonly options: KeeperOptions;
  private stage: ConsumerStage | undefined;
  private heard = 0;
  private readonly cutUntilMs = new WeakMap<Process, number>();

  constructor(options: KeeperOptions) {
    this.options = options;
    const none = { fence: 0, failures: 0, status: 'waiting', holder: undefined, expiresAtMs: 0, hasBegun: false } as const;
    this.jobs = Array.from({ length: options.jobs }, (_, n) => ({ id: `job${n}`, ...none }));
  }

  /** Places every job, again and again until each has ended. */
  async run(stage: ConsumerStage, hours: number): Promise<void> {
    this.stage = stage;
    const endMs = stage.nowMs + hours * 3_600_000;
    for (const job of this.jobs) this.grant(job);
    const stop = stage.aws.clock.every(1_000, () => this.look(stage));
    await stage.aws.clock.run(() => this.jobs.every(({ status }) => status === 'done' || status === 'failed') || stage.nowMs > endMs);
    stop();
  }

  leasesFor = (process: Process): JobLeases => ({
    heartbeat: async ({ url, token }, word) => {
      const { stage } = this;
      if (!stage) throw new Error('it is not at work yet');
      await stage.aws.clock.sleep(5 + stage.aws.random() * 50);
      if (!process.caller.alive) return never();
      if ((this.cutUntilMs.get(process) ?? 0) > stage.nowMs) throw new Error('cut off');
      if (stage.aws.random() < this.options.cut) this.cutUntilMs.set(process, stage.nowMs + cutMs);
      if (stage.aws.random() < this.options.deaf) throw new Error('lost on its way');
      const answer = this.answer(stage.nowMs, { url, token }, word.holder);
      await stage.aws.clock.sleep(5 + stage.aws.random() * 50);
      if (!process.caller.alive) return never();
      if (stage.aws.random() < this.options.deaf) throw new Error('its answer was lost');
      return answer;
    },
  });

  private answer(nowMs: number, { url, token }: Pick<Lease, 'url' | 'token'>, holder: string | undefined): LeaseAnswer {
    const job = this.jobs.find(({ id }) => urlOf(id) === url);
    if (job?.status !== 'leased' || tokenOf(job) !== token) return { kind: 'lost', why: 'over' };
    if (holder !== undefined && job.holder !== undefined && holder !== job.holder) return { kind: 'lost', why: 'of somebody else' };
    job.holder ??= holder;
    job.hasBegun = true;
    job.expiresAtMs = nowMs + this.options.leaseSeconds * 1_000;
    return { kind: 'held' };
  }

  private grant(job: PlacedJob): void {
    const { stage, options } = this;
    if (!stage) return;
    job.fence += 1;
    Object.assign(job, { status: 'leased', holder: undefined, hasBegun: false, expiresAtMs: stage.nowMs + options.leaseSeconds * 1_000 });
    const { fence, failures } = job;
    const lease: Lease = { v: 1, url: urlOf(job.id), token: tokenOf(job), fence, leaseSeconds: options.leaseSeconds, failures };
    // Some are sent twice: by a scheduler whose first answer was lost.
    for (let copy = 0; copy < (fence % 3 === 0 ? 2 : 1); copy += 1)
      stage.send({}, jobTaskId(job.id, 1), { 'sluice.job': job.id, 'sluice.lease': JSON.stringify(lease) });
  }

  private look(stage: ConsumerStage): void {
    const reports = stage.reports.messages().slice(this.heard);
    this.heard += reports.length;
    for (const { body } of reports) this.take(Report.parse(JSON.parse(body)));
    for (const job of this.jobs) {
      if (job.status !== 'leased' || job.expiresAtMs + clockSkewMs > stage.nowMs) continue;
      if (job.hasBegun) this.fail(job);
      else this.grant(job);
    }
  }

  private take({ job: id, lease, status }: Report): void {
    const job = this.jobs.find((known) => known.id === id);
    if (job?.status !== 'leased' || lease !== tokenOf(job)) return;
    if (status === 'done') job.status = 'done';
    else this.fail(job);
  }

  private fail(job: PlacedJob): void {
    job.failures += 1;
    if (job.failures > this.options.maxRetries) job.status = 'failed';
    else this.grant(job);
  }
}

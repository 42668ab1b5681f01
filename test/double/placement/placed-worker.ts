/**
 * Whoever works for placed jobs on a pool, as the wire protocol has it: asks for the lease before it starts, says that it is
 * alive each third of it, stops where it is told that the lease is lost, reports under its token. Some go silent and come
 * back with their word long after; some hand the work on and say how it ended themselves.
 */

import type { JobServices } from '../../../lambdas/aws/jobs/job-services.ts';
import { followStep } from '../../../lambdas/aws/placement/follow-step.ts';
import { JobRow, jobKey } from '../../../lambdas/contract/job-table.ts';
import { Lease, type Report, taskAttributes } from '../../../lambdas/contract/task-wire.ts';
import { fenceOf } from '../../../lambdas/domain/placement/lease-token.ts';
import type { AwsDouble } from '../aws/double.ts';
import type { Message, Queue } from '../aws/queue.ts';
import type { Mishaps } from '../jobs/mishaps.ts';
import { tables } from '../jobs/resources.ts';

/** `silent`: its process dies without a word. `late`: it is cut off, works on, and has its word only when all is over. */
export type WorkEnding = 'done' | 'transient' | 'permanent' | 'silent' | 'late' | 'handedOn';

export interface Work {
  job: string;
  fence: number;
  failures: number;
  atMs: number;
}

export interface WorkPlan {
  concurrency: number;
  workMs(work: Work): number;
  ending(work: Work): WorkEnding;
}

export class PlacedWorker {
  readonly works: Work[] = [];
  /** Messages whose lease was not to be had. */
  refused = 0;
  paused = false;
  readonly pool: string;
  readonly queue: Queue;
  plan: WorkPlan;
  readonly #aws: AwsDouble;
  readonly #api: JobServices;
  readonly #reports: Queue;
  readonly #mishaps: () => Mishaps;
  readonly #claimed = new Set<string>();
  #busy = 0;

  constructor(
    pool: string,
    queue: Queue,
    plan: WorkPlan,
    { aws, api, reports, mishaps }: { aws: AwsDouble; api: JobServices; reports: Queue; mishaps: () => Mishaps },
  ) {
    this.pool = pool;
    this.queue = queue;
    this.plan = plan;
    this.#aws = aws;
    this.#api = api;
    this.#reports = reports;
    this.#mishaps = mishaps;
    this.#poll();
  }

  #poll(): void {
    while (!this.paused && this.#busy < this.plan.concurrency) {
      const [message] = this.#aws.sqs.receive(this.queue, 1);
      if (message === undefined) break;
      this.#busy += 1;
      void this.#take(message).finally(() => {
        this.#busy -= 1;
        this.#poll();
      });
    }
    if (this.#busy < this.plan.concurrency) this.#wake();
  }

  #woken = false;
  #wake(): void {
    if (this.#woken) return;
    this.#woken = true;
    const wake = () => {
      if (!this.#woken) return;
      this.#woken = false;
      this.#aws.clock.after(20, () => this.#poll());
    };
    this.queue.onceChanged(wake);
    const nextMs = this.queue.nextVisibleMs(this.#aws.clock.nowMs());
    if (Number.isFinite(nextMs)) this.#aws.clock.after(nextMs - this.#aws.clock.nowMs(), wake);
  }

  async #take(message: Message): Promise<void> {
    const { clock } = this.#aws;
    const text = (name: string) => message.messageAttributes[name]?.StringValue ?? '';
    const lease = Lease.parse(JSON.parse(text(taskAttributes.lease)));
    const work = { job: text(taskAttributes.job), fence: lease.fence, failures: lease.failures, atMs: clock.nowMs() };
    await clock.sleep(20);
    if (this.#claimed.has(`${work.job} ${work.fence}`) || !(await this.#beat(work, lease, {}))) {
      this.refused += 1;
      this.#done(message);
      return;
    }
    this.#claimed.add(`${work.job} ${work.fence}`);
    this.works.push(work);
    const ending = this.plan.ending(work);
    if (ending === 'handedOn') {
      await this.#beat(work, lease, { pending: true });
      void this.#work(work, lease, ending);
      this.#done(message);
      return;
    }
    await this.#work(work, lease, ending);
    this.#done(message);
  }

  async #work(work: Work, lease: Lease, ending: WorkEnding): Promise<void> {
    const { clock, random } = this.#aws;
    const endMs = clock.nowMs() + this.plan.workMs(work);
    const isQuiet = ending === 'silent' || ending === 'late';
    const quietAtMs = isQuiet ? clock.nowMs() + random() * (endMs - clock.nowMs()) : Number.POSITIVE_INFINITY;
    while (clock.nowMs() < endMs) {
      await clock.sleep(Math.min(endMs - clock.nowMs(), (lease.leaseSeconds * 1_000) / 3));
      if (clock.nowMs() < Math.min(endMs, quietAtMs) && !(await this.#beat(work, lease, {}))) return;
    }
    if (ending === 'silent') return;
    if (ending === 'late') await clock.sleep(lease.leaseSeconds * 3_000);
    if (ending === 'handedOn') await this.#say(work, lease);
    else this.#report(work, lease, ending === 'transient' ? 'TRANSIENT' : ending === 'permanent' ? 'PERMANENT' : undefined);
  }

  /** As `POST /jobs/{id}/heartbeat`. */
  async #beat({ job, fence }: Work, { token }: Lease, said: { pending?: boolean }): Promise<boolean> {
    if (fenceOf(this.#tokenKey(job), job, token) !== fence) return false;
    return (await this.#api.placement.heartbeat(job, fence, { holder: this.pool, ...said })) !== undefined;
  }

  /** As `POST /jobs/{id}/result`. */
  async #say({ job, fence }: Work, { token }: Lease): Promise<void> {
    if (fenceOf(this.#tokenKey(job), job, token) !== fence) return;
    const stepped = await this.#api.placement.complete(job, fence, { result: JSON.stringify({ fence }) });
    if (stepped.kind === 'done') await followStep(this.#api, stepped);
  }

  #report({ job, fence, failures }: Work, { token }: Lease, errorClass: Report['class']): void {
    const { clock, random } = this.#aws;
    const ending =
      errorClass === undefined
        ? { status: 'done' as const, result: JSON.stringify({ fence }) }
        : { status: 'failed' as const, class: errorClass, message: `it was ${errorClass}` };
    const report: Report = {
      v: 1,
      job,
      task: `${job}/1`,
      redrives: 0,
      attempt: failures + 1,
      ...ending,
      lease: token,
      deadLettered: false,
      atMs: Math.floor(clock.nowMs()),
    };
    const send = () => this.#reports.send({ body: JSON.stringify(report) }, clock.nowMs());
    if (random() < this.#mishaps().reportLate) clock.after(random() * 40_000, send);
    else send();
    if (random() < this.#mishaps().reportTwice) clock.after(random() * 90_000, send);
  }

  #tokenKey(job: string): string {
    return JobRow.parse(this.#aws.dynamodb.read(tables.jobs, jobKey(job))).tokenKey;
  }

  #done({ receiptHandle = '' }: Message): void {
    this.queue.delete(receiptHandle);
  }
}

/**
 * Consumers of a group as the wire protocol has them (docs/wire-protocol.md), in virtual time: they claim a task before
 * they run it, ask whether its job was cancelled, hold it to its deadline, and report before they delete. They die now and
 * then; what they had recorded, their tasks table, stays.
 */
import { jobStateKey } from '../../../lambdas/contract/task-table.ts';
import { type Report, taskAttributes } from '../../../lambdas/contract/task-wire.ts';
import { readLetter } from '../../../lambdas/domain/task/letter.ts';
import type { AwsDouble } from '../aws/double.ts';
import type { Message, Queue } from '../aws/queue.ts';
import type { Mishaps } from './mishaps.ts';
import { tables } from './resources.ts';

/** `silent`: gone without a word, as where somebody purges the queue. */
export type Ending = 'done' | 'transient' | 'permanent' | 'silent';

export interface TaskRun {
  job: string;
  task: string;
  n: number;
  redrives: number;
  attempt: number;
  body: unknown;
  atMs: number;
  /** The process died in it. */
  died: boolean;
}

export interface ConsumerPlan {
  concurrency: number;
  batchSize: number;
  maxRetries: number;
  taskMs(run: TaskRun): number;
  ending(run: TaskRun): Ending;
}

interface Claim {
  runs: boolean;
  starts: number;
  /** What was told at its end, to be told again. */
  told?: Report;
}

export class WireConsumer {
  readonly runs: TaskRun[] = [];
  /** Messages that were not run as their job was cancelled. */
  cancelled = 0;
  readonly queue: Queue;
  readonly deadLetters: Queue;
  plan: ConsumerPlan;
  paused = false;
  readonly #aws: AwsDouble;
  readonly #reports: Queue;
  readonly #mishaps: () => Mishaps;
  readonly #claims = new Map<string, Claim>();
  #busy = 0;
  #woken = false;

  constructor(aws: AwsDouble, queues: { queue: Queue; deadLetters: Queue; reports: Queue }, plan: ConsumerPlan, mishaps: () => Mishaps) {
    this.#aws = aws;
    this.queue = queues.queue;
    this.deadLetters = queues.deadLetters;
    this.#reports = queues.reports;
    this.plan = plan;
    this.#mishaps = mishaps;
    this.#poll();
  }

  /** Runs of a task in one life of it. */
  runsOf(job: string, n: number, redrives = 0): TaskRun[] {
    return this.runs.filter((run) => run.job === job && run.n === n && run.redrives === redrives);
  }

  resume(): void {
    this.paused = false;
    this.#poll();
  }

  #poll(): void {
    while (!this.paused && this.#busy < this.plan.concurrency) {
      const batch = this.#aws.sqs.receive(this.queue, this.plan.batchSize);
      if (batch.length === 0) break;
      this.#busy += 1;
      void this.#work(batch).finally(() => {
        this.#busy -= 1;
        this.#poll();
      });
    }
    if (!this.paused && this.#busy < this.plan.concurrency) this.#wakeLater();
  }

  #wakeLater(): void {
    if (this.#woken) return;
    this.#woken = true;
    const { clock } = this.#aws;
    let due = false;
    const wake = () => {
      if (due) return;
      due = true;
      clock.after(20, () => {
        this.#woken = false;
        this.#poll();
      });
    };
    this.queue.onceChanged(wake);
    const nextMs = this.queue.nextVisibleMs(clock.nowMs());
    if (Number.isFinite(nextMs)) clock.after(nextMs - clock.nowMs(), wake);
  }

  async #work(batch: readonly Message[]): Promise<void> {
    await this.#aws.clock.sleep(20);
    for (const message of batch) if ((await this.#take(message)) === 'died') return;
  }

  async #take(message: Message): Promise<'died' | 'gone on'> {
    const handle = message.receiptHandle ?? '';
    const run = this.#runOf(message);
    const claim = this.#claims.get(keyOf(run)) ?? { runs: false, starts: 0 };
    this.#claims.set(keyOf(run), claim);
    if (claim.told) this.#end(claim, claim.told, handle);
    else if (claim.runs) this.#comeBack(handle, 30);
    else if (this.#aws.dynamodb.read(tables.tasks, jobStateKey(run.job))) {
      this.cancelled += 1;
      this.queue.delete(handle);
    } else if (this.#aws.clock.nowMs() >= Number(textOf(message, taskAttributes.deadline)))
      this.#end(claim, this.#report(run, 'failed', 'RESOURCE'), handle);
    else return this.#run(run, claim, handle);
    return 'gone on';
  }

  async #run(run: TaskRun, claim: Claim, handle: string): Promise<'died' | 'gone on'> {
    claim.starts += 1;
    claim.runs = true;
    run.attempt = claim.starts;
    this.runs.push(run);
    run.died = this.#happens('consumerDies');
    await this.#aws.clock.sleep(this.plan.taskMs(run) * (run.died ? this.#aws.random() : 1));
    claim.runs = false;
    if (run.died) return 'died';
    const ending = this.plan.ending(run);
    if (ending === 'silent') this.queue.delete(handle);
    else if (ending === 'done') this.#end(claim, this.#report(run, 'done'), handle);
    else if (ending === 'transient' && claim.starts <= this.plan.maxRetries) {
      this.#tell(this.#report(run, 'retrying', 'TRANSIENT'));
      this.#comeBack(handle, 2 ** claim.starts);
    } else {
      this.#setAside(run);
      this.#end(claim, this.#report(run, 'failed', ending === 'transient' ? 'TRANSIENT' : 'PERMANENT', true), handle);
    }
    return 'gone on';
  }

  #setAside({ body, job, task, redrives }: TaskRun): void {
    const order = this.queue.identity.fifo ? { groupId: job, deduplicationId: `${task}#${redrives}` } : {};
    this.deadLetters.send({ body: JSON.stringify(body), ...order }, this.#aws.clock.nowMs());
  }

  #end(claim: Claim, report: Report, handle: string): void {
    claim.told = report;
    this.#tell(report);
    this.queue.delete(handle);
  }

  #comeBack(handle: string, seconds: number): void {
    try {
      this.queue.changeVisibility(handle, seconds, this.#aws.clock.nowMs());
    } catch {
      // The handle is too old: the message is visible already.
    }
  }

  #runOf(message: Message): TaskRun {
    const task = textOf(message, taskAttributes.task);
    const letter = readLetter(message.messageAttributes[taskAttributes.letter]?.StringValue);
    return {
      job: textOf(message, taskAttributes.job),
      task,
      n: Number(task.split('/')[1]),
      redrives: letter?.redrives ?? 0,
      attempt: 0,
      body: JSON.parse(message.body),
      atMs: this.#aws.clock.nowMs(),
      died: false,
    };
  }

  #report(
    { job, task, redrives, attempt, n }: TaskRun,
    status: Report['status'],
    errorClass?: Report['class'],
    deadLettered = false,
  ): Report {
    const error = errorClass === undefined ? { result: JSON.stringify({ n }) } : { class: errorClass, message: `ended ${errorClass}` };
    return { v: 1, job, task, redrives, attempt: Math.max(1, attempt), status, ...error, deadLettered, atMs: this.#aws.clock.nowMs() };
  }

  #tell(report: Report): void {
    const { clock, random } = this.#aws;
    const send = () => this.#reports.send({ body: JSON.stringify(report) }, clock.nowMs());
    if (this.#happens('reportLate')) clock.after(random() * 40_000, send);
    else send();
    if (this.#happens('reportTwice')) clock.after(random() * 90_000, send);
  }

  #happens(mishap: keyof Mishaps): boolean {
    return this.#aws.random() < this.#mishaps()[mishap];
  }
}

const keyOf = ({ task, redrives }: TaskRun) => `${task}#${redrives}`;
const textOf = ({ messageAttributes }: Message, name: string) => messageAttributes[name]?.StringValue ?? '';

/** One start of one task: what is known of it, and what its context may do to it. Holds no decisions of its own. */
import type { AttemptRecord } from '../../lambdas/contract/task-table.ts';
import { clockSkewMs } from '../../lambdas/contract/task-table.ts';
import type { Lease } from '../../lambdas/contract/task-wire.ts';
import { type Opening, openAttempt } from '../../lambdas/domain/task/attempt.ts';
import type { TimeBudget } from '../../lambdas/domain/task/time-budget.ts';
import type { TaskLog } from '../context.ts';
import type { HeldTask } from '../ports.ts';
import type { Batch } from './batch.ts';
import { Interruption } from './interruption.ts';
import { JobLease } from './job-lease.ts';
import { taskLog } from './log.ts';
import { Parts } from './parts.ts';
import type { ReceivedTask } from './read-task.ts';
import type { Runtime } from './runtime.ts';

type Invocation = Pick<Batch, 'runtime' | 'budget' | 'wallAheadMs' | 'deadline' | 'giveUp' | 'telling'>;

/** How long a task may go on whose lease is lost: others may have its job then. */
const stopWithinMs = 3_000;

export class TaskRun {
  readonly invocation: Invocation;
  readonly received: ReceivedTask;
  private readonly aborting = new AbortController();
  opening: Opening = openAttempt(undefined);
  /** Whether the task has a record from before this start, and may so have recorded steps. */
  seenBefore: boolean;
  /** Why it ends here without having failed; whatever the author's code makes of it. */
  interruption: Interruption | undefined;
  /** Where errors came out of a step; there from the first on. */
  stepOfError: WeakMap<object, string> | undefined;
  /** Its steps and uses of permits; there from the first on. */
  parts: Parts | undefined;
  /** The step that runs. */
  currentStep: string | undefined;
  /** Monotonic. */
  startedMs = 0;
  /** Steps recorded before are of another task that was sent under the same id. */
  stepsSinceMs = 0;
  /** When it was last asked whether its job is cancelled. Monotonic. */
  lookedMs = 0;
  /** Of a placed job. */
  readonly lease: JobLease | undefined;
  /** Another copy of it may still run. */
  isElsewhere = false;
  /** Calls off the watch over its own deadline. */
  unwatch: (() => void) | undefined;
  private holder: string | undefined;
  private claiming: Promise<void> | undefined;

  constructor(invocation: Invocation, received: ReceivedTask) {
    this.invocation = invocation;
    this.received = received;
    this.seenBefore = received.redrives > 0;
    this.lease = typeof received.lease === 'object' ? this.leaseOf(received.lease) : undefined;
  }

  private leaseOf(given: Lease): JobLease {
    const { settings, ports } = this.runtime;
    return new JobLease({
      given,
      holder: settings.pipeline,
      ports,
      leftMs: () => this.budget.endMs - ports.clock.monotonicMs(),
      step: () => this.currentStep,
      abort: (reason) => this.abort(reason, stopWithinMs),
      log: () => this.log(),
    });
  }

  get runtime(): Runtime {
    return this.invocation.runtime;
  }

  get budget(): TimeBudget {
    return this.invocation.budget;
  }

  /** Its own deadline by the monotonic clock; never, without one. */
  get ownDeadlineMs(): number {
    const { deadlineMs } = this.received;
    return deadlineMs === undefined ? Number.POSITIVE_INFINITY : deadlineMs - this.invocation.wallAheadMs;
  }

  /** When it is aborted: at the end of its invocation's time or of its own, whichever is sooner. Monotonic. */
  get deadlineMs(): number {
    return Math.min(this.budget.deadlineMs, this.ownDeadlineMs);
  }

  /** The same by the wall clock. */
  get deadline(): Date {
    const { deadlineMs } = this.received;
    const { deadline } = this.invocation;
    return deadlineMs !== undefined && deadlineMs < deadline.getTime() ? new Date(deadlineMs) : deadline;
  }

  get signal(): AbortSignal {
    return this.aborting.signal;
  }

  /**
   * It has some time to tidy up then, `graceMs` at most; the invocation goes on without one that still runs after it, and
   * not later than without one that is aborted at the deadline.
   */
  abort(reason: Error, graceMs = Number.POSITIVE_INFINITY): void {
    if (this.signal.aborted) return;
    this.aborting.abort(reason);
    const { deadlineMs, lastWordsMs } = this.budget;
    const { clock } = this.runtime.ports;
    const leftMs = Math.max(0, deadlineMs - clock.monotonicMs()) + (lastWordsMs - deadlineMs) / 2;
    clock.after(Math.min(graceMs, leftMs), () => this.invocation.giveUp(this));
  }

  /** The task does not end before this has. */
  begun<T>(part: Promise<T>): Promise<T> {
    this.parts ??= new Parts();
    return this.parts.add(part);
  }

  get held(): HeldTask {
    const { pipeline, task, redrives } = this.received;
    return { pipeline, task, redrives, holder: this.holder };
  }

  /** Every line carries the task's ids. */
  log(): TaskLog {
    const { definition, ports } = this.runtime;
    return taskLog(definition.logLevel, () => idsOf(this), ports);
  }

  /** Wall-clock moment of a moment of the budget. */
  wallMs(monotonicMs: number): number {
    return monotonicMs + this.invocation.wallAheadMs;
  }

  /** Takes the task for this run alone. Undefined: ours; else the record of its end, or when to ask again. */
  async claim(): Promise<{ ended: AttemptRecord } | { heldUntilMs: number } | undefined> {
    const { records, clock, newId } = this.runtime.ports;
    const holder = newId();
    const { aliveUntilMs } = this;
    const ask = () => records.claim({ ...this.held, holder, aliveUntilMs }, clock.nowMs());
    let answer = await ask();
    // A letter that came back by other means than ours still carries the life it died in: this is its next one.
    while (answer.kind === 'ended' && wasPutBack(answer.record, this.received.message.id)) {
      this.received.redrives += 1;
      this.seenBefore = true;
      answer = await ask();
    }
    if (answer.kind === 'held') {
      this.isElsewhere = true;
      return { heldUntilMs: answer.untilMs };
    }
    if (answer.kind === 'ended') return { ended: answer.record };
    this.holder = holder;
    this.opening = openAttempt(answer.before);
    this.seenBefore ||= answer.before !== undefined;
    if (this.received.redrives === 0) this.stepsSinceMs = answer.before?.firstClaimedAtMs ?? 0;
    return undefined;
  }

  /** Lambda kills the function at its end: nobody runs this task for us after it. */
  get aliveUntilMs(): number {
    return Math.ceil(this.wallMs(this.budget.endMs)) + clockSkewMs;
  }

  /** Of a placed job also those are counted that failed under earlier leases. */
  get attempt(): number {
    const { lease } = this.received;
    return this.opening.attempt + (typeof lease === 'object' ? lease.failures : 0);
  }

  get claimed(): boolean {
    return this.holder !== undefined;
  }

  /** For what needs the task to itself in the midst of a run. Throws an {@link Interruption} where somebody else has it. */
  async ensureClaimed(): Promise<void> {
    if (this.claimed) return;
    // Steps side by side are of one run: they claim it together.
    this.claiming ??= this.claimInRun();
    await this.claiming;
  }

  private async claimInRun(): Promise<void> {
    const taken = await this.claim();
    if (taken === undefined) return;
    throw this.interrupt('heldUntilMs' in taken ? heldElsewhere(this, taken.heldUntilMs) : endedElsewhere(this, taken.ended));
  }

  /** Remembers the first reason, and gives it to be thrown. */
  interrupt(reason: Interruption): Interruption {
    this.interruption ??= reason;
    return this.interruption;
  }
}

/** A dead task's own message may come again, as its end was not told to SQS; any other is its letter, put back. */
const wasPutBack = ({ status, letteredAtMs, deadMessageId }: AttemptRecord, messageId: string) =>
  status === 'dead' && letteredAtMs !== undefined && deadMessageId !== undefined && deadMessageId !== messageId;

/** One that is dead without a letter is looked at once more, for the letter; one of a job, for its report. */
function endedElsewhere({ received }: TaskRun, { status, letteredAtMs }: AttemptRecord): Interruption {
  const unfinished = received.counted !== undefined || (status === 'dead' && letteredAtMs === undefined);
  return new Interruption('another copy of it has ended', unfinished ? 5 : undefined);
}

export function heldElsewhere({ runtime }: TaskRun, untilMs: number): Interruption {
  return new Interruption('another copy of it may still run', Math.max(1, (untilMs - runtime.ports.clock.nowMs()) / 1_000));
}

function idsOf({ runtime, received, attempt }: TaskRun): Record<string, unknown> {
  const { settings } = runtime;
  return {
    stage: settings.stage,
    group: settings.group,
    taskId: received.task,
    ...(received.job === undefined ? {} : { job: received.job }),
    attempt,
    receives: received.message.receives,
    messageId: received.message.id,
  };
}

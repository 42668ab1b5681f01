/**
 * A stage with one permit in virtual time: processes with clocks of their own that crash, are killed at their deadline and
 * whose calls are late, lost or done twice; a queue that hands tasks out again; the permit's item. The code under test is
 * the runtime's own (guard, protocol, decisions). It watches what no process can see: who really holds the permit.
 */

import type { Permits } from '../../../consumer/ports.ts';
import { leasePermits, type PermitStore } from '../../../consumer/runtime/lease-permits.ts';
import { type GuardOptions, PermitGuard, PermitWait } from '../../../consumer/runtime/permit-guard.ts';
import type { PermitState } from '../../../lambdas/domain/task/permit.ts';
import { rankOf, waiterId } from '../../../lambdas/domain/task/permit-line.ts';
import { type Random, seededRandom } from '../../double/aws/random.ts';
import { VirtualClock } from '../../double/virtual-clock.ts';
import { ModelQueue, type Plan, type Task } from './permit-queue.ts';

interface Process {
  task: Task;
  offsetMs: number;
  dead: boolean;
  /** What it was granted last. */
  token: string | undefined;
  /** Its work is over, one way or the other. */
  ended: () => void;
  blockedUntilMs: number;
  /** None of its renewals gets through. */
  cutOff: boolean;
}

export interface Grant {
  /** When the item said so. */
  atMs: number;
  /** How many might hold it then. */
  limit: number;
  /** When the author's code began and ended; it may never have begun. */
  beganMs: number | undefined;
  endedMs: number;
  task: string;
  group: string;
  /** Who stood in line before it, though nothing was left by who did not come. */
  passed: string[];
}

const never = () => new Promise<never>(() => {});
const name = 'gpu';

export class PermitModel {
  readonly clock = new VirtualClock();
  readonly beganMs = this.clock.nowMs();
  /** Told to wait though a place was free. */
  readonly idled: string[] = [];
  readonly #grants = new Map<string, Grant>();
  readonly tasks: Task[];
  readonly queue: ModelQueue;
  #state: PermitState = { limit: 0, version: 0, holders: {}, kept: {}, line: [] };
  #idleSinceMs: number | undefined;
  readonly #plan: Plan;
  readonly #random: Random;
  readonly #waiters = new Map<string, { task: Task; rankMs: number; receipt: string; wakeableMs: number }>();
  #ids = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.queue = new ModelQueue(this.clock, plan, (task, receipt) => this.#runTask(task, receipt));
    this.#random = seededRandom(plan.seed);
    this.tasks = plan.tasks.map((task, at) => ({ ...task, id: `task-${at}`, receives: 0, receipt: '', done: false, visibility: 0 }));
    for (const { atMs, limit } of plan.limits) this.clock.after(atMs, () => this.#set({ ...this.#state, limit }));
    for (const task of this.tasks) this.queue.showLater(task, Math.max(0, task.sentMs));
  }

  get grants(): Grant[] {
    return [...this.#grants.values()];
  }

  /** Grants at which somebody was one too many. From the grant on the code that was granted may run. */
  get tooMany(): string[] {
    const used = this.grants.filter(({ beganMs }) => beganMs !== undefined);
    return used.flatMap(({ atMs, limit, task }) => {
      const holding = used.filter((other) => other.atMs <= atMs && atMs < other.endedMs).length;
      return holding > limit ? [`${task} was one of ${holding} at ${atMs} ms, of ${limit}`] : [];
    });
  }

  get leftOver(): Task[] {
    return this.tasks.filter(({ done }) => !done);
  }

  /** Until every task is done, or so long has passed. */
  async run(hours: number): Promise<this> {
    const endMs = this.beganMs + hours * 3_600_000;
    await this.clock.run(() => this.leftOver.length === 0 || this.clock.nowMs() > endMs);
    return this;
  }

  #set(state: PermitState): void {
    this.#state = state;
    if (Object.keys(state.holders).length >= state.limit) this.#idleSinceMs = undefined;
  }

  get #nowMs(): number {
    return this.clock.nowMs() - this.beganMs;
  }

  get #faulty(): boolean {
    return this.#nowMs < this.#plan.faultsUntilMs;
  }

  #between(least: number, most: number): number {
    return least + this.#random() * (most - least);
  }

  // One attempt at a task, in a process of its own.

  async #runTask(task: Task, receipt: string): Promise<void> {
    const { skewMs, timeoutMs } = this.#plan;
    const offsetMs = this.#between(-skewMs / 2, skewMs / 2);
    const process: Process = {
      task,
      offsetMs,
      dead: false,
      token: undefined,
      ended: () => {},
      blockedUntilMs: 0,
      cutOff: this.#faulty && this.#random() < 0.3,
    };
    const crashMs = this.#faulty && this.#random() < 0.3 ? this.#between(0, timeoutMs) : timeoutMs;
    const died = new Promise<'died'>((resolve) => {
      this.clock.after(crashMs, () => {
        process.dead = true;
        process.ended();
        resolve('died');
      });
    });
    if (this.#faulty && this.#random() < 0.3) this.clock.after(this.#between(0, timeoutMs), () => this.#block(process));
    const seconds = await Promise.race([died, this.#attempt(task, receipt, process, this.clock.nowMs() + offsetMs + timeoutMs)]);
    process.dead = true;
    if (seconds === 'died') return;
    if (seconds === undefined) task.done = true;
    else this.queue.changeVisibility(task, receipt, seconds);
  }

  /** The event loop stands still, for less time than a lease leaves for stopping. */
  #block(process: Process): void {
    process.blockedUntilMs = this.clock.nowMs() + this.#between(0, 2_500);
  }

  /** Seconds after which it comes back; undefined: done. */
  async #attempt(task: Task, receipt: string, process: Process, deadlineMs: number): Promise<number | undefined> {
    await this.clock.sleep(task.prepareMs);
    const lost = new AbortController();
    const guard = new PermitGuard({
      permits: this.#watched(process, leasePermits(this.#storeOf(process), this.#worldOf(process))),
      clock: this.#clockOf(process),
      request: {
        ...{ pipeline: task.group, task: task.id, deadlineMs, queueName: task.group, receiptHandle: receipt },
        ...{ sentAtMs: this.beganMs + task.sentMs, receives: task.receives },
      },
      lose: (reason) => lost.abort(reason),
      warn: () => {},
    });
    try {
      await guard.withPermit(name, () => this.#work(process, lost.signal));
      return undefined;
    } catch (error) {
      // Handing back takes a moment.
      await this.clock.sleep(30);
      return error instanceof PermitWait ? error.seconds : 10;
    }
  }

  async #work(process: Process, lost: AbortSignal): Promise<void> {
    const { task, token } = process;
    const grant = this.#grants.get(token ?? '');
    if (!grant) throw new Error('it works without a permit');
    grant.beganMs = this.#nowMs;
    process.ended = () => {
      grant.endedMs = Math.min(grant.endedMs, this.#nowMs);
    };
    const stopped = new Promise<void>((_resolve, reject) => {
      lost.addEventListener('abort', () => this.clock.after(task.stopMs, () => reject(lost.reason)));
    });
    try {
      await Promise.race([this.clock.sleep(task.workMs), stopped]);
    } finally {
      process.ended();
    }
  }

  #clockOf(process: Process): GuardOptions['clock'] {
    const { clock } = this;
    const fire = (callback: () => void): void => {
      if (process.dead) return;
      const leftMs = process.blockedUntilMs - clock.nowMs();
      if (leftMs > 0) clock.after(leftMs, () => fire(callback));
      else callback();
    };
    return {
      nowMs: () => clock.nowMs() + process.offsetMs,
      after: (milliseconds, callback) => clock.after(milliseconds, () => fire(callback)),
    };
  }

  #worldOf(process: Process) {
    return {
      random: this.#random,
      newId: () => {
        this.#ids += 1;
        return `token-${this.#ids}`;
      },
      sleep: async (milliseconds: number) => {
        await this.clock.sleep(milliseconds);
        if (process.dead) await never();
      },
    };
  }

  // What really holds.

  #watched(process: Process, permits: Permits): Permits {
    return {
      ...permits,
      acquire: async (request, nowMs) => {
        const answer = await permits.acquire(request, nowMs);
        if (answer.kind === 'granted') process.token = answer.token;
        if (answer.kind === 'wait') this.#checkIdle(process.task);
        return answer;
      },
    };
  }

  /**
   * From when somebody sees it, a free place may wait for its claim window, and once more where who it was kept for was busy
   * elsewhere and missed it; for the clocks' difference and a few calls.
   */
  #checkIdle(task: Task): void {
    if (Object.keys(this.#state.holders).length >= this.#state.limit) return;
    this.#idleSinceMs ??= this.#nowMs;
    const idleMs = this.#nowMs - this.#idleSinceMs;
    if (this.#plan.faultsUntilMs === 0 && idleMs > 2 * 10_000 + this.#plan.skewMs + 2_000)
      this.idled.push(`${task.id} was told to wait though a place was idle for ${idleMs} ms`);
  }

  #noteGrants(process: Process, before: PermitState, next: PermitState): void {
    const { task } = process;
    const { limit } = this.#state;
    const now = { atMs: this.#nowMs, limit, beganMs: undefined, endedMs: Number.POSITIVE_INFINITY };
    for (const token of Object.keys(next.holders).filter((held) => !(held in before.holders)))
      this.#grants.set(token, { ...now, task: task.id, group: task.group, passed: this.#passed(task, before, next) });
  }

  #passed(task: Task, before: PermitState, next: PermitState): string[] {
    const id = waiterId(task.group, task.id);
    const nowMs = this.clock.nowMs();
    const missed = Object.values(before.kept).some((untilMs) => untilMs <= nowMs + this.#plan.skewMs);
    if (id in before.kept || missed) return [];
    const sentMs = this.beganMs + task.sentMs;
    const rankMs = before.line.find((waiter) => waiter.id === id)?.rankMs ?? rankOf(sentMs, nowMs);
    return before.line.filter((waiter) => waiter.rankMs < rankMs && next.line.includes(waiter)).map((waiter) => waiter.id);
  }

  // The item, one read or conditional write at a time.

  /** A call: its way there, what it does there, its way back. */
  async #call<T>(process: Process, effect: () => T): Promise<T> {
    await this.clock.sleep(this.#between(1, 20));
    if (process.dead) await never();
    const fate = this.#faulty ? this.#random() : 1;
    if (fate < 0.16) {
      if (fate < 0.04) effect();
      else if (fate < 0.08) this.clock.after(this.#between(0, 70_000), effect);
      else if (fate < 0.12) await never();
      await this.clock.sleep(5_000);
      if (process.dead) await never();
      throw new Error('timed out');
    }
    if (fate < 0.2) effect();
    const answer = effect();
    await this.clock.sleep(this.#between(1, 20) + Math.max(0, process.blockedUntilMs - this.clock.nowMs()));
    if (process.dead) await never();
    return answer;
  }

  #storeOf(process: Process): PermitStore {
    const call = <T>(effect: () => T) => this.#call(process, effect);
    const change = (holders: PermitState['holders']) => this.#set({ ...this.#state, holders, version: this.#state.version + 1 });
    return {
      read: () => call(() => this.#state),
      write: (_name, seen, next) => call(() => this.#write(process, seen, next)),
      extend: async (_name, token, surelyOverMs) => {
        if (process.cutOff) return never();
        return call(() => {
          if ((this.#state.holders[token] ?? Number.POSITIVE_INFINITY) > surelyOverMs) return false;
          change({ ...this.#state.holders, [token]: surelyOverMs });
          return true;
        });
      },
      drop: (_name, token) =>
        call(() => {
          const { [token]: dropped, ...holders } = this.#state.holders;
          if (dropped !== undefined) change(holders);
        }),
      rank: (_name, id) => call(() => this.#waiters.get(id)?.rankMs),
      rememberWaiter: ({ id, rankMs }, { task: taskId, receiptHandle }, wakeableMs) =>
        call(() => {
          const task = this.tasks.find((other) => other.id === taskId);
          if (task) this.#waiters.set(id, { task, rankMs, receipt: receiptHandle, wakeableMs });
        }),
      forgetWaiter: (_name, id) => call(() => void this.#waiters.delete(id)),
      wake: async (_name, id, nowMs) => {
        const waiter = await call(() => this.#waiters.get(id)).catch(() => undefined);
        if (!waiter) return false;
        const seconds = Math.max(0, Math.ceil((waiter.wakeableMs - nowMs) / 1_000));
        return call(() => this.queue.changeVisibility(waiter.task, waiter.receipt, seconds)).catch(() => false);
      },
    };
  }

  #write(process: Process, seen: PermitState, next: PermitState): boolean {
    const { forget } = this.#plan;
    if (forget !== 'version' && seen.version !== this.#state.version) return false;
    if (forget !== 'limit' && seen.limit !== this.#state.limit) return false;
    const before = this.#state;
    this.#set({ ...next, limit: before.limit });
    this.#noteGrants(process, before, next);
    return true;
  }
}

/** What is known of one invocation while it runs. */
import { type TimeBudget, timeBudget } from '../../lambdas/domain/task/time-budget.ts';
import { type Counts, noCounts } from './metrics.ts';
import type { Outcome } from './run-task.ts';
import type { Runtime } from './runtime.ts';
import type { TaskRun } from './task-run.ts';
import type { Stop } from './turn.ts';

export interface Batch {
  runtime: Runtime;
  budget: TimeBudget;
  /** By how much the wall clock is ahead of the monotonic one. */
  wallAheadMs: number;
  /** By the wall clock. */
  deadline: Date;
  counts: Counts;
  started: number;
  /** Set when no further task may start. */
  stopped: { seconds: number; why: string } | undefined;
  holdUntilMs: number;
  /** Message groups in which a task comes back: what follows it must, too. */
  blocked: Set<string>;
  /** Of tasks that have ended, and what becomes of them is being written down. */
  settling: Promise<unknown>[];
  /** Of tasks of jobs, and their end is being reported; the next task need not wait for it. Never rejects. */
  telling: Promise<unknown>[];
  comeBack: string[];
  finished: string[];
  /** Records that were looked at. */
  taken: number;
  /** Set when a task does not end although it was aborted: settles when it does. */
  zombie: Promise<unknown> | undefined;
  /** Has the invocation go on without the task that does not end. */
  giveUp: (run: TaskRun) => void;
  /** The task to abort at the deadline. */
  running: TaskRun | undefined;
  /** Calls off the watch over the deadline; undefined while nobody watches. */
  unwatch: (() => void) | undefined;
}

export function newBatch(runtime: Runtime, remainingMs: number): Batch {
  const { clock } = runtime.ports;
  const nowMs = clock.monotonicMs();
  const wallAheadMs = clock.nowMs() - nowMs;
  const budget = timeBudget(nowMs, remainingMs);
  return {
    runtime,
    budget,
    wallAheadMs,
    deadline: new Date(budget.deadlineMs + wallAheadMs),
    counts: noCounts(),
    started: 0,
    stopped: undefined,
    holdUntilMs: 0,
    blocked: new Set(),
    settling: [],
    telling: [],
    comeBack: [],
    finished: [],
    taken: 0,
    zombie: undefined,
    giveUp: () => {},
    running: undefined,
    unwatch: undefined,
  };
}

export const back = (seconds: number, why: string): Outcome => ({ kind: 'back', seconds, why });

/** No further task starts; what becomes of the one at hand. */
export function stop(batch: Batch, { seconds, why, holdMs }: Stop): Outcome {
  batch.stopped = { seconds, why };
  batch.holdUntilMs = batch.runtime.ports.clock.monotonicMs() + holdMs;
  return back(seconds, why);
}

/** One task from its start to an outcome: runs the author's function, aborts what overruns, and judges what was thrown. */
import { type Failure, judge } from './failure.ts';
import { Interruption } from './interruption.ts';
import { taskContext } from './task-context.ts';
import type { TaskRun } from './task-run.ts';

export type Outcome =
  | { kind: 'done' }
  /** It had ended before: nothing is left to do. */
  | { kind: 'over' }
  /** Comes back without having spent an attempt. */
  | { kind: 'back'; seconds: number; why: string }
  | { kind: 'limited'; retryAfterSeconds: number | undefined; message: string }
  | { kind: 'failed'; failure: Failure };

export interface Ran {
  outcome: Outcome;
  /** The author's function still runs although it was aborted: the invocation must not end before it does. */
  zombie: Promise<unknown> | undefined;
}

export async function runTask(run: TaskRun, body: unknown): Promise<Ran> {
  const { ports, definition } = run.runtime;
  const context = taskContext(run);
  const callOff = ports.clock.after(context.remainingMs(), () => run.abort.abort(new Overrun()));
  const work = settled(async () => definition.task(body, context));
  try {
    const end = await Promise.race([work, longAfterAbort(run)]);
    if (end !== undefined) return { outcome: outcomeOf(run, end), zombie: undefined };
    return { outcome: { kind: 'failed', failure: overrunFailure(run) }, zombie: work };
  } finally {
    callOff();
  }
}

type End = { threw: false } | { threw: true; error: unknown };

/** The reason of the abort; what is thrown because of it is no failure of its own. */
class Overrun extends Error {
  constructor() {
    super('the task was still running when its time was over');
    this.name = 'AbortError';
  }
}

async function settled(work: () => Promise<unknown>): Promise<End> {
  try {
    await work();
    return { threw: false };
  } catch (error) {
    return { threw: true, error };
  }
}

/** Resolves to nothing when an aborted task has had its time to tidy up. */
function longAfterAbort({ abort, budget, runtime }: TaskRun): Promise<undefined> {
  return new Promise((resolve) => {
    const graceMs = (budget.lastWordsMs - budget.deadlineMs) / 2;
    abort.signal.addEventListener('abort', () => runtime.ports.clock.after(graceMs, () => resolve(undefined)), { once: true });
  });
}

function outcomeOf(run: TaskRun, end: End): Outcome {
  const interruption = run.interruption ?? (end.threw && end.error instanceof Interruption ? end.error : undefined);
  if (interruption) return interrupted(interruption);
  if (!end.threw) return { kind: 'done' };
  const { reason } = run.abort.signal;
  if (reason instanceof Overrun && isAbort(end.error, reason)) return { kind: 'failed', failure: overrunFailure(run) };
  return judge(end.error, run.runtime.definition.classify, stepOf(run, end.error), run.runtime.ports.clock.nowMs());
}

const interrupted = ({ comeBackSeconds, message }: Interruption): Outcome =>
  comeBackSeconds === undefined ? { kind: 'over' } : { kind: 'back', seconds: comeBackSeconds, why: message };

const isAbort = (error: unknown, reason: Error) =>
  error === reason || (error instanceof Error && (error.name === 'AbortError' || error.cause === reason));

function overrunFailure(run: TaskRun): Failure {
  const seconds = Math.round((run.budget.deadlineMs - run.startedMs) / 100) / 10;
  const message = `aborted after ${seconds} s, when its time was over: raise function.timeout, or do less in one task`;
  return { class: 'RESOURCE', message, stack: undefined, step: run.currentStep, retryAfterSeconds: undefined };
}

/** The step an error came out of, also where it was wrapped on its way. */
function stepOf(run: TaskRun, error: unknown, depth = 0): string | undefined {
  if (typeof error !== 'object' || error === null || depth > 10) return undefined;
  return run.stepOfError.get(error) ?? ('cause' in error ? stepOf(run, error.cause, depth + 1) : undefined);
}

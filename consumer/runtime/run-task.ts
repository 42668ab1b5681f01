/** From how the author's function ended to an outcome: judges what was thrown. */
import { type Failure, judge, messageOf } from './failure.ts';
import { Interruption } from './interruption.ts';
import { HandedOn } from './pending.ts';
import type { TaskRun } from './task-run.ts';

export type Outcome =
  | { kind: 'done'; value?: unknown }
  /** Of a placed job: somebody else does the work. */
  | { kind: 'pending'; note: string | undefined }
  /** Of a placed job: its lease is not ours, so nobody would hear what became of it. */
  | { kind: 'lost'; why: string }
  /** Its job was cancelled before it could start. */
  | { kind: 'cancelled' }
  /** It had ended before: nothing is left to do. */
  | { kind: 'over' }
  /** Comes back without having spent an attempt. */
  | { kind: 'back'; seconds: number; why: string /** Asked once it is handed back. */; isDueNow?: (() => Promise<boolean>) | undefined }
  | { kind: 'limited'; retryAfterSeconds: number | undefined; message: string }
  /** `stillRuns`: it was aborted, and its code may go on until Lambda ends the function. */
  | { kind: 'failed'; failure: Failure; stillRuns?: true };

/** How the author's function ended; or `overrun`: it still runs, long after it was aborted. */
export type End = { kind: 'returned'; value?: unknown } | { kind: 'threw'; error: unknown } | { kind: 'overrun' };

/** The reason of the abort; what is thrown because of it is no failure of its own. */
export class Overrun extends Error {
  /** Whose time is over: the invocation's, or its own. */
  readonly of: 'invocation' | 'task';

  constructor(of: Overrun['of']) {
    super('the task was still running when its time was over');
    this.name = 'AbortError';
    this.of = of;
  }
}

const done: Outcome = { kind: 'done' };

export function outcomeOf(run: TaskRun, end: End): Outcome {
  const lost = run.lease?.lost;
  if (lost !== undefined) return { kind: 'lost', why: lost };
  if (end.kind === 'overrun') return { kind: 'failed', failure: ignoredAbort(run), stillRuns: true };
  const interruption = run.interruption ?? (end.kind === 'threw' && end.error instanceof Interruption ? end.error : undefined);
  if (interruption) return interrupted(interruption);
  if (end.kind === 'returned') return returned(end);
  const { reason } = run.signal;
  if (reason instanceof Overrun && isAbort(end.error, reason)) return { kind: 'failed', failure: overrunFailure(run, reason) };
  return judge(end.error, run.runtime.definition.classify, stepOf(run, end.error), run.runtime.ports.clock.nowMs());
}

const returned = (end: End & { kind: 'returned' }): Outcome => {
  if (!('value' in end)) return done;
  return end.value instanceof HandedOn ? { kind: 'pending', note: end.value.note } : { kind: 'done', value: end.value };
};

const interrupted = ({ comeBackSeconds, message, isDueNow }: Interruption): Outcome =>
  comeBackSeconds === undefined ? { kind: 'over' } : { kind: 'back', seconds: comeBackSeconds, why: message, isDueNow };

const isAbort = (error: unknown, reason: Error) =>
  error === reason || (error instanceof Error && (error.name === 'AbortError' || error.cause === reason));

/** Of a task that went on although it was aborted: as its time was over, or its permit was lost. */
function ignoredAbort(run: TaskRun): Failure {
  const { reason } = run.signal;
  if (reason instanceof Overrun) return overrunFailure(run, reason);
  return { class: 'TRANSIENT', message: messageOf(reason), stack: undefined, step: run.currentStep, retryAfterSeconds: undefined };
}

function overrunFailure(run: TaskRun, reason: Overrun): Failure {
  const seconds = Math.round((run.deadlineMs - run.startedMs) / 100) / 10;
  const why =
    reason.of === 'task'
      ? `at its deadline (${run.deadline.toISOString()}): give it more time, or do less in one task`
      : 'when its time was over: raise function.timeout, or do less in one task';
  const message = `aborted after ${seconds} s, ${why}`;
  return { class: 'RESOURCE', message, stack: undefined, step: run.currentStep, retryAfterSeconds: undefined };
}

/** The step an error came out of, also where it was wrapped on its way. */
function stepOf(run: TaskRun, error: unknown, depth = 0): string | undefined {
  if (typeof error !== 'object' || error === null || depth > 10) return undefined;
  return run.stepOfError?.get(error) ?? ('cause' in error ? stepOf(run, error.cause, depth + 1) : undefined);
}

/**
 * Whether a task may start at all: whose it is, whether its job was cancelled, what became of the attempt before, whether
 * its deadline has passed. Asked before its turn; calls that need not wait for each other go together.
 */
import { isExhausted } from '../../lambdas/domain/task/attempt.ts';
import { patienceSeconds } from '../../lambdas/domain/task/back-off.ts';
import { type Batch, back, stop } from './batch.ts';
import type { JobLease } from './job-lease.ts';
import { countsOf } from './metrics.ts';
import type { Outcome } from './run-task.ts';
import { sendMissingLetter, setAsideSilent } from './set-aside.ts';
import { settleEnded } from './settle.ts';
import { heldElsewhere, type TaskRun } from './task-run.ts';
import { type Recorded, tellRetrying } from './tell.ts';
import { planTurn } from './turn.ts';

/** An outcome to settle, or what is left to do of an end that was begun before. */
export type Ended = Outcome | (() => Recorded | Promise<Recorded>);

/** A word about its job that is older than this is asked for again before the start. */
const freshMs = 1_000;

/** Undefined: it may start, once it is its turn. */
export async function openTask(batch: Batch, run: TaskRun): Promise<Ended | undefined> {
  if (run.received.lease === 'unreadable') return { kind: 'lost', why: unreadable };
  const found = isClaimedFirst(run) ? await claimed(batch, run) : await lookAtJob(run);
  const ended = found ?? endedSilently(batch, run);
  return ended ?? (run.lease ? leased(run, run.lease) : undefined);
}

const unreadable = 'how to work for it cannot be read: release the consumer with the library of the stage';

/** Undefined: the job is ours to work for. */
async function leased({ received }: TaskRun, lease: JobLease): Promise<Outcome | undefined> {
  const state = await lease.begin();
  if (state === 'held') return undefined;
  if (state === 'lost') return { kind: 'lost', why: lease.lost ?? '' };
  return back(Math.max(5, patienceSeconds(received.message.receives)), 'its job does not answer');
}

/** Most tasks whose duplicates may run wait for no call before they start. */
export const mustBeOpened = (run: TaskRun) => isClaimedFirst(run) || run.received.counted !== undefined;

/** A task nobody has seen before needs no record, where its duplicates may run; but one that must not run twice has one, for its crash, and so has a placed one. */
const isClaimedFirst = ({ runtime, received }: TaskRun) =>
  runtime.definition.keepDoneSeconds !== undefined ||
  received.message.receives > 1 ||
  received.redrives > 0 ||
  received.lease !== undefined ||
  runtime.settings.retry.maxRetries === 0;

/** Takes the task, unless no time is left to run it in. Undefined: it is ours, and its job goes on. */
async function claimed(batch: Batch, run: TaskRun): Promise<Ended | undefined> {
  // Its claim and the first look at the group's cooling are on their way together; but whoever says that he works for a
  // placed job must know that he can. One that is late needs no turn.
  const turn = overdue(run) ? undefined : await planTurn(batch.runtime, batch.budget, batch.started === 0, !run.lease);
  if (turn?.kind === 'stop') return stop(batch, turn);
  // Both are waited for: who has claimed it must know, also where the other has failed.
  const [claim, cancelled] = await Promise.allSettled([run.claim(), isCancelled(run)]);
  if (claim.status === 'rejected') return tableSilent(run, claim.reason);
  const taken = claim.value;
  if (taken === undefined) {
    if (cancelled.status === 'rejected') return tableSilent(run, cancelled.reason);
    return cancelled.value ? { kind: 'cancelled' } : undefined;
  }
  if ('heldUntilMs' in taken) return back(heldElsewhere(run, taken.heldUntilMs).comeBackSeconds ?? 1, 'another copy of it may still run');
  const { ended } = taken;
  if (ended.status === 'dead' && ended.letteredAtMs === undefined && !run.lease) return () => sendMissingLetter(run, ended);
  return () => settleEnded(run, ended, batch.counts);
}

/** Undefined: its job goes on, or it has none. */
export async function lookAtJob(run: TaskRun): Promise<Outcome | undefined> {
  try {
    return (await isCancelled(run)) ? { kind: 'cancelled' } : undefined;
  } catch (error) {
    return tableSilent(run, error);
  }
}

/** After a task had to wait: its job may have been cancelled meanwhile. */
export const isWordStale = ({ received, runtime, lookedMs }: TaskRun) =>
  received.counted !== undefined && runtime.ports.clock.monotonicMs() - lookedMs > freshMs;

async function isCancelled(run: TaskRun): Promise<boolean> {
  const { counted } = run.received;
  const { clock, jobStates } = run.runtime.ports;
  if (counted === undefined) return false;
  run.lookedMs = clock.monotonicMs();
  return jobStates.isCancelled(counted.job);
}

/** Without the record nobody may run it: it could be done already, or its job cancelled. */
function tableSilent(run: TaskRun, error: unknown): Outcome {
  run.log().error('the tasks table does not answer: the task comes back', { error });
  return back(Math.max(5, patienceSeconds(run.received.message.receives)), 'the tasks table does not answer');
}

/** Where the attempt before ended without a word. Undefined: it did not, or another one is left. */
function endedSilently({ runtime, counts }: Batch, run: TaskRun): Ended | undefined {
  const { silent, attempt } = run.opening;
  if (!silent) return undefined;
  const { class: errorClass, message } = silent;
  countsOf(counts, errorClass).failed += 1;
  run.log().warn(message, { class: errorClass, attempt: silent.attempt });
  if (!run.lease && !isExhausted(runtime.settings.retry, attempt)) {
    tellRetrying(run, silent);
    return undefined;
  }
  if (!run.lease) countsOf(counts, errorClass).deadLettered += 1;
  return () => setAsideSilent(run, silent);
}

/** A task whose deadline has passed has failed, and no attempt can follow. */
export function overdue(run: TaskRun): Outcome | undefined {
  const { deadlineMs } = run.received;
  if (deadlineMs === undefined || run.runtime.ports.clock.nowMs() < deadlineMs) return undefined;
  const message = `its deadline (${new Date(deadlineMs).toISOString()}) had passed before it could start`;
  return { kind: 'failed', failure: { class: 'RESOURCE', message, stack: undefined, step: undefined, retryAfterSeconds: undefined } };
}

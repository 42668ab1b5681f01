/**
 * When a queue is empty enough to take away. Pure.
 *
 * SQS's counts are approximate and may be zero for minutes while messages exist, and the policy that denies sending
 * takes up to a minute to be in force. So: three looks in a row, each a while after the one before and the first a
 * while after the denial, must all find nothing visible, in flight or delayed.
 */
import type { DrainState } from '../contract/pipeline-row.ts';

export const emptyLooksNeeded = 3;

export interface DrainLook {
  nowMs: number;
  queueUrl: string;
  messages: number;
  /** Messages in the dead-letter queue, approximate too: seen once, it is kept. */
  deadLetters: number;
  /** Whether a mapping works the queue off; without one, what is queued stays. */
  workedOff: boolean;
  /** Why it is not worked off, for the status. */
  idleBecause?: string | undefined;
  lookSeconds: number;
}

export type DrainVerdict =
  | { kind: 'drained'; keepDeadLetters: boolean }
  | { kind: 'draining'; state: DrainState; againSeconds: number; message: string }
  /** Nothing works the queue off: only a change by the user ends this. */
  | { kind: 'stuck'; state: DrainState; message: string };

export function decideDrain(before: DrainState | undefined, look: DrainLook): DrainVerdict {
  const fresh = { queueUrl: look.queueUrl, startedAtMs: look.nowMs, emptyLooks: 0, deadLettersSeen: false };
  const last: DrainState = before?.queueUrl === look.queueUrl ? before : fresh;
  const state = { ...last, deadLettersSeen: last.deadLettersSeen || look.deadLetters > 0 };
  if (look.messages > 0) return notEmpty(state, look);
  const dueMs = (state.lastLookAtMs ?? state.startedAtMs) + look.lookSeconds * 1_000;
  // A look too soon after the last (another hint came) says nothing new. A little early is on time: visibility is in whole seconds.
  if (look.nowMs < dueMs - 500) return waitFor(state, Math.ceil((dueMs - look.nowMs) / 1_000));
  const emptyLooks = state.emptyLooks + 1;
  if (emptyLooks >= emptyLooksNeeded) return { kind: 'drained', keepDeadLetters: state.deadLettersSeen };
  return waitFor({ ...state, emptyLooks, lastLookAtMs: look.nowMs }, look.lookSeconds);
}

function notEmpty(before: DrainState, look: DrainLook): DrainVerdict {
  const state = { ...before, emptyLooks: 0, lastLookAtMs: look.nowMs };
  const left = `${look.messages} message${look.messages === 1 ? '' : 's'} left`;
  if (look.workedOff) return { kind: 'draining', state, againSeconds: look.lookSeconds, message: `${left}, sending is denied` };
  return { kind: 'stuck', state, message: `${left}, but ${look.idleBecause ?? 'nothing works them off'}` };
}

function waitFor(state: DrainState, againSeconds: number): DrainVerdict {
  return {
    kind: 'draining',
    state,
    againSeconds,
    message: `nothing left in ${state.emptyLooks} of ${emptyLooksNeeded} looks, sending is denied`,
  };
}

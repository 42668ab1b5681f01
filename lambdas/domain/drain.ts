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
  /** Another hint came between two looks: the look that is due is on its way. */
  | { kind: 'early' }
  | { kind: 'drained'; keepDeadLetters: boolean }
  | { kind: 'draining'; state: DrainState; againSeconds: number; message: string }
  /** Nothing works the queue off: only a change by the user ends this. */
  | { kind: 'stuck'; state: DrainState; message: string };

export function decideDrain(before: DrainState | undefined, look: DrainLook): DrainVerdict {
  const started = before?.queueUrl === look.queueUrl ? before : undefined;
  if (started && !isDue(started, look.nowMs, look.lookSeconds)) return { kind: 'early' };
  const last = started ?? { queueUrl: look.queueUrl, startedAtMs: look.nowMs, emptyLooks: 0, deadLettersSeen: false, watched: true };
  const state: DrainState = {
    ...last,
    deadLettersSeen: last.deadLettersSeen || look.deadLetters > 0,
    lastLookAtMs: look.nowMs,
    watched: true,
  };
  if (look.messages > 0) return notEmpty(state, look);
  // The first look only starts the clock: what was sent just before sending was denied may not be counted yet.
  const emptyLooks = started ? state.emptyLooks + 1 : 0;
  if (emptyLooks >= emptyLooksNeeded) return { kind: 'drained', keepDeadLetters: state.deadLettersSeen };
  const message = `nothing left in ${emptyLooks} of ${emptyLooksNeeded} looks, sending is denied`;
  return { kind: 'draining', state: { ...state, emptyLooks }, againSeconds: look.lookSeconds, message };
}

/** Whether a look of this drain is due; before that nothing need be looked at. */
export const isDue = (drain: DrainState, nowMs: number, lookSeconds: number) => !drain.watched || nowMs >= dueMs(drain, lookSeconds);

/** A little early is on time: visibility is in whole seconds. */
const dueMs = (drain: DrainState, lookSeconds: number) => (drain.lastLookAtMs ?? drain.startedAtMs) + lookSeconds * 1_000 - 500;

function notEmpty(before: DrainState, look: DrainLook): DrainVerdict {
  const state = { ...before, emptyLooks: 0 };
  const left = `${look.messages} message${look.messages === 1 ? '' : 's'} left`;
  if (look.workedOff) return { kind: 'draining', state, againSeconds: look.lookSeconds, message: `${left}, sending is denied` };
  return { kind: 'stuck', state: { ...state, watched: false }, message: `${left}, but ${look.idleBecause ?? 'nothing works them off'}` };
}

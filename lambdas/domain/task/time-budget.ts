/** What fits into an invocation. Pure; all in milliseconds of one clock. */

export interface TimeBudget {
  /** When tasks are aborted. */
  deadlineMs: number;
  /** When the last words must be out: after it only Lambda's kill is left. */
  lastWordsMs: number;
  /** When Lambda kills the function. */
  endMs: number;
}

/** Kept back at the end for aborting, recording and handing back: a tenth of the invocation, within bounds. */
const reserve = { share: 0.1, leastMs: 300, mostMs: 3_000 };

export function timeBudget(nowMs: number, remainingMs: number): TimeBudget {
  const kept = Math.min(reserve.mostMs, Math.max(reserve.leastMs, remainingMs * reserve.share), remainingMs / 2);
  return { deadlineMs: nowMs + remainingMs - kept, lastWordsMs: nowMs + remainingMs - kept / 2, endMs: nowMs + remainingMs };
}

/** What comes before the first start of an invocation, at most: a claim, a look at the group's cooling. */
const opening = { share: 0.05, mostMs: 1_000 };

/** How long the starts of an invocation may be spread, for all of them to fit into it. */
export const longestHoldMs = (timeoutMs: number) =>
  timeBudget(0, timeoutMs).deadlineMs - Math.min(opening.mostMs, opening.share * timeoutMs);

/**
 * Whether a task may still start at `startMs`: its hold must end before the deadline, and so must the task if it takes
 * `expectedMs`. The first task of an invocation that need not wait always starts: else one that takes longer than
 * an invocation would be handed back for ever.
 */
export function fits(budget: TimeBudget, start: { startMs: number; spacingMs: number; expectedMs: number; first: boolean }): boolean {
  const { startMs, spacingMs, expectedMs, first } = start;
  if (startMs + spacingMs > budget.deadlineMs) return false;
  return first || startMs + expectedMs < budget.deadlineMs;
}

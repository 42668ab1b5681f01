/**
 * Rate without counters: at most `concurrency` invocations run at once; if each starts its tasks at least
 * `concurrency / ratePerSecond` apart, and lasts that long after its last start, the group starts at most
 * `ratePerSecond` tasks a second, whatever environments Lambda keeps. Pure; time is monotonic milliseconds.
 */

export interface Rate {
  ratePerSecond: number;
  concurrency: number;
}

/** Least milliseconds between two starts of one invocation; 0 without a rate. */
export const spacingMs = (rate: Rate | undefined) => (rate === undefined ? 0 : (rate.concurrency / rate.ratePerSecond) * 1_000);

/** When this environment may start its next task. */
export interface Turns {
  readonly spacingMs: number;
  nextStartMs: number;
}

/**
 * A fresh environment may have the place of one that died early, whose last start nobody knows: it waits one spacing.
 */
export const firstTurns = (rate: Rate | undefined, nowMs: number): Turns => ({
  spacingMs: spacingMs(rate),
  nextStartMs: nowMs + spacingMs(rate),
});

/** To be called at the very start of a task. */
export function takeTurn(turns: Turns, nowMs: number): void {
  turns.nextStartMs = nowMs + turns.spacingMs;
}

/** Of a spacing, at most: a task that computes before its first wait must not slow its group down. */
const enteringShare = 0.04;

/**
 * To be called when the author's function was entered and gave back control. Between taking the turn and its first line
 * a process may have had to wait for a CPU; the next start keeps its distance to when this one really was.
 */
export function enteredTask(turns: Turns, nowMs: number): void {
  const takenMs = turns.nextStartMs - turns.spacingMs;
  turns.nextStartMs += Math.min(Math.max(0, nowMs - takenMs), turns.spacingMs * enteringShare);
}

/**
 * The control-plane budget as arithmetic: a generic cell rate over one number, the theoretical arrival time (TAT) of
 * the next call. Pure; `aws/control-plane-budget.ts` keeps the number.
 *
 * Priority: how far ahead a class may book. Changes may book far ahead, rollouts only when the next free moment is
 * near, sweeps only when it is nearer still; so a lower class gets what the higher leaves, all of it.
 */

import { controlPlaneCallsPerSecond } from '../contract/limits.ts';
import type { HintClass } from '../contract/messages.ts';

export const bookingHorizonMs: Record<HintClass, number> = { change: 15_000, rollout: 1_200, sweep: 400 };

export interface Pace {
  intervalMs: number;
  /** How early a call may be against the even pace: lets an idle budget serve a few calls at once. */
  toleranceMs: number;
}

/** At most `callsPerSecond`, with a burst that keeps any second within AWS's own 15. */
export function paceOf(callsPerSecond: number): Pace {
  const intervalMs = 1_000 / callsPerSecond;
  const burst = Math.max(0, Math.min(3, controlPlaneCallsPerSecond - 1 - callsPerSecond));
  return { intervalMs, toleranceMs: burst * intervalMs };
}

/** When a call booked at `bookedTatMs` (the TAT after it) may go out. */
export const startOf = (pace: Pace, bookedTatMs: number, nowMs: number) =>
  Math.max(nowMs, bookedTatMs - pace.intervalMs - pace.toleranceMs);

/** How long a class must wait before it may try to book again; 0: now. */
export function mustWaitMs(pace: Pace, tatMs: number, nowMs: number, horizonMs: number): number {
  return Math.max(0, tatMs - pace.toleranceMs - nowMs - horizonMs);
}

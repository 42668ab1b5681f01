/** How fast dead letters are put back. Pure. */
import { queueLimits } from '../../lambdas/contract/limits.ts';

export const ratePerSecond = { default: 50, min: 0.01, max: 3_000 } as const;

/** Messages a call takes: as many as it may, but no more at once than a second's share. */
export const batchSize = (rate: number) => Math.max(1, Math.min(queueLimits.batchEntries, Math.floor(rate)));

/** When the next call may start, after one of `sent` messages that was due at `dueMs` and started at `startedMs`. */
export const nextDueMs = (dueMs: number, startedMs: number, sent: number, rate: number) =>
  Math.max(dueMs, startedMs) + (sent / rate) * 1_000;

/** A page of letters is hidden until it is dealt with, and those passed over until the end. */
export const hiddenSeconds = (rate: number) =>
  Math.min(queueLimits.visibilityTimeoutSeconds.max, 900 + Math.ceil((2 * batchSize(rate)) / rate));

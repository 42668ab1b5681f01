/** How long a permit is held without a word, and when its holder must have stopped. Pure. */
import { clockSkewMs } from '../../contract/task-table.ts';

/** A lease is this long by default; crashed holders of long-running functions keep others out for as long, at most. */
const defaultLeaseMs = 60_000;

/** Renewals of all holders are one item's writes, which DynamoDB limits: with 1,000 holders, 600 s keep them to five a second. */
const leaseMsPerPlace = 600;

/** Leases are renewed each third of them; where that fails, it is tried again each twelfth. */
const renewals = { share: 3, retryShare: 12 };

/** Time between the abort of a task whose lease cannot be renewed and the end of the lease, for its code to stop; of a short lease a tenth. */
const stoppingMs = 3_000;

/**
 * When the lease ends for the holder, by its own clock. Never after its deadline, when Lambda ends it anyway.
 * `wishedMs`: how long it wants to be able to go without renewing, e.g. as its code blocks the event loop.
 */
export function leaseEndMs(nowMs: number, deadlineMs: number, limit: number, wishedMs: number | undefined): number {
  return Math.min(deadlineMs, nowMs + (wishedMs ?? Math.max(defaultLeaseMs, limit * leaseMsPerPlace)));
}

/** When it ends for everybody else: late enough that by the slowest clock the holder has stopped. */
export const surelyOverMs = (endMs: number) => endMs + clockSkewMs;
/** The other way round. */
export const holderEndMs = (overMs: number) => overMs - clockSkewMs;

export interface HeldLease {
  /** When it was last taken or renewed, the call's beginning. */
  fromMs: number;
  /** Its end for the holder. */
  untilMs: number;
  deadlineMs: number;
}

export interface RenewalTimes {
  firstMs: number;
  retryAfterMs: number;
  /** Then the task is aborted, unless it was renewed. */
  loseMs: number;
}

/** Undefined where there is nothing to renew: Lambda itself ends the holder at the end of the lease. */
export function renewalTimes({ fromMs, untilMs, deadlineMs }: HeldLease): RenewalTimes | undefined {
  if (untilMs >= deadlineMs) return undefined;
  const lengthMs = untilMs - fromMs;
  return {
    firstMs: fromMs + lengthMs / renewals.share,
    retryAfterMs: Math.max(1, lengthMs / renewals.retryShare),
    loseMs: untilMs - Math.min(stoppingMs, lengthMs / 10),
  };
}

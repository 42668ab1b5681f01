/** When a failed task comes back. Pure. */
import { queueLimits } from '../../contract/limits.ts';

export interface RetryRule {
  maxRetries: number;
  baseSeconds: number;
  capSeconds: number;
}

/**
 * Whole seconds before retry `retry` (1 for the first): base, doubled each time, up to the cap; of that half for
 * certain and half by `random` (0 up to 1), so that tasks that failed together do not come back together.
 */
export function backOffSeconds({ baseSeconds, capSeconds }: RetryRule, retry: number, random: number): number {
  const full = Math.min(capSeconds, baseSeconds * 2 ** Math.min(retry - 1, 30));
  const least = Math.ceil(full / 2);
  return least + Math.floor(random * (full - least + 1));
}

/** Seconds a group cools after its `streak`th refusal in a row that did not say how long: 5, 10, 20 … 300. */
export function coolingSeconds(streak: number): number {
  return Math.min(300, 5 * 2 ** Math.min(Math.max(streak - 1, 0), 10));
}

/**
 * What SQS takes as visibility: whole seconds, never before the time is over. At most 12 hours counted from the receive
 * (SQS/sqs-visibility-timeout), of which the invocation may have used 15 minutes.
 */
export function visibilitySeconds(seconds: number): number {
  return Math.min(queueLimits.visibilityTimeoutSeconds.max - 900, Math.max(0, Math.ceil(seconds)));
}

/**
 * Least seconds before a task comes back that came for the `receives`th time and was not tried: nothing for the first
 * 20, then 5, doubled every ten more, up to half an hour. So 1,000 receives, all SQS allows, last longer than the 14 days
 * it keeps a task.
 */
export function patienceSeconds(receives: number): number {
  return receives <= 20 ? 0 : Math.min(1_800, 5 * 2 ** Math.floor((receives - 20) / 10));
}

/** When it is worth looking at a job again. Pure. */
import type { Job } from '../../contract/job.ts';

const shortestSeconds = 1;
const longestSeconds = 30;
const ordinarySeconds = 2;

/** Seconds: a quarter of what is left, so that four looks or so see the end soon after it. */
export function retryAfterSeconds(
  { status, runAt, estimatedEndAt }: Pick<Job, 'status' | 'runAt' | 'estimatedEndAt'>,
  nowMs: number,
): number {
  const leftMs = status === 'PENDING' ? msUntil(runAt, nowMs) : msUntil(estimatedEndAt, nowMs) / 4;
  if (!(leftMs > 0)) return ordinarySeconds;
  return Math.min(longestSeconds, Math.max(shortestSeconds, Math.ceil(leftMs / 1_000)));
}

const msUntil = (moment: string | undefined, nowMs: number) => (moment === undefined ? 0 : Date.parse(moment) - nowMs);

/** How much each running job of a target may send now, by what the target was measured to work off. */
import type { JobServices } from '../aws/jobs/job-services.ts';
import type { PaceRow } from '../contract/job-table.ts';
import { allowances, type Capacity, depthBeside, depthFor, firstDepth, smoothedRate } from '../domain/job/depth.ts';
import { outstanding, processed } from '../domain/job/ending.ts';
import type { RunningJob } from './look-at-target.ts';
import type { TargetState } from './target-state.ts';

/** Too short to tell a rate by. */
const shortestMeasureMs = 500;

export async function roomFor(
  services: JobServices,
  state: Extract<TargetState, { kind: 'group' | 'function' }>,
  target: string,
  jobs: readonly RunningJob[],
): Promise<Map<string, number>> {
  const comingBack = jobs.reduce((total, { counts }) => total + counts.retrying, 0);
  const depth =
    state.kind === 'function'
      ? Number.POSITIVE_INFINITY
      : depthBeside(comingBack, await measuredDepth(services, state.capacity, target, jobs));
  const sharers = jobs.map(({ row, counts }) => ({
    job: row.job,
    priority: row.priority,
    outstanding: outstanding(row, counts),
    left: leftOf({ row, counts }, services.clock.nowMs()),
    ...(state.kind === 'function' ? { most: row.maxOutstanding } : {}),
  }));
  const allowed = allowances(sharers, depth);
  // Of a file in which few are to be sent, more is read at once where they all have room.
  for (const [i, { job, left }] of sharers.entries())
    if ((jobs[i]?.row.life ?? 0) > 0 && (allowed.get(job) ?? 0) >= left) allowed.set(job, Number.POSITIVE_INFINITY);
  return allowed;
}

/**
 * At most this many are left to be sent: those that were not yet, those that come back, and in a further life those that
 * failed. Never 0 before the file's end was found, or nobody would look for it; what was put aside waits for its time.
 */
function leftOf({ row, counts }: RunningJob, nowMs: number): number {
  const { total = 0, sentAll, life } = row;
  if (sentAll && (row.nextLookMs ?? 0) > nowMs) return 0;
  const unsent = total - processed(counts) - outstanding(row, counts);
  return Math.max(1, unsent + (sentAll || life === 0 ? 0 : counts.failed));
}

async function measuredDepth(services: JobServices, capacity: Capacity, target: string, jobs: readonly RunningJob[]): Promise<number> {
  const { dispatchState, clock } = services;
  const nowMs = clock.nowMs();
  const before = await dispatchState.pace(target);
  // What ended without having been sent says nothing of the target.
  const now = Object.fromEntries(jobs.map(({ row, counts }) => [row.job, processed(counts) - counts.unsent]));
  if (before === undefined) {
    const depth = firstDepth(capacity);
    await dispatchState.keepPace(target, { ratePerSecond: 0, processed: now, measuredAtMs: nowMs, depth });
    return depth;
  }
  const ended = endedSince(before, now);
  const seconds = (nowMs - before.measuredAtMs) / 1_000;
  const onQueue = jobs.reduce((total, { row, counts }) => total + outstanding(row, counts), 0);
  // Looks that follow each other closely say nothing new.
  if (seconds * 1_000 < shortestMeasureMs) return before.depth;
  // An idle target has not become slow: it is measured from now on.
  if (ended === 0 && onQueue === 0) {
    const depth = Math.max(before.depth, firstDepth(capacity));
    await dispatchState.keepPace(target, { ...before, depth, processed: now, measuredAtMs: nowMs });
    return depth;
  }
  const known = before.ratePerSecond === 0 ? undefined : before.ratePerSecond;
  const ratePerSecond = smoothedRate(known, ended, seconds);
  const hadMore = jobs.some(({ row }) => row.job in before.processed && !row.sentAll);
  const ranDry = ended > 0 && onQueue < before.depth / 8 && hadMore;
  const depth = depthFor(capacity, { ratePerSecond, depth: before.depth }, ranDry);
  await dispatchState.keepPace(target, { ratePerSecond, processed: now, measuredAtMs: nowMs, depth });
  return depth;
}

/** A job that was not there the last time began at 0, or goes on from where nobody looked: its first measure is the next. */
const endedSince = ({ processed: before }: PaceRow, now: Record<string, number>) =>
  Object.entries(now).reduce((sum, [job, count]) => sum + Math.max(0, count - (before[job] ?? count)), 0);

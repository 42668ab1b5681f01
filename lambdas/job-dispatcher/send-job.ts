/**
 * Sends what there is room for of one job: first tasks that were put aside and are due, then the next ones of its file.
 * Returns whether there is more to do at once.
 */
import { closeJob } from '../aws/jobs/follow-up.ts';
import { isOver, outstanding, processed } from '../domain/job/ending.ts';
import { graceMs } from '../domain/job/overdue.ts';
import type { DispatchServices } from './dispatch-services.ts';
import { JobSending, type SendableTarget, type SendingTime } from './job-sending.ts';
import type { RunningJob } from './look-at-target.ts';
import { sendFile } from './send-file.ts';
import { sendLater } from './send-later.ts';

export async function sendJob(
  services: DispatchServices,
  target: SendableTarget,
  { row }: RunningJob,
  allowance: number,
  time: SendingTime,
): Promise<boolean> {
  const sending = new JobSending(services, target, row, time);
  const { deadlineMs } = row;
  if (deadlineMs !== undefined && deadlineMs <= sending.asOfMs) {
    // Nothing of it begins any more, and a look after a while ends it.
    await leave(sending, row.sentAll);
    return false;
  }
  const left = allowance - (await sendLater(sending, allowance));
  const stopped = left > 0 && !row.sentAll ? await sendFile(sending, left) : 'allowance';
  const more = await leave(sending, row.sentAll || stopped === 'end');
  return more || (stopped === 'time' && left > 0);
}

/** Writes down when to look again and when to send more; closes the job where nothing of it is left. */
async function leave(sending: JobSending, sentAll: boolean): Promise<boolean> {
  const { services, row: before, target, asOfMs } = sending;
  const looked = await services.jobs.look(before.job);
  if (looked === undefined || looked.row.status !== 'RUNNING') return false;
  const { counts } = looked;
  const laterMs = await services.dispatchState.nextDueMs(before.job);
  const nextChunkMs = sending.row.nextChunkMs ?? undefined;
  const moments = [laterMs, nextChunkMs, before.deadlineMs === undefined ? undefined : before.deadlineMs + graceMs];
  const known = moments.filter((moment) => moment !== undefined);
  const nextLookMs = known.length === 0 ? null : Math.min(...known);
  const open = outstanding(sending.row, counts);
  const refillAt = sentAll && laterMs === undefined ? null : processed(counts) + refillAfter(target, open);
  await sending.write((row) => services.dispatchState.leave(row, { sentAll, nextLookMs, nextChunkMs: nextChunkMs ?? null, refillAt }));
  // Whoever counted a task meanwhile could not know of what is written down now: that it was the last, or a refill is due.
  const now = (await services.jobs.look(before.job))?.counts ?? counts;
  if (isOver(sending.row, now)) {
    await closeJob(services, sending.row, now);
    return false;
  }
  if (nextLookMs !== null && nextLookMs !== (before.nextLookMs ?? null)) await hintAt(services, before.target, nextLookMs);
  // With nothing on its way nobody would tell of an end, so it is gone on with here; due tasks that found no room are refilled.
  const goesOn = !sentAll || (laterMs !== undefined && laterMs <= asOfMs);
  return (goesOn && open === 0) || (refillAt !== null && processed(now) >= refillAt);
}

/** The sweep hints at what is further away. */
async function hintAt({ hints, clock }: DispatchServices, target: string, atMs: number): Promise<void> {
  const seconds = Math.ceil((atMs - clock.nowMs()) / 1_000);
  if (seconds <= 900) await hints.target(target, Math.max(1, seconds));
}

/** Half of a queue may be worked off before it is filled up again; a function takes one as soon as a few have ended. */
const refillAfter = (target: SendableTarget, open: number) => Math.max(1, Math.floor(target.kind === 'group' ? open / 2 : open / 8));

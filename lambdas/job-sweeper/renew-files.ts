/**
 * The data bucket's lifecycle takes task files after the stage's retention: those of jobs that have not ended by then are
 * made young again. Once an hour; files of other buckets are their owner's to keep.
 */
import { isObjectMissing } from '../aws/errors.ts';
import type { JobServices } from '../aws/jobs/job-services.ts';
import { renewObject } from '../aws/jobs/renew-object.ts';
import { taskFileKey } from '../contract/data-bucket.ts';
import type { JobRow } from '../contract/job-table.ts';

export async function renewFiles(services: JobServices): Promise<number> {
  const nowMs = services.clock.nowMs();
  if (new Date(nowMs).getUTCMinutes() !== 0) return 0;
  let renewed = 0;
  for await (const job of unfinished(services)) {
    const row = await services.jobs.get(job);
    if (row !== undefined && isOld(row, services, nowMs) && (await renew(services, row))) renewed += 1;
  }
  return renewed;
}

/** Half of the retention is left for what goes wrong. */
const isOld = ({ renewedAtMs, createdAtMs }: JobRow, { stage }: JobServices, nowMs: number) =>
  nowMs - (renewedAtMs ?? createdAtMs) > (stage.settings.jobRetentionDays * 86_400_000) / 2;

async function* unfinished({ slots, lists, placement }: JobServices): AsyncGenerator<string> {
  yield* Object.keys((await slots.read()).running);
  for await (const page of lists.waiting()) for (const { job } of page) yield job;
  for await (const page of lists.scheduled(8.64e15)) for (const { job } of page) yield job;
  for await (const page of lists.intakes(8.64e15)) for (const { job } of page) yield job;
  for await (const page of placement.placing()) for (const { job } of page) yield job;
  for await (const page of placement.later(8.64e15)) for (const { job } of page) yield job;
  for await (const page of placement.validating(8.64e15)) for (const { job } of page) yield job;
  for (const { job } of await placement.leases()) yield job;
}

async function renew({ clients, jobs, stage, clock, log }: JobServices, row: JobRow): Promise<boolean> {
  const { source, total, job } = row;
  const key = total === undefined ? source?.key : taskFileKey(job);
  if (key === undefined || (total === undefined && source?.bucket !== stage.dataBucket)) return false;
  try {
    const etag = await renewObject(clients.s3, stage.dataBucket, key);
    await jobs.renewed(job, clock.nowMs(), source === undefined || total !== undefined ? source : { ...source, etag });
    return true;
  } catch (error) {
    if (!isObjectMissing(error)) throw error;
    log.error('the task file of a job is gone', { job, key });
    return false;
  }
}

/** Reads the file of one job until it is through, the time is over, or there is a reason for the job to fail as a whole. */
import { afterEnd } from '../aws/jobs/follow-up.ts';
import type { JobServices } from '../aws/jobs/job-services.ts';
import { isUploadGone, resultsObjects } from '../aws/jobs/results-objects.ts';
import { ChangedSource, sourceLines, UnreadableSource } from '../aws/jobs/source-file.ts';
import type { JobRow, TaskSource } from '../contract/job-table.ts';
import { endEvent } from '../domain/job/ending.ts';
import { again, done, type Outcome } from '../framework/sqs-batch.ts';
import { BadLine, IntakeRun, NotOurs, startOfSource } from './intake-run.ts';
import { TaskFileWriter, TooLarge } from './task-file-writer.ts';

export interface Reading {
  job: string;
  holder: string;
  /** When to leave it to the next run. */
  endMs: number;
  partBytes: (parts: number) => number;
}

export async function readFile(services: JobServices, reading: Reading): Promise<Outcome> {
  const { jobs, clients, stage } = services;
  const row = await jobs.get(reading.job);
  if (row === undefined || row.source === undefined || row.total !== undefined) return done;
  const options = { job: row.job, objects: resultsObjects(clients.s3, stage.dataBucket), partBytes: reading.partBytes };
  const writer = await TaskFileWriter.from(options, row.intake ?? startOfSource);
  if (row.status !== 'PENDING') return dropped(writer);
  try {
    return await read(services, reading, row, row.source, writer);
  } catch (error) {
    if (error instanceof NotOurs) return again(1);
    if (isUploadGone(error)) return await startOver(services, row);
    if (error instanceof ChangedSource && (await isRenewed(services, row))) return again(1);
    if (!isReason(error)) throw error;
    await failWhole(services, row, error.message);
    return dropped(writer);
  }
}

const isReason = (error: unknown): error is Error =>
  error instanceof ChangedSource || error instanceof UnreadableSource || error instanceof BadLine || error instanceof TooLarge;

async function dropped(writer: TaskFileWriter): Promise<Outcome> {
  await writer.drop();
  return done;
}

async function read(services: JobServices, reading: Reading, row: JobRow, source: TaskSource, writer: TaskFileWriter): Promise<Outcome> {
  const { clients, clock, log, jobs } = services;
  const run = new IntakeRun(services, row, reading.holder, writer);
  for await (const lines of sourceLines(clients.s3, source, row.intake?.byte ?? 0, clock)) {
    for (const line of lines) if (run.take(line)) await run.rest();
    await run.rest();
    if (clock.nowMs() < reading.endMs) continue;
    if (!run.hasMoved) throw new UnreadableSource('the file cannot be read: in a whole run of its reader not one line of it ended');
    await run.note();
    return again(1);
  }
  if (run.tasks === 0) throw new UnreadableSource('the file has no task in it: it is empty, or all its lines are');
  const fileBytes = await run.finish();
  const isFinished = await jobs.finishIntake(row, { total: run.tasks, fileBytes });
  log.info('file read', { job: row.job, tasks: run.tasks, fileBytes, isFinished });
  if (isFinished) await services.hints.startOf(row, services.clock.nowMs());
  return done;
}

/** The upload was completed by a run that died right then, or it was dropped: the bucket does that after some days. */
async function startOver({ jobs, log }: JobServices, { job }: JobRow): Promise<Outcome> {
  log.warn('upload gone: the file is read from its start', { job });
  return (await jobs.saveIntake(job, startOfSource)) ? again(1) : done;
}

/** Sources are made young again while they wait, so that the bucket keeps them. */
async function isRenewed({ jobs }: JobServices, { job, source }: JobRow): Promise<boolean> {
  const now = await jobs.get(job);
  return now?.source !== undefined && now.source.etag !== source?.etag;
}

export async function failWhole(services: JobServices, row: JobRow, sentence: string): Promise<void> {
  services.log.warn('file not taken', { job: row.job, reason: sentence });
  if (await services.jobs.failWhole(row, sentence)) await afterEnd(services, row, endEvent(row, 'FAILED'));
}

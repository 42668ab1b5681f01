/** Hints → results files. What fails is tried again for some hours, later each time; then its job says so. */
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { JobServices } from '../aws/jobs/job-services.ts';
import { addWarning } from '../aws/jobs/job-warnings.ts';
import { resultsObjects } from '../aws/jobs/results-objects.ts';
import { resultsProgress } from '../aws/jobs/results-progress.ts';
import { taskFile } from '../aws/jobs/task-file.ts';
import { messageVisibility } from '../aws/message-visibility.ts';
import { ResultsHint } from '../contract/job-messages.ts';
import { errorFields } from '../framework/log.ts';
import { readHint } from '../framework/read-hint.ts';
import { again, done, eachRecord, type Outcome } from '../framework/sqs-batch.ts';
import { type ResultsWorld, writeFile } from './write-file.ts';

/** Kept back at the end of a run: for the part under way, the lines that are left, and the note. */
const reserveMs = 60_000;
/** Beyond the end of a run nothing of it is alive. */
const surelyMs = 5_000;

/** Receives after which it is given up: more than a file of any length has runs, and some hours of failures. */
const mostReceives = 200;

const MiB = 1_048_576;

export type Sizes = Pick<ResultsWorld, 'partBytes' | 'tasksAtOnce'>;
export const usualSizes: Sizes = {
  /** S3 takes no part below 5 MiB but the last; those behind the first 8 GB are larger, so that there are few enough of them. */
  partBytes: (parts) => (parts < 1_000 ? 8 : 32) * MiB,
  /** With results of 32 KB that is 16 MB. */
  tasksAtOnce: 500,
};

export function createResults(services: JobServices, sizes = usualSizes) {
  const { clients, log, clock, jobs, tasks, stage, jobEnvironment } = services;
  const { documents, s3, sqs } = clients;
  const table = jobEnvironment.SLUICE_JOBS_TABLE;
  const world: ResultsWorld = {
    jobs,
    clock,
    log,
    tasks,
    file: taskFile(s3, stage.dataBucket, clock),
    objects: resultsObjects(s3, stage.dataBucket),
    progress: resultsProgress(documents, table),
    ...sizes,
  };
  const visibility = messageVisibility(sqs);
  const batch = { log, comeBack: (record: SQSRecord, seconds: number) => visibility(record.eventSourceARN, record.receiptHandle, seconds) };

  async function write(record: SQSRecord, remainingMs: number): Promise<Outcome> {
    const hint = readHint(ResultsHint, record, log);
    if (hint === undefined) return done;
    const nowMs = clock.nowMs();
    const run = { holder: record.messageId, endMs: nowMs + remainingMs - reserveMs, deadMs: nowMs + remainingMs + surelyMs };
    try {
      return await writeFile(world, hint, run);
    } catch (error) {
      const receives = Number(record.attributes.ApproximateReceiveCount);
      log.error('results not written', { ...hint, receives, ...errorFields(error) });
      if (receives < mostReceives) return again(Math.min(300, 5 * 2 ** Math.min(receives, 10)));
      const { job, only } = hint;
      await addWarning(
        documents,
        table,
        job,
        `the file of results (${only}) could not be written; ask for it again, or see GET /jobs/${job}/tasks`,
      );
      return done;
    }
  }

  return (event: SQSEvent, remainingMs: number): Promise<SQSBatchResponse> =>
    eachRecord(event, batch, (record) => write(record, remainingMs));
}

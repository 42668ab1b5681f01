/** Hints → files read, each by one at a time. One that takes longer than a run comes back, and goes on where it was. */
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { JobServices } from '../aws/jobs/job-services.ts';
import { messageVisibility } from '../aws/message-visibility.ts';
import { IntakeHint } from '../contract/job-messages.ts';
import { errorFields } from '../framework/log.ts';
import { again, done, eachRecord, type Outcome } from '../framework/sqs-batch.ts';
import { failWhole, type Reading, readFile } from './read-file.ts';

/** Kept back at the end of a run: for the part under way, the lines that are left, and the note. */
const reserveMs = 60_000;
/** While another reads: by then it has taken its lease anew, or died. */
const othersSeconds = 75;
/** Receives after which it is given up: more than a file of any length has runs, and some hours of failures. */
const mostReceives = 200;

const MiB = 1_048_576;
/** S3 takes no part below 5 MiB but the last; those behind the first 8 GB are larger, so that there are few enough of them. */
const usualPartBytes = (parts: number) => (parts < 1_000 ? 8 : 32) * MiB;

export function createIntake(services: JobServices, partBytes: Reading['partBytes'] = usualPartBytes) {
  const { clients, log, clock, newId, intakeLeases, jobs } = services;
  const visibility = messageVisibility(clients.sqs);
  const comeBack = (record: SQSRecord, seconds: number) => visibility(record.eventSourceARN, record.receiptHandle, seconds);

  async function readAlone(job: string, endMs: number): Promise<Outcome> {
    const holder = newId();
    const lease = await intakeLeases.acquire(job, holder, clock.nowMs());
    if (lease === undefined) return again(othersSeconds);
    try {
      return await readFile(services, { job, holder, endMs, partBytes });
    } finally {
      await intakeLeases.drop(lease);
    }
  }

  async function handle(record: SQSRecord, remainingMs: number): Promise<Outcome> {
    const hint = IntakeHint.safeParse(readJson(record.body));
    if (!hint.success) {
      log.error('not a hint of a file', { messageId: record.messageId });
      return done;
    }
    const { job } = hint.data;
    try {
      return await readAlone(job, clock.nowMs() + remainingMs - reserveMs);
    } catch (error) {
      const receives = Number(record.attributes.ApproximateReceiveCount);
      log.error('file not read', { job, receives, ...errorFields(error) });
      if (receives < mostReceives) return again(Math.min(300, 5 * 2 ** Math.min(receives, 10)));
      const row = await jobs.get(job);
      if (row) await failWhole(services, row, `its file could not be read: ${error instanceof Error ? error.message : String(error)}`);
      return done;
    }
  }

  return (event: SQSEvent, remainingMs: number): Promise<SQSBatchResponse> =>
    eachRecord(event, { log, comeBack }, (record) => handle(record, remainingMs));
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

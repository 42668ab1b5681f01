/**
 * A batch of SQS messages, each on its own: one that fails or is to come back is reported, the others are done.
 * Coming back goes by the message's visibility, never by sending it again.
 */
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Log } from './log.ts';
import { errorFields } from './log.ts';

/** What became of one message. */
export type Outcome = { kind: 'done' } | { kind: 'again'; seconds: number };
export const done: Outcome = { kind: 'done' };
export const again = (seconds: number): Outcome => ({ kind: 'again', seconds });

/** Both are met by the one that comes back first: nobody else may be on the way. */
export function sooner(a: Outcome, b: Outcome): Outcome {
  if (a.kind === 'done' || b.kind === 'done') return a.kind === 'done' ? b : a;
  return again(Math.min(a.seconds, b.seconds));
}

export interface BatchServices {
  log: Log;
  /** Makes the message visible again after `seconds`. */
  comeBack(record: SQSRecord, seconds: number): Promise<void>;
}

/** A message whose handling threw comes back soon: what it was about may have been half-way. */
const afterErrorSeconds = 5;

export async function eachRecord(
  event: SQSEvent,
  services: BatchServices,
  handle: (record: SQSRecord) => Promise<Outcome>,
): Promise<SQSBatchResponse> {
  const failures = await Promise.all(
    event.Records.map(async (record) => {
      const outcome = await attempt(handle, record).catch((error: unknown) => {
        services.log.error('message failed', { messageId: record.messageId, ...errorFields(error) });
        return again(afterErrorSeconds);
      });
      if (outcome.kind === 'done') return [];
      // Where this fails, the queue's own visibility timeout brings it back, later.
      await services
        .comeBack(record, outcome.seconds)
        .catch((error: unknown) => services.log.warn('visibility not changed', errorFields(error)));
      return [{ itemIdentifier: record.messageId }];
    }),
  );
  return { batchItemFailures: failures.flat() };
}

/** Async, so that what throws before its first wait fails its own record alone. */
const attempt = async (handle: (record: SQSRecord) => Promise<Outcome>, record: SQSRecord) => handle(record);

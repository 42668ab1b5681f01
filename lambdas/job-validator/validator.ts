/** Hints of jobs that are to be looked at → looks. What cannot be decided now comes back by its message's visibility. */
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { messageVisibility } from '../aws/message-visibility.ts';
import { ValidationHint } from '../contract/job-messages.ts';
import { readHint } from '../framework/read-hint.ts';
import { done, eachRecord } from '../framework/sqs-batch.ts';
import { lookAtJob, type ValidatorServices } from './look-at-job.ts';

export function createValidator(services: ValidatorServices) {
  const { clients, log } = services;
  const visibility = messageVisibility(clients.sqs);
  const batch = { log, comeBack: (record: SQSRecord, seconds: number) => visibility(record.eventSourceARN, record.receiptHandle, seconds) };
  return (event: SQSEvent): Promise<SQSBatchResponse> =>
    eachRecord(event, batch, async (record) => {
      const hint = readHint(ValidationHint, record, log);
      if (hint === undefined) return done;
      return lookAtJob(services, hint.job, Number(record.attributes.ApproximateReceiveCount));
    });
}

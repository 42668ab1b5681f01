/** Hints → jobs on pools. One invocation at a time: all hints are of one message group. */
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { createScheduler } from './scheduler.ts';
import { schedulerColdStart } from './scheduler-services.ts';

const schedule = createScheduler(schedulerColdStart());

export const handler = (event: SQSEvent, context: Context): Promise<SQSBatchResponse> =>
  schedule(event, context.getRemainingTimeInMillis());

/** SQS → the file of results of a job that has ended, written when somebody asks for it. */
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { jobColdStart } from '../aws/jobs/job-services.ts';
import { createResults } from './results.ts';

const results = createResults(jobColdStart('job-results'));

export const handler = (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => results(event, context.getRemainingTimeInMillis());

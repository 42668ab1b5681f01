/** SQS → the files of jobs read, checked, and made into task files. */
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { jobColdStart } from '../aws/jobs/job-services.ts';
import { createIntake } from './intake.ts';

const intake = createIntake(jobColdStart('job-intake'));

export const handler = (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => intake(event, context.getRemainingTimeInMillis());

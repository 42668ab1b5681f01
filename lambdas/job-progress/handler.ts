/** Reports of consumers, and failed invocations of functions → rows and counts of tasks; the last one closes its job. */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { jobColdStart } from '../aws/jobs/job-services.ts';
import { createProgress } from './progress.ts';

const progress = createProgress(jobColdStart('job-progress'));

export const handler = (event: SQSEvent): Promise<SQSBatchResponse> => progress(event);

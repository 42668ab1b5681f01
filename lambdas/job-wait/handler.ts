/**
 * Waits for a job's end. A function of its own, so that its reserved concurrency is the cap of all waits, and those that
 * wait take no environment from the requests that do not.
 */
import { jobColdStart } from '../aws/jobs/job-services.ts';
import { createWait } from './wait.ts';

const wait = createWait(jobColdStart('job-wait'));

export const handler = (event: unknown): Promise<unknown> => wait(event);

/** When a job has ended, and how. Pure. */
import type { JobStatus } from '../../contract/job.ts';
import { type Counts, eventId, type JobRow } from '../../contract/job-table.ts';

export const processed = ({ completed, failed }: Counts) => completed + failed;

/**
 * Sent and without an end: on its queue or running. One that failed and comes back is not among them. In a further life
 * each that is sent has a row that says so, and those without an end from before are not on their way any more.
 */
export const outstanding = ({ dispatched, life }: Pick<JobRow, 'dispatched' | 'life'>, counts: Counts) =>
  Math.max(0, life > 0 ? counts.queued : dispatched + counts.unsent - processed(counts) - counts.retrying);

/** Every task has ended, and none is to be sent any more. */
export const isOver = ({ status, sentAll, total }: JobRow, counts: Counts) =>
  status === 'RUNNING' && sentAll && total !== undefined && processed(counts) >= total;

export const statusAtEnd = ({ maxFailures }: Pick<JobRow, 'maxFailures'>, { failed }: Counts): JobStatus =>
  failed > maxFailures ? 'FAILED' : 'COMPLETED';

/** The event that tells of it. */
export const endEvent = ({ job, life }: Pick<JobRow, 'job' | 'life'>, status: JobStatus) => eventId(job, life, status);

/** What is kept in the data bucket, by the start of its key. Constants only: consumers bundle this file. */

/** Step results too large for the tasks table; they expire with the records that name them (task-table.ts). */
export const stepsPrefix = 'steps/';

/** Dead letters saved before SQS forgets them; kept. */
export const deadLettersPrefix = 'dead-letters/';

/** What is kept for `jobRetentionDays`: */

/** Task files as users upload them: `uploads/<id>`. */
export const uploadsPrefix = 'uploads/';
/** Task files as they are sent, one normalized task a line: `jobs/<job>/tasks.ndjson`. */
export const jobsPrefix = 'jobs/';
/** Large results of single tasks, and results files. */
export const resultsPrefix = 'results/';

export const uploadKey = (upload: string) => `${uploadsPrefix}${upload}`;
export const taskFileKey = (job: string) => `${jobsPrefix}${job}/tasks.ndjson`;
export const resultsFileKey = (job: string, life: number, only: 'all' | 'failed') => `${resultsPrefix}${job}/${only}-${life}.ndjson`;

/** What is kept in the data bucket, by the start of its key. Constants only: consumers bundle this file. */

/** Step results too large for the tasks table; they expire with the records that name them (task-table.ts). */
export const stepsPrefix = 'steps/';

/** Dead letters saved before SQS forgets them; kept. */
export const deadLettersPrefix = 'dead-letters/';

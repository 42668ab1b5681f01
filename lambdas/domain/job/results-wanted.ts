/** Whether a results file that was asked for is still to be written. Pure. */
import { hasEnded } from '../../contract/job.ts';
import type { ResultsHint } from '../../contract/job-messages.ts';
import { type JobRow, resultsName } from '../../contract/job-table.ts';

/** Not of a job that is being tried again since, nor of one whose tasks were never all known, nor twice. */
export const isWanted = (row: JobRow | undefined, { life, only }: ResultsHint): row is JobRow & { total: number } =>
  row !== undefined &&
  row.life === life &&
  hasEnded(row.status) &&
  row.total !== undefined &&
  row.resultsFiles[resultsName(only, life)] === undefined;

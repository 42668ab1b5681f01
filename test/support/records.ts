/**
 * Where the files of a suite write down their calls and who may make them. A run of all tests has several suites at once,
 * on a local AWS each: it gives them one folder, so that the whole can be looked at in the end.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Of a run of all tests (test/run.ts); undefined where one suite runs by itself. */
export const recordsFolder = process.env['SLUICE_TEST_RECORDS'];

/** A JSON line per call (recording-proxy.ts). */
export const recordFileOf = (records: string, project: string) => join(records, `calls-${project}.jsonl`);
export const recordFiles = (records: string) =>
  readdirSync(records).flatMap((name) => (name.startsWith('calls-') ? [join(records, name)] : []));

/** There once a suite is over, however it ended. */
export const throughFile = (records: string, project: string) => join(records, `through-${project}`);

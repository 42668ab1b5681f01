/**
 * Where the files of a suite write down their calls and who may make them. A run of all tests has several suites at once,
 * on a local AWS each: it gives them one folder, so that the whole can be looked at in the end. Access keys and names of
 * one are those of another, too: calls are held against the roles of their own suite alone.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Of a run of all tests (test/run.ts), with a folder per suite; undefined where one suite runs by itself. */
export const allRecords = process.env['SLUICE_TEST_RECORDS'];

/** A JSON line per call (recording-proxy.ts). */
export const recordFileOf = (records: string) => join(records, 'calls.jsonl');

/** The folders of all suites; `records` alone where its suite runs by itself. */
export const recordsOfAll = (records: string) =>
  allRecords === undefined ? [records] : readdirSync(allRecords).map((suite) => join(allRecords ?? '', suite));

/** There once a suite is over, however it ended. */
export const throughFile = (records: string) => join(records, 'through');
export const isThrough = (suite: string) => allRecords === undefined || existsSync(throughFile(join(allRecords, suite)));

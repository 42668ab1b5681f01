/** What became of a task of a job, as its consumer tells it, at once or once more from the task's record. Pure; bundled into consumers. */
import type { AttemptRecord } from '../../contract/task-table.ts';
import {
  type FailedAttempt,
  inlineResultBytes,
  type Lease,
  largestResultBytes,
  numberOfTask,
  type Report,
} from '../../contract/task-wire.ts';
import { wireText } from './letter.ts';

/** Which task a report is about. */
export type Reported = Pick<Report, 'job' | 'task' | 'redrives'>;

/** What is kept of a done task's result: itself, or where it is; neither where it returned nothing. */
export interface KeptResult {
  result?: string;
  resultKey?: string;
}

/** Undefined for a task that no job counts: `sluice.job` alone is a label of its sender's. */
export function countedTask(job: string | undefined, task: string): { job: string; n: number } | undefined {
  const n = job === undefined ? undefined : numberOfTask(job, task);
  return job === undefined || n === undefined ? undefined : { job, n };
}

export const doneReport = (
  { job, task, redrives }: Reported,
  attempt: number,
  { result, resultKey }: KeptResult,
  atMs: number,
): Report => ({
  ...{ v: 1, job, task, redrives, attempt, status: 'done', deadLettered: false, atMs },
  ...(result === undefined ? {} : { result }),
  ...(resultKey === undefined ? {} : { resultKey }),
});

type Failed = Omit<FailedAttempt, 'time' | 'step'> & { step?: string | undefined };

export const failedReport = ({ job, task, redrives }: Reported, status: 'retrying' | 'failed', failed: Failed, atMs: number): Report => ({
  ...{ v: 1, job, task, redrives, attempt: failed.attempt, status, class: failed.class, message: failed.message, atMs },
  ...(failed.step === undefined ? {} : { step: failed.step }),
  deadLettered: status === 'failed',
});

/** Of a task that has ended, from its record: says what was said first. Undefined of one of which nothing is said, or that goes on. */
export function reportOfRecord(about: Reported, record: AttemptRecord, atMs: number): Report | undefined {
  if (record.cancelledAtMs !== undefined || record.handedOnAtMs !== undefined) return undefined;
  if (record.status === 'done') return doneReport(about, Math.max(1, record.starts - record.excused), keptOf(record), atMs);
  if (record.status !== 'dead') return undefined;
  return failedReport(about, 'failed', lastFailure(record), atMs);
}

/**
 * The same of a placed job: under its lease, attempts of earlier leases counted in. Nothing is set aside: whoever counts
 * decides whether it is tried again.
 */
export const leasedReport = (report: Report, { token, failures }: Pick<Lease, 'token' | 'failures'>): Report => ({
  ...report,
  redrives: 0,
  attempt: report.attempt + failures,
  lease: token,
  deadLettered: false,
});

const keptOf = ({ result, resultKey }: AttemptRecord): KeptResult => ({
  ...(result === undefined ? {} : { result }),
  ...(resultKey === undefined ? {} : { resultKey }),
});

/** Why a dead task is dead, as far as its record knows. */
export const lastFailure = ({ history, starts }: AttemptRecord): Failed =>
  history.at(-1) ?? { class: 'PERMANENT', message: 'not recorded', attempt: starts };

export const reportText = (report: Report): string => wireText(report);

/** How a result travels: `inline` with its report, by way of the bucket, or (no JSON, too large) not at all, and why not. */
export type ResultJson =
  | { kind: 'none' }
  | { kind: 'inline'; json: string }
  | { kind: 'large'; json: string }
  | { kind: 'unfit'; why: string };

export function resultJson(value: unknown): ResultJson {
  if (value === undefined) return { kind: 'none' };
  const json = jsonOf(value);
  if (typeof json !== 'string') return { kind: 'unfit', why: json.why };
  const bytes = Buffer.byteLength(json);
  if (bytes <= inlineResultBytes) return { kind: 'inline', json };
  if (bytes <= largestResultBytes) return { kind: 'large', json };
  return { kind: 'unfit', why: `it is ${bytes} bytes of JSON, and ${largestResultBytes} at most are kept` };
}

function jsonOf(value: unknown): string | { why: string } {
  try {
    // Undefined for a function or a symbol, whatever its type says.
    const json: unknown = JSON.stringify(value);
    return typeof json === 'string' ? json : { why: `it is a ${typeof value}` };
  } catch (error) {
    return { why: error instanceof Error ? error.message : 'it cannot be written' };
  }
}

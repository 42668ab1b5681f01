/** A send that threw: whether it may be taken later, whether the target takes none, or whether the tasks are at fault. */
import type { SendOutcome } from '../../domain/job/send-outcome.ts';
import { statusOf } from './object-bytes.ts';

export type SendFailure = Exclude<SendOutcome, { kind: 'answered' }> | { kind: 'faulty'; message: string };

/** Of SQS and Lambda: too many requests, credentials that are about to be renewed, a function that is being changed. */
const passing = /Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|Expired|Timeout|RequestTimeTooSkewed|ResourceConflict|NotReady/i;

export function sendFailure(error: unknown, isFaulty: (name: string) => boolean): SendFailure {
  const name = error instanceof Error ? error.name : '';
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const status = statusOf(error);
  if (status === undefined || status >= 500 || status === 429 || status === 408 || passing.test(name)) return { kind: 'failed', message };
  return isFaulty(name) ? { kind: 'faulty', message } : { kind: 'impossible', message };
}

/** What the client throws: the API's word on a request, and what it cannot do by itself. */
import type { Job, Problem } from '../lambdas/contract/job.ts';

/** Something the caller has to put right, or nobody could be reached; the message says what to do. */
export class SluiceClientError extends Error {
  override readonly name: string = 'SluiceClientError';
}

/** The API refused. `problem` is what it said (RFC 9457); without one, something before it answered, as for lack of rights. */
export class SluiceApiError extends Error {
  override readonly name = 'SluiceApiError';
  readonly status: number;
  readonly problem: Problem | undefined;
  /** How often it was tried: an earlier try whose answer was lost may have been carried out. */
  readonly attempts: number;

  constructor(message: string, status: number, problem: Problem | undefined, attempts: number) {
    super(message);
    this.status = status;
    this.problem = problem;
    this.attempts = attempts;
  }

  /** Every field at fault. */
  get fields(): { field: string; message: string }[] {
    return this.problem?.errors ?? [];
  }
}

/** `timeoutSeconds` of a wait are over. The job goes on. */
export class WaitTimeoutError extends SluiceClientError {
  override readonly name = 'WaitTimeoutError';
  /** As it was last seen. */
  readonly job: Job | undefined;

  constructor(message: string, job: Job | undefined) {
    super(message);
    this.job = job;
  }
}

/** One task that `send` could not bring onto the queue. */
export interface NotSent {
  /** Its place among the tasks given, 1 for the first. */
  n: number;
  id: string | undefined;
  task: unknown;
  reason: string;
}

/** `send` did not send everything. */
export class NotSentError extends SluiceClientError {
  override readonly name = 'NotSentError';
  readonly sent: number;
  readonly notSent: readonly NotSent[];
  /** Whether it stopped there: tasks after the last one that was read were neither looked at nor sent. */
  readonly stopped: boolean;

  constructor(message: string, sent: number, notSent: readonly NotSent[], stopped: boolean, options?: ErrorOptions) {
    super(message, options);
    this.sent = sent;
    this.notSent = notSent;
    this.stopped = stopped;
  }
}

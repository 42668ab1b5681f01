/**
 * Errors a task throws to say what kind of failure it was. Anything else that is thrown is classified by what it looks
 * like (lambdas/domain/task/classify.ts), or by the consumer's own `classify`.
 */
import type { ErrorClass } from '../lambdas/contract/task-wire.ts';
import { secondsOf } from '../lambdas/domain/task/classify-http.ts';

/** A failure of a known class. Subclasses fix the class; this one takes it. */
export class TaskError extends Error {
  readonly class: ErrorClass;

  constructor(errorClass: ErrorClass, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TaskError';
    this.class = errorClass;
  }
}

/** Passing: a network that fails, a target that is throttled or down. Tried again with back-off. */
export class TransientError extends TaskError {
  constructor(message: string, options?: ErrorOptions) {
    super('TRANSIENT', message, options);
    this.name = 'TransientError';
  }
}

/** Out of something: memory, disk, time. Tried again with back-off. */
export class ResourceError extends TaskError {
  constructor(message: string, options?: ErrorOptions) {
    super('RESOURCE', message, options);
    this.name = 'ResourceError';
  }
}

/** Set up wrong: a key that is refused, a name nobody knows. Not tried again. */
export class ConfigurationError extends TaskError {
  constructor(message: string, options?: ErrorOptions) {
    super('CONFIGURATION', message, options);
    this.name = 'ConfigurationError';
  }
}

/** The task's own data is at fault. Not tried again. */
export class DataError extends TaskError {
  constructor(message: string, options?: ErrorOptions) {
    super('DATA', message, options);
    this.name = 'DataError';
  }
}

/** It will never work. Not tried again. */
export class PermanentError extends TaskError {
  constructor(message: string, options?: ErrorOptions) {
    super('PERMANENT', message, options);
    this.name = 'PermanentError';
  }
}

/**
 * The target says "too many". The task comes back when the time is over and has lost no attempt; until then nobody of
 * its group starts a task.
 */
export class RateLimited extends Error {
  /** Seconds to wait; undefined: Sluice's own back-off, 5 s doubled with each refusal in a row, up to 300. */
  readonly retryAfterSeconds: number | undefined;

  /** `retryAfter`: seconds, a moment, or the text of a `Retry-After` header (RFC 9110, 10.2.3). */
  constructor(retryAfter?: number | Date | string | null, message = 'rate-limited by the target', options?: ErrorOptions) {
    super(message, options);
    this.name = 'RateLimited';
    this.retryAfterSeconds = secondsOf(retryAfter, Date.now());
  }
}

/** Telling AWS's errors apart by name, and naming the call and its subject in what goes up. */

/** A call that failed: which, on what, and AWS's own words. Thrown by everything in this folder that changes something. */
export class AwsCallError extends Error {
  constructor(operation: string, subject: string, cause: unknown) {
    const said = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    super(`${operation} ${subject}: ${said}`, { cause });
    this.name = 'AwsCallError';
  }
}

/** A resource with our name that does not carry our tag: never touched. */
export class ForeignResourceError extends Error {
  /** Counts as a refusal: trying again does not help. */
  readonly $metadata = { httpStatusCode: 409 };
  constructor(kind: string, name: string) {
    super(`a ${kind} named ${name} exists that is not Sluice's (no tag sluice:prefix); rename or remove it`);
    this.name = 'ForeignResource';
  }
}

const isNamed = (error: unknown, ...names: string[]) => error instanceof Error && names.includes(error.name);

export const isFunctionMissing = (error: unknown) => isNamed(error, 'ResourceNotFoundException');
export const isQueueMissing = (error: unknown) => isNamed(error, 'QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue');
export const isObjectMissing = (error: unknown) =>
  isNamed(error, 'NotFound', 'NoSuchKey', 'NoSuchVersion', 'MethodNotAllowed') || statusOf(error) === 404;
export const isConditionFailed = (error: unknown) => isNamed(error, 'ConditionalCheckFailedException');
export const isTransactionCancelled = (error: unknown) => isNamed(error, 'TransactionCanceledException', 'TransactionConflictException');

const statusOf = (error: unknown) => (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;

/** Runs one call; what it throws says which call it was. */
export async function named<T>(operation: string, subject: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw new AwsCallError(operation, subject, cause);
  }
}

/** The same, where AWS's "there is none" is an answer: undefined. */
export async function ifThere<T>(isMissing: (error: unknown) => boolean, call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

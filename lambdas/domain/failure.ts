/**
 * What a failed AWS call means for the look it happened in, and when to look again. Pure.
 */
import { queueLimits } from '../contract/limits.ts';

export type FailureKind =
  /** The same call will do later: throttled, in progress, 5xx, network. */
  | 'passing'
  /** AWS is still changing the mapping that is to be changed, for seconds. */
  | 'settling'
  /** SQS lets a deleted queue's name be used again only after a minute. */
  | 'nameReuse'
  /** The reservation would leave the account less than AWS's floor. */
  | 'noRoom'
  /** AWS refuses what is asked, or we may not ask it. */
  | 'refused';

export interface Failure {
  kind: FailureKind;
  message: string;
}

const passingNames = new Set([
  'TooManyRequestsException',
  'ThrottlingException',
  'Throttling',
  'RequestThrottled',
  'ProvisionedThroughputExceededException',
  'ResourceConflictException',
  'ResourceNotReadyException',
  'ServiceException',
  'TimeoutError',
  'TransactionConflictException',
  'ConditionalCheckFailedException',
  'TransactionCanceledException',
]);

export function classifyFailure(error: unknown): Failure {
  const root = rootOf(error);
  const { name, status } = describe(root);
  const text =
    error instanceof Error
      ? error.name === 'AwsCallError' || error.name === 'Error'
        ? error.message
        : `${error.name}: ${error.message}`
      : String(error);
  if (name === 'ResourceInUseException') return { kind: 'settling', message: text };
  if (name.endsWith('QueueDeletedRecently')) return { kind: 'nameReuse', message: text };
  if (/UnreservedConcurrentExecution/.test(text)) return { kind: 'noRoom', message: text };
  if (passingNames.has(name) || status === undefined || status >= 500 || status === 429) return { kind: 'passing', message: text };
  return { kind: 'refused', message: text };
}

/** AWS's own error, under ours that say which call it was. */
function rootOf(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? rootOf(error.cause) : error;
}

function describe(error: unknown): { name: string; status: number | undefined } {
  if (!(error instanceof Error)) return { name: 'Error', status: undefined };
  return { name: error.name, status: (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode };
}

/** Seconds until the next try after `attempts` failed ones: 1, 2, 4 … 60, spread by `random` (0-1) so that many groups do not come at once. */
export function retryDelaySeconds(attempts: number, random: number): number {
  const full = Math.min(60, 2 ** (attempts - 1));
  return Math.max(1, Math.round(full / 2 + (full / 2) * random));
}

/** A mapping in change takes the next one after seconds; one that never does is a failure after all. */
export const settleDelaySeconds = 3;
export const mostSettleLooks = 20;

/** A name is free again at the latest then; the exact moment is not told. */
export const nameReuseDelaySeconds = Math.ceil(queueLimits.nameReuseSeconds / 6);

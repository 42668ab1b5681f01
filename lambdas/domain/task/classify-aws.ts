/** Errors of the AWS SDK (v3) as classes of error: by their name where it tells, else by their HTTP status. Pure. */
import type { ErrorClass } from '../../contract/task-wire.ts';
import { classOfHttpStatus, property } from './classify-http.ts';

/** Undefined for what is none of the SDK's: its errors carry `$fault` and `$metadata`. */
export function classOfAwsError(error: unknown): ErrorClass | undefined {
  const fault = property(error, '$fault');
  const metadata = property(error, '$metadata');
  if (typeof fault !== 'string' && metadata === undefined) return undefined;
  if (property(error, '$retryable') !== undefined) return 'TRANSIENT';
  const name = property(error, 'name');
  if (name === 'TransactionCanceledException') return classOfCancelled(error);
  const named = typeof name === 'string' ? namesOfAws.find(([pattern]) => pattern.test(name)) : undefined;
  return named?.[1] ?? classOfStatus(property(metadata, 'httpStatusCode')) ?? (fault === 'client' ? 'PERMANENT' : 'TRANSIENT');
}

/** The first that fits holds. */
const namesOfAws: [RegExp, ErrorClass][] = [
  [
    /Throttl|TooManyRequests|SlowDown|RequestLimitExceeded|ProvisionedThroughputExceeded|TransactionConflict|TransactionInProgress/,
    'TRANSIENT',
  ],
  [/LimitExceeded|QuotaExceeded|InsufficientCapacity/, 'RESOURCE'],
  [/ExpiredToken|RequestTimeout|RequestExpired|RequestTimeTooSkewed|ResourceInUse|ResourceConflict/, 'TRANSIENT'],
  [/AccessDenied|Unauthorized|UnrecognizedClient|SignatureDoesNotMatch|IncompleteSignature|MissingAuthenticationToken/, 'CONFIGURATION'],
  [/Invalid(Signature|ClientTokenId|AccessKeyId|Token)/, 'CONFIGURATION'],
  [/NoSuchBucket|ResourceNotFound|QueueDoesNotExist|ParameterNotFound/, 'CONFIGURATION'],
  [/Validation|Invalid|Malformed|EntityTooLarge/, 'DATA'],
  // A 400 by its status, but nothing is wrong with the request.
  [/ConditionalCheckFailed/, 'PERMANENT'],
];

/** One reason per item of a transaction, `None` where it was fine (DynamoDB, API_CancellationReason). */
function classOfCancelled(error: unknown): ErrorClass {
  const reasons = property(error, 'CancellationReasons');
  const codes: unknown[] = Array.isArray(reasons) ? reasons.map((reason) => property(reason, 'Code')) : [];
  const passing = codes.some(
    (code) => typeof code === 'string' && /^(TransactionConflict|ThrottlingError|ProvisionedThroughputExceeded)$/.test(code),
  );
  return passing ? 'TRANSIENT' : 'PERMANENT';
}

/** 429 is throttling: the SDK's target is AWS, not what the group's rate is for. */
function classOfStatus(status: unknown): ErrorClass | undefined {
  if (typeof status !== 'number') return undefined;
  return status === 429 ? 'TRANSIENT' : classOfHttpStatus(status);
}

/** What a failed call means, and when to look again. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AwsCallError, ForeignResourceError } from '../../lambdas/aws/errors.ts';
import { classifyFailure, nameReuseDelaySeconds, retryDelaySeconds } from '../../lambdas/domain/failure.ts';

function awsError(name: string, httpStatusCode?: number, message = 'said AWS'): Error {
  return Object.assign(new Error(message), { name }, httpStatusCode === undefined ? {} : { $metadata: { httpStatusCode } });
}

const floor =
  "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].";

describe('a failure', () => {
  it.each([
    ['a throttled call', awsError('TooManyRequestsException', 429), 'passing'],
    ['a throttled call of SQS', awsError('RequestThrottled', 403), 'passing'],
    ['a throttled call of DynamoDB', awsError('ProvisionedThroughputExceededException', 400), 'passing'],
    ['an update in progress', awsError('ResourceConflictException', 409), 'passing'],
    ['a mapping in use', awsError('ResourceInUseException', 400), 'settling'],
    ['an internal error', awsError('ServiceException', 500), 'passing'],
    ['an outage', awsError('ServiceUnavailable', 503), 'passing'],
    ['a cut line', awsError('Error', undefined, 'socket hang up'), 'passing'],
    ['a timeout', awsError('TimeoutError'), 'passing'],
    ['what is no error', 'boom', 'passing'],
    ['a queue deleted a moment ago', awsError('QueueDeletedRecently', 400), 'nameReuse'],
    ['the same in the query protocol', awsError('AWS.SimpleQueueService.QueueDeletedRecently', 400), 'nameReuse'],
    ['a reservation below the floor', awsError('InvalidParameterValueException', 400, floor), 'noRoom'],
    ['a role Lambda cannot assume', awsError('InvalidParameterValueException', 400), 'refused'],
    ['no permission', awsError('AccessDeniedException', 403), 'refused'],
    ["somebody else's queue", new ForeignResourceError('queue', 'x'), 'refused'],
  ])('%s is %j', (_what, error, kind) => {
    expect(classifyFailure(error).kind).toBe(kind);
    expect(classifyFailure(new AwsCallError('CreateQueue', 'x', error)).kind).toBe(kind);
  });

  it("tells AWS's words, the call and its subject", () => {
    const { message } = classifyFailure(
      new AwsCallError('PutFunctionConcurrency', 'fn', awsError('InvalidParameterValueException', 400, floor)),
    );
    expect(message).toBe(`PutFunctionConcurrency fn: InvalidParameterValueException: ${floor}`);
  });
});

describe('the wait before the next try', () => {
  it('is whole seconds between 1 and 60, and grows', () => {
    fc.assert(
      fc.property(fc.nat(5_000), fc.double({ min: 0, max: 1, noNaN: true }), (attempts, random) => {
        const seconds = retryDelaySeconds(attempts, random);
        expect(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60).toBe(true);
        expect(retryDelaySeconds(attempts + 1, random)).toBeGreaterThanOrEqual(seconds);
      }),
    );
    expect([1, 2, 3, 4, 5, 6, 7, 8].map((attempts) => retryDelaySeconds(attempts, 1))).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it('is short enough to meet a name as soon as it is free', () => {
    expect(nameReuseDelaySeconds).toBeGreaterThanOrEqual(1);
    expect(nameReuseDelaySeconds).toBeLessThanOrEqual(15);
  });
});

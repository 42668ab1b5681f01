/** What kind of failure an error is taken for. */
import { describe, expect, it } from 'vitest';
import { classify, type Verdict } from '../../../lambdas/domain/task/classify.ts';
import { retryAfterOf, secondsOf } from '../../../lambdas/domain/task/classify-http.ts';

const nowMs = Date.UTC(2026, 0, 1);
const failed = (errorClass: string): Verdict => ({ kind: 'failed', class: errorClass as never });

const error = (fields: object, message = 'x') => Object.assign(new Error(message), fields);
const aws = (name: string, httpStatusCode: number, more: object = {}) =>
  error({ name, $fault: httpStatusCode < 500 ? 'client' : 'server', $metadata: { httpStatusCode }, ...more });

describe('classify', () => {
  it.each<[string, unknown, Verdict]>([
    ['a plain error', new Error('oops'), failed('TRANSIENT')],
    ['a text', 'oops', failed('TRANSIENT')],
    ['nothing', undefined, failed('TRANSIENT')],
    ['null', null, failed('TRANSIENT')],
    ['a throttled AWS call', aws('ThrottlingException', 400), failed('TRANSIENT')],
    ['one the SDK marks', aws('SomethingNew', 400, { $retryable: { throttling: true } }), failed('TRANSIENT')],
    ['S3 asking to slow down', aws('SlowDown', 503), failed('TRANSIENT')],
    ['an AWS 5xx', aws('InternalServerError', 500), failed('TRANSIENT')],
    ['an expired token', aws('ExpiredTokenException', 400), failed('TRANSIENT')],
    ['a quota of AWS', aws('ServiceQuotaExceededException', 402), failed('RESOURCE')],
    ['a missing permission', aws('AccessDeniedException', 400), failed('CONFIGURATION')],
    ['a missing table', aws('ResourceNotFoundException', 400), failed('CONFIGURATION')],
    ['a bad argument', aws('ValidationException', 400), failed('DATA')],
    ['a missing object', aws('NoSuchKey', 404), failed('PERMANENT')],
    ['a failed condition', aws('ConditionalCheckFailedException', 400), failed('PERMANENT')],
    ['an AWS error without a status', error({ name: 'Unheard', $fault: 'client', $metadata: {} }), failed('PERMANENT')],
    ['an answer of AWS that was no error', error({ name: 'Odd', $metadata: { httpStatusCode: 200 } }), failed('TRANSIENT')],
    ['a reset connection', error({ code: 'ECONNRESET' }), failed('TRANSIENT')],
    ['no address for a name', error({ code: 'ENOTFOUND' }), failed('TRANSIENT')],
    ["undici's timeout", error({ code: 'UND_ERR_HEADERS_TIMEOUT' }), failed('TRANSIENT')],
    ['fetch over a refused connection', new TypeError('fetch failed', { cause: error({ code: 'ECONNREFUSED' }) }), failed('TRANSIENT')],
    [
      'fetch over a bad certificate',
      new TypeError('fetch failed', { cause: error({ code: 'CERT_HAS_EXPIRED' }) }),
      failed('CONFIGURATION'),
    ],
    ['fetch that tells nothing', new TypeError('fetch failed'), failed('TRANSIENT')],
    ['several addresses refused', new AggregateError([error({ code: 'ECONNREFUSED' })]), failed('TRANSIENT')],
    ['a timeout signal', AbortSignal.abort(new DOMException('late', 'TimeoutError')).reason, failed('TRANSIENT')],
    ['a full disk', error({ code: 'ENOSPC' }), failed('RESOURCE')],
    ['too many open files', error({ code: 'EMFILE' }), failed('RESOURCE')],
    ['no room for a buffer', new RangeError('Array buffer allocation failed'), failed('RESOURCE')],
    ['a missing file', error({ code: 'ENOENT' }), failed('CONFIGURATION')],
    ['an answer that is no JSON', parseError(), failed('TRANSIENT')],
    ["a schema's issues", error({ name: 'Whatever', issues: [{ message: 'too short' }] }), failed('DATA')],
    ['a mistake in the program', new TypeError('x is not a function'), failed('PERMANENT')],
    ['an unknown variable', new ReferenceError('x is not defined'), failed('PERMANENT')],
    ['a wrapped network error', new Error('cannot order', { cause: error({ code: 'ETIMEDOUT' }) }), failed('TRANSIENT')],
    ['a wrapped permission', new Error('cannot order', { cause: aws('AccessDenied', 403) }), failed('CONFIGURATION')],
  ])('takes %s for it', (_what, thrown, verdict) => {
    expect(classify(thrown, nowMs)).toEqual(verdict);
  });

  it.each([
    [400, 'DATA'],
    [401, 'CONFIGURATION'],
    [403, 'CONFIGURATION'],
    [404, 'PERMANENT'],
    [408, 'TRANSIENT'],
    [409, 'TRANSIENT'],
    [410, 'PERMANENT'],
    [413, 'DATA'],
    [422, 'DATA'],
    [423, 'TRANSIENT'],
    [500, 'TRANSIENT'],
    [501, 'PERMANENT'],
    [502, 'TRANSIENT'],
    [503, 'TRANSIENT'],
    [504, 'TRANSIENT'],
    [507, 'RESOURCE'],
  ])('takes an HTTP %i for %s, wherever the status is', (status, errorClass) => {
    for (const shape of [{ status }, { statusCode: status }, { response: { status } }, { response: { statusCode: status } }])
      expect(classify(error(shape), nowMs)).toEqual(failed(errorClass));
  });

  it('takes 429 for a rate limit, and reads Retry-After wherever it is', () => {
    const limited = (retryAfterSeconds: number | undefined): Verdict => ({ kind: 'limited', retryAfterSeconds });
    expect(classify(error({ status: 429 }), nowMs)).toEqual(limited(undefined));
    expect(classify(error({ response: { status: 429, headers: new Headers({ 'Retry-After': '7' }) } }), nowMs)).toEqual(limited(7));
    expect(classify(error({ statusCode: 429, headers: { 'retry-after': '1.5' } }), nowMs)).toEqual(limited(1.5));
    expect(classify(error({ status: 429, headers: { 'Retry-After': 3 } }), nowMs)).toEqual(limited(3));
  });

  it('lets a 503 say when to come back', () => {
    const late = { kind: 'failed', class: 'TRANSIENT', retryAfterSeconds: 90 };
    expect(classify(error({ response: { status: 503, headers: { 'retry-after': '90' } } }), nowMs)).toEqual(late);
  });

  it('does not run in circles', () => {
    const self: Error & { cause?: unknown } = new Error('around');
    self.cause = self;
    expect(classify(self, nowMs)).toEqual(failed('TRANSIENT'));
  });
});

describe('Retry-After', () => {
  it.each<[number | Date | string | null | undefined, number | undefined]>([
    [5, 5],
    [-1, 0],
    [Number.NaN, undefined],
    ['120', 120],
    [' 2 ', 2],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60],
    ['Thu, 01 Jan 2015 00:00:00 GMT', 0],
    ['soon', undefined],
    ['', undefined],
    [new Date(nowMs + 2_500), 2.5],
    [null, undefined],
    [undefined, undefined],
  ])('%j is %j seconds', (value, seconds) => {
    expect(secondsOf(value, nowMs)).toBe(seconds);
  });

  it('is not looked for where there are no headers', () => {
    expect(retryAfterOf(error({ status: 429 }), nowMs)).toBeUndefined();
  });
});

function parseError(): unknown {
  try {
    return JSON.parse('{');
  } catch (thrown) {
    return thrown;
  }
}

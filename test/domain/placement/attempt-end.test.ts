/** What follows a failed attempt of a placed job. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ErrorClass, errorClasses, type FailedAttempt } from '../../../lambdas/contract/task-wire.ts';
import { afterAttempt, type FailedSoFar, type RetryWorld, withAttempt } from '../../../lambdas/domain/placement/attempt-end.ts';

const nowMs = Date.UTC(2026, 0, 1);
const world: RetryWorld = { retryJobs: true, nowMs, random: 0.999_99 };
const fresh: FailedSoFar = { failures: 0, maxRetries: 3 };

describe('a failed attempt', () => {
  it.each<[string, FailedSoFar, ErrorClass, Partial<RetryWorld>, string]>([
    ['of DATA', fresh, 'DATA', {}, 'what is DATA is not tried again'],
    ['of CONFIGURATION', fresh, 'CONFIGURATION', {}, 'what is CONFIGURATION is not tried again'],
    ['that is PERMANENT', fresh, 'PERMANENT', {}, 'what is PERMANENT is not tried again'],
    ['with no retries', { failures: 0, maxRetries: 0 }, 'TRANSIENT', {}, 'it has no retries'],
    ['with one retry, used', { failures: 1, maxRetries: 1 }, 'RESOURCE', {}, 'its one retry is used up'],
    ['with all used', { failures: 3, maxRetries: 3 }, 'TRANSIENT', {}, 'its 3 retries are used up'],
    ['where the stage tries nothing again', fresh, 'TRANSIENT', { retryJobs: false }, 'this stage tries no job again (retryJobs)'],
    [
      'with its time nearly over',
      { ...fresh, deadlineMs: nowMs + 2_000 },
      'TRANSIENT',
      {},
      'its time would be over before the next attempt',
    ],
  ])('%s is the last', (_what, failed, errorClass, change, why) => {
    expect(afterAttempt(failed, errorClass, { ...world, ...change })).toEqual({ kind: 'final', why });
  });

  it.each([
    [0, 2],
    [1, 4],
    [2, 8],
    [10, 2_048],
    [11, 3_600],
    [99, 3_600],
  ])('after %i others is tried again in up to %i s', (failures, seconds) => {
    expect(afterAttempt({ failures, maxRetries: 100 }, 'TRANSIENT', world)).toEqual({ kind: 'again', dueMs: nowMs + seconds * 1_000 });
  });

  it('is followed by no more than maxRetries others, each later than the one before', () => {
    const anyRun = fc.record({
      maxRetries: fc.nat(20),
      random: fc.double({ min: 0, max: 0.999, noNaN: true }),
      errorClass: fc.constantFrom(...errorClasses),
    });
    fc.assert(
      fc.property(anyRun, ({ maxRetries, random, errorClass }) => {
        let at = nowMs;
        let failures = 0;
        for (;;) {
          const next = afterAttempt({ failures, maxRetries }, errorClass, { retryJobs: true, nowMs: at, random });
          if (next.kind === 'final') break;
          expect(next.dueMs).toBeGreaterThan(at);
          at = next.dueMs;
          failures += 1;
        }
        expect(failures).toBe(errorClass === 'TRANSIENT' || errorClass === 'RESOURCE' ? maxRetries : 0);
      }),
    );
  });
});

it('a job remembers its last 20 failed attempts', () => {
  const attempt = (n: number): FailedAttempt => ({ attempt: n, class: 'TRANSIENT', message: 'no', time: '2026-01-01T00:00:00Z' });
  let history: FailedAttempt[] = [];
  for (let n = 1; n <= 25; n += 1) history = withAttempt(history, attempt(n));
  expect(history.map((one) => one.attempt)).toEqual(Array.from({ length: 20 }, (_, i) => i + 6));
});

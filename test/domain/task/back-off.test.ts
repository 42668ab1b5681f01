/** When a failed task comes back. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backOffSeconds, coolingSeconds, visibilitySeconds } from '../../../lambdas/domain/task/back-off.ts';

const rule = { maxRetries: 3, baseSeconds: 2, capSeconds: 3_600 };

describe('back-off', () => {
  it.each([
    [1, 1, 2],
    [2, 2, 4],
    [3, 4, 8],
    [4, 8, 16],
    [11, 1_024, 2_048],
    [12, 1_800, 3_600],
    [100, 1_800, 3_600],
  ])('of retry %i is from %i to %i seconds', (retry, least, most) => {
    expect(backOffSeconds(rule, retry, 0)).toBe(least);
    expect(backOffSeconds(rule, retry, 0.999_999)).toBe(most);
  });

  const anyRule = fc
    .record({ baseSeconds: fc.integer({ min: 1, max: 43_200 }), more: fc.nat(43_200) })
    .map(({ baseSeconds, more }) => ({ maxRetries: 3, baseSeconds, capSeconds: Math.min(43_200, baseSeconds + more) }));

  it('is whole seconds, at least half of the full step and never above the cap', () => {
    fc.assert(
      fc.property(
        anyRule,
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (any, retry, random) => {
          const seconds = backOffSeconds(any, retry, random);
          const full = Math.min(any.capSeconds, any.baseSeconds * 2 ** (retry - 1));
          expect(Number.isInteger(seconds)).toBe(true);
          expect(seconds).toBeGreaterThanOrEqual(full / 2);
          expect(seconds).toBeLessThanOrEqual(full);
        },
      ),
    );
  });

  it('never shrinks with the retries', () => {
    fc.assert(
      fc.property(anyRule, fc.integer({ min: 1, max: 99 }), (any, retry) => {
        expect(backOffSeconds(any, retry + 1, 0)).toBeGreaterThanOrEqual(backOffSeconds(any, retry, 0));
      }),
    );
  });
});

describe('cooling without a Retry-After', () => {
  it.each([
    [0, 5],
    [1, 5],
    [2, 10],
    [3, 20],
    [7, 300],
    [1_000, 300],
  ])('after %i refusals in a row is %i seconds', (streak, seconds) => {
    expect(coolingSeconds(streak)).toBe(seconds);
  });
});

describe('visibility', () => {
  it.each([
    [0, 0],
    [-3, 0],
    [0.1, 1],
    [7, 7],
    [7.01, 8],
    [1_000_000, 42_300],
  ])('of %d seconds is %i', (seconds, visibility) => {
    expect(visibilitySeconds(seconds)).toBe(visibility);
  });
});

/** What fits into an invocation. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fits, longestHoldMs, timeBudget } from '../../../lambdas/domain/task/time-budget.ts';

describe('the time of an invocation', () => {
  it.each([
    [1_000, 700, 850],
    [3_000, 2_700, 2_850],
    [30_000, 27_000, 28_500],
    [900_000, 897_000, 898_500],
    [100, 50, 75],
  ])('of %i ms has its deadline after %i and its last words after %i', (remaining, deadline, lastWords) => {
    expect(timeBudget(0, remaining)).toEqual({ deadlineMs: deadline, lastWordsMs: lastWords, endMs: remaining });
  });

  const start = { startMs: 0, spacingMs: 0, expectedMs: 0, first: false };
  const budget = timeBudget(0, 30_000);

  it.each([
    ['one that ends in time', { ...start, expectedMs: 26_000 }, true],
    ['one that would not', { ...start, startMs: 20_000, expectedMs: 8_000 }, false],
    ['the first, whatever it takes', { ...start, first: true, expectedMs: 60_000 }, true],
    ['one whose hold would not end in time', { ...start, first: true, spacingMs: 27_001 }, false],
    ['one whose hold just does', { ...start, spacingMs: 27_000 }, true],
  ])('takes or leaves %s', (_what, any, taken) => {
    expect(fits(budget, any)).toBe(taken);
  });

  it('lets every task of a batch start whose hold a rate may ask for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 1, max: 10 }), (timeoutSeconds, batch) => {
        const invocation = timeBudget(0, timeoutSeconds * 1_000);
        const spacingMs = longestHoldMs(timeoutSeconds * 1_000) / batch;
        expect(spacingMs).toBeGreaterThan(0);
        const startMs = (batch - 1) * spacingMs + 0.04 * timeoutSeconds;
        expect(fits(invocation, { startMs, spacingMs, expectedMs: 0, first: batch === 1 })).toBe(true);
      }),
    );
  });

  it('never lets a hold pass the deadline', () => {
    fc.assert(
      fc.property(fc.nat(30_000), fc.nat(30_000), fc.nat(30_000), fc.boolean(), (startMs, spacingMs, expectedMs, first) => {
        if (fits(budget, { startMs, spacingMs, expectedMs, first })) expect(startMs + spacingMs).toBeLessThanOrEqual(budget.deadlineMs);
      }),
    );
  });
});

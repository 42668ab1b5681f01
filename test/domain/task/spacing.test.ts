/** When an environment may start its next task. */
import { describe, expect, it } from 'vitest';
import { enteredTask, firstTurns, spacingMs, takeTurn } from '../../../lambdas/domain/task/spacing.ts';

describe('the spacing of starts', () => {
  it.each([
    [1, 1, 1_000],
    [0.5, 10, 20_000],
    [50, 1, 20],
    [3, 1, 1_000 / 3],
  ])('of %d a second over %i is %d ms', (ratePerSecond, concurrency, ms) => {
    expect(spacingMs({ ratePerSecond, concurrency })).toBeCloseTo(ms);
  });

  it('is none without a rate', () => {
    const turns = firstTurns(undefined, 500);
    takeTurn(turns, 600);
    enteredTask(turns, 700);
    expect(turns.nextStartMs).toBe(600);
  });

  it.each([
    ['at once', 0, 1_100],
    ['a moment later', 3, 1_103],
    ['after long computing', 50, 1_104],
  ])('counts from when the task was entered: %s', (_when, lateMs, nextMs) => {
    const turns = firstTurns({ ratePerSecond: 10, concurrency: 1 }, 0);
    expect(turns.nextStartMs).toBe(100);
    takeTurn(turns, 1_000);
    enteredTask(turns, 1_000 + lateMs);
    expect(turns.nextStartMs).toBe(nextMs);
  });
});

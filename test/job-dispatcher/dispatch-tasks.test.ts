/** The dispatch engine in virtual time, whatever its target does: every task once, and the cursor never too far. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accepted, type EntryOutcome } from '../../lambdas/domain/job/send-outcome.ts';
import { behind, run, type Script, tasks } from './dispatch-world.ts';

const again: EntryOutcome = { kind: 'again', message: 'InternalError' };
const refused: EntryOutcome = { kind: 'refused', class: 'DATA', message: 'InvalidMessageContents' };
const failed = { kind: 'failed', message: 'ThrottlingException' } as const;

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
const sorted = (all: readonly number[]) => all.toSorted((a, b) => a - b);

/** A target that takes most, throttles some sends, fails some entries for a while and refuses some for good. */
const anyScript = fc
  .record({
    seed: fc.integer({ min: 1, max: 1_000_003 }),
    failsOf10: fc.nat(4),
    badOf20: fc.nat(3),
    throttledOf10: fc.nat(4),
    longestMs: fc.constantFrom(1, 50, 700),
  })
  .map(({ seed, failsOf10, badOf20, throttledOf10, longestMs }): Script => {
    const draw = (...of: number[]) => of.reduce((hash, x) => (Math.imul(hash ^ x, 2_654_435_761) >>> 0) % 1_000_003, seed);
    return {
      entry: (n, tries) => (draw(n, 7) % 20 < badOf20 ? refused : tries <= 3 && draw(n, tries) % 10 < failsOf10 ? again : accepted),
      send: (sends) => (sends % 4 > 0 && draw(sends, 3) % 10 < throttledOf10 ? failed : undefined),
      tookMs: (_, sends) => 1 + (draw(sends, 5) % longestMs),
    };
  });

const anyShape = fc.record({
  count: fc.integer({ min: 0, max: 400 }),
  batchSize: fc.integer({ min: 1, max: 60 }),
  maxConcurrent: fc.integer({ min: 1, max: 25 }),
  perSend: fc.constantFrom(1, 3, 10),
});

describe('the dispatch engine', () => {
  it('sends every task once or refuses it once, and ends behind the last', async () => {
    await fc.assert(
      fc.asyncProperty(anyScript, anyShape, async (script, { count, batchSize, maxConcurrent, perSend }) => {
        const { seen, result } = await run(tasks(count), script, {
          batchSize,
          maxConcurrent,
          limits: { tasks: perSend, bytes: 1_000_000 },
        });
        expect(sorted([...seen.taken, ...seen.refused.map(({ n }) => n)])).toEqual(numbers(count));
        expect(result).toMatchObject({ cursor: behind(count), sent: seen.taken.length, refused: seen.refused.length, stopped: 'end' });
        expect(seen.mostInFlight).toBeLessThanOrEqual(maxConcurrent);
      }),
      { numRuns: 150 },
    );
  });

  it('stopped by allowance or time, has settled all up to its cursor, and what it put aside', async () => {
    const anyStop = fc.record({ allowance: fc.nat(450), withinMs: fc.nat(4_000), keepsAside: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(anyScript, anyShape, anyStop, async (script, { count, batchSize, maxConcurrent }, stop) => {
        const { seen, result, error } = await run(tasks(count), script, {
          batchSize,
          maxConcurrent,
          allowance: stop.allowance,
          stopAtMs: Date.UTC(2026, 0, 1) + stop.withinMs,
          ...(stop.keepsAside ? {} : { setAside: undefined as never }),
        });
        expect(error).toBeUndefined();
        const settled = new Set([...seen.taken, ...seen.refused.map(({ n }) => n), ...seen.aside.map(({ n }) => n)]);
        const { n = -1 } = result?.cursor ?? {};
        expect(result?.cursor).toEqual(behind(n));
        expect(numbers(n).every((number) => settled.has(number))).toBe(true);
        expect(seen.taken.length + seen.refused.length).toBeLessThanOrEqual(stop.allowance);
        expect(result?.sent).toBe(seen.taken.filter((number) => number <= n).length);
        // With somebody to put them aside nothing is left behind the cursor, so nothing is sent twice.
        if (stop.keepsAside) expect(settled.size).toBe(n);
        expect(seen.taken).toHaveLength(new Set(seen.taken).size);
      }),
      { numRuns: 150 },
    );
  });
});

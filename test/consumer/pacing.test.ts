/**
 * The rate, as a property in virtual time: the real runtime under a model of Lambda, with any durations, batches,
 * environments, deaths and changes of rate and concurrency.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rate } from '../../lambdas/domain/task/spacing.ts';
import { seededRandom } from '../double/aws/random.ts';
import { VirtualClock } from '../double/virtual-clock.ts';
import { LambdaSlots, type SlotsOptions, type TaskScript } from '../support/lambda-slots.ts';

/** What holds from a moment on. */
interface InForce extends Rate {
  fromMs: number;
}

/** The first window with more starts than `rate · T + concurrency`, and one more for each death in it. */
function tooMany(starts: readonly number[], deaths: readonly number[], inForce: readonly InForce[]): string | undefined {
  for (const [first, fromMs] of starts.entries()) {
    for (let last = first; last < starts.length; last += 1) {
      const toMs = starts[last] ?? 0;
      const limits = inForce.filter((limit, n) => limit.fromMs <= toMs && (inForce[n + 1]?.fromMs ?? Number.POSITIVE_INFINITY) > fromMs);
      const rate = Math.max(...limits.map(({ ratePerSecond }) => ratePerSecond));
      const concurrency = Math.max(...limits.map((limit) => limit.concurrency));
      const died = deaths.filter((atMs) => atMs >= fromMs && atMs <= toMs).length;
      const most = (rate * (toMs - fromMs)) / 1_000 + concurrency + died;
      const count = last - first + 1;
      if (count > most + 1e-6) return `${count} starts from ${fromMs} to ${toMs} ms, at most ${most}`;
    }
  }
  return undefined;
}

const timeoutMs = 30_000;
const anyRate = fc
  .record({ concurrency: fc.integer({ min: 1, max: 5 }), spacingMs: fc.integer({ min: 20, max: 8_000 }) })
  .map(({ concurrency, spacingMs }): Rate => ({ concurrency, ratePerSecond: (concurrency * 1_000) / spacingMs }));
const spacingMs = ({ concurrency, ratePerSecond }: Rate) => (concurrency / ratePerSecond) * 1_000;

interface Chances {
  seed: number;
  batch: number;
  dies: number;
  fresh: number;
  /** Of the spacing, how long most tasks take at most. */
  slowness: number;
}
const anyChances: fc.Arbitrary<Chances> = fc.record({
  seed: fc.nat(),
  batch: fc.integer({ min: 1, max: 10 }),
  dies: fc.constantFrom(0, 0.05, 0.4),
  fresh: fc.constantFrom(0, 0.1, 0.7),
  slowness: fc.constantFrom(0.2, 1, 3),
});

function lambda(rate: Rate, { seed, batch, dies, fresh, slowness }: Chances) {
  const clock = new VirtualClock(0);
  const random = seededRandom(seed);
  const below = (most: number) => random() * most;
  const task = (): TaskScript => {
    const durationMs = random() < 0.02 ? below(2 * timeoutMs) : below(slowness * spacingMs(rate));
    const ending = random() < 0.8 ? 'done' : (['fails', 'ignores its signal', 'never starts'] as const)[Math.floor(below(3))];
    return { durationMs, ending: ending ?? 'done' };
  };
  const options: SlotsOptions = {
    ...{ clock, random, rate, timeoutMs },
    batch: () => Array.from({ length: 1 + Math.floor(below(batch)) }, task),
    gapMs: () => below(50),
    prefersFresh: () => random() < fresh,
    // Also right after a start, which is where it frees its place earliest.
    diesAfterMs: () => (random() < dies ? below(random() < 0.5 ? 100 : 2 * batch * spacingMs(rate)) : undefined),
    latencyMs: () => below(15),
  };
  return { clock, slots: new LambdaSlots(options) };
}

/** Long enough for some 120 starts. */
const longMs = (rate: Rate) => 120 * (1_000 / rate.ratePerSecond);

describe('in any window the starts are at most rate · T + concurrency', () => {
  it('and one for each invocation that died in it, where a warm environment took its place', async () => {
    await fc.assert(
      fc.asyncProperty(anyRate, anyChances, async (rate, chances) => {
        const { clock, slots } = lambda(rate, chances);
        await clock.run(longMs(rate));
        slots.stop();
        expect(tooMany(slots.starts, slots.unseenDeaths, [{ ...rate, fromMs: 0 }])).toBeUndefined();
      }),
      { numRuns: 150 },
    );
  }, 120_000);

  it('while rate and concurrency change in the order the reconciler keeps', async () => {
    await fc.assert(
      fc.asyncProperty(anyRate, anyRate, anyChances, async (before, after, chances) => {
        const { clock, slots } = lambda(before, chances);
        const changeMs = longMs(before) / 2;
        await clock.run(changeMs);
        const [spacingGrows, concurrencyGrows] = [spacingMs(after) > spacingMs(before), after.concurrency > before.concurrency];
        const steps = [() => slots.setRate(after), () => slots.setConcurrency(after.concurrency)];
        // What makes it slower first; only where the other makes it faster too does it have to wait.
        if (spacingGrows === concurrencyGrows) {
          for (const [n, step] of (spacingGrows ? steps : steps.toReversed()).entries()) {
            if (n > 0) await clock.advance(timeoutMs);
            step();
          }
        } else for (const step of steps) step();
        const changedMs = clock.nowMs() + timeoutMs;
        await clock.run(changedMs + longMs(after) / 2);
        slots.stop();
        const either = {
          ratePerSecond: Math.max(before.ratePerSecond, after.ratePerSecond),
          concurrency: Math.max(before.concurrency, after.concurrency),
        };
        const inForce = [
          { ...before, fromMs: 0 },
          { ...either, fromMs: changeMs },
          { ...after, fromMs: changedMs },
        ];
        expect(tooMany(slots.starts, slots.deaths, inForce)).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  }, 120_000);
});

describe('the limit is used', () => {
  it('to 95% with a backlog, where an invocation lasts twenty times the pause between two', async () => {
    const gapMs = 10;
    await fc.assert(
      fc.asyncProperty(
        anyRate,
        fc.integer({ min: 1, max: 10 }),
        fc.nat(),
        fc.constantFrom(0.1, 0.9),
        async (rate, most, seed, slowness) => {
          const batch = Math.max(most, Math.ceil((20 * gapMs) / spacingMs(rate)));
          const clock = new VirtualClock(0);
          const random = seededRandom(seed);
          const slots = new LambdaSlots({
            ...{ clock, random, rate, timeoutMs: 900_000 },
            batch: () =>
              Array.from({ length: batch }, () => ({ durationMs: random() * slowness * spacingMs(rate), ending: 'done' as const })),
            gapMs: () => gapMs,
            prefersFresh: () => false,
            diesAfterMs: () => undefined,
            latencyMs: () => 0,
          });
          await clock.run(2 * longMs(rate));
          slots.stop();
          // From the first start of every slot on.
          const from = slots.starts[rate.concurrency - 1] ?? 0;
          const counted = slots.starts.length - rate.concurrency;
          expect((counted + rate.concurrency) / ((clock.nowMs() - from) / 1_000)).toBeGreaterThanOrEqual(0.95 * rate.ratePerSecond);
        },
      ),
      { numRuns: 60 },
    );
  }, 120_000);

  it.each([1, 4])('tasks slower than the rate wait for nothing: batches of %d', async (batch) => {
    const clock = new VirtualClock(0);
    const random = seededRandom(7);
    const rate = { ratePerSecond: 2, concurrency: 1 };
    let slept = 0;
    const slots = new LambdaSlots({
      ...{ clock, random, rate, timeoutMs },
      batch: () =>
        Array.from({ length: batch }, () => {
          const durationMs = 500 + random() * 5_000;
          slept += durationMs;
          return { durationMs, ending: 'done' as const };
        }),
      gapMs: () => 20,
      prefersFresh: () => false,
      diesAfterMs: () => undefined,
      latencyMs: () => 0,
    });
    await clock.run(() => slots.invocations.length === 20);
    const [first, last] = [slots.invocations[0], slots.invocations.at(-1)];
    // The first start waits, as its environment is fresh.
    const lasted = (last?.toMs ?? 0) - (first?.fromMs ?? 0) - spacingMs(rate) - 19 * 20;
    expect(lasted).toBeCloseTo(slept, 1);
  });
});

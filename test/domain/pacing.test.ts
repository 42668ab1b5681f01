/** The control-plane budget with many callers, in virtual time: never beyond AWS's limit, always used, urgent ones first. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HintClass } from '../../lambdas/contract/messages.ts';
import { bookingHorizonMs, mustWaitMs, type Pace, paceOf, startOf } from '../../lambdas/domain/pacing.ts';

interface Caller {
  atMs: number;
  priority: HintClass;
}
interface Call extends Caller {
  startMs: number;
}

/** Callers book as the budget's row lets them: one number, each booking atomic; who may not yet comes back when told. */
function simulate(pace: Pace, callers: Caller[]): Call[] {
  const waiting = callers.map((caller, order) => ({ ...caller, dueMs: caller.atMs, order }));
  const calls: Call[] = [];
  let tatMs = 0;
  while (waiting.length > 0) {
    waiting.sort((a, b) => a.dueMs - b.dueMs || a.order - b.order);
    const next = waiting[0] as (typeof waiting)[number];
    const nowMs = next.dueMs;
    const waitMs = mustWaitMs(pace, tatMs, nowMs, bookingHorizonMs[next.priority]);
    if (waitMs > 0) {
      next.dueMs = nowMs + waitMs + 1;
      continue;
    }
    tatMs = Math.max(tatMs, nowMs) + pace.intervalMs;
    calls.push({ atMs: next.atMs, priority: next.priority, startMs: startOf(pace, tatMs, nowMs) });
    waiting.shift();
  }
  return calls;
}

const starts = (calls: Call[]) => calls.map(({ startMs }) => startMs).toSorted((a, b) => a - b);

/** Most calls in any window of one second. */
function mostInASecond(times: number[]): number {
  return times.reduce((most, from, i) => Math.max(most, times.filter((time, j) => j >= i && time < from + 999.999).length), 0);
}

const anyPriority = fc.constantFrom<HintClass>('change', 'rollout', 'sweep');
const anyCallers = fc.array(fc.record({ atMs: fc.nat(4_000), priority: anyPriority }), { maxLength: 80 });
const burst = (count: number, priority: HintClass, atMs = 0): Caller[] => Array.from({ length: count }, () => ({ atMs, priority }));

describe('the budget', () => {
  it('is never exceeded in any second, nor is the limit of AWS', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 15, noNaN: true }), anyCallers, (budget, callers) => {
        const most = mostInASecond(starts(simulate(paceOf(budget), callers)));
        expect(most).toBeLessThanOrEqual(15);
        expect(most).toBeLessThanOrEqual(Math.ceil(budget) + 4);
      }),
      { numRuns: 200 },
    );
  });

  it.each([1, 5, 10, 14, 15])('of %i a second is used in full while callers wait', (budget) => {
    const times = starts(simulate(paceOf(budget), burst(200, 'rollout')));
    const seconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1_000;
    expect(200 / seconds).toBeGreaterThanOrEqual(budget * 0.97);
  });

  it('lets nobody wait while nothing is booked', () => {
    fc.assert(
      fc.property(anyPriority, fc.integer({ min: 0, max: 1e12 }), (priority, nowMs) => {
        const pace = paceOf(10);
        expect(mustWaitMs(pace, 0, nowMs, bookingHorizonMs[priority])).toBe(0);
        expect(startOf(pace, nowMs + pace.intervalMs, nowMs)).toBe(nowMs);
      }),
    );
  });

  it('goes to changes before a rollout that was there first, and to the rollout again after', () => {
    const calls = simulate(paceOf(10), [...burst(300, 'rollout'), ...burst(30, 'change', 2_000)]);
    const changes = starts(calls.filter(({ priority }) => priority === 'change'));
    expect(changes.at(-1)).toBeLessThanOrEqual(2_000 + 30 * 100 + bookingHorizonMs.rollout + 100);
    const times = starts(calls);
    expect(330 / ((times.at(-1) ?? 0) / 1_000)).toBeGreaterThanOrEqual(9.7);
  });

  it('goes to a rollout before sweeps', () => {
    const calls = simulate(paceOf(10), [...burst(100, 'sweep'), ...burst(50, 'rollout', 1_000)]);
    const rollouts = starts(calls.filter(({ priority }) => priority === 'rollout'));
    expect(rollouts.at(-1)).toBeLessThanOrEqual(1_000 + 50 * 100 + 500);
  });

  it('serves everybody in the end', () => {
    fc.assert(
      fc.property(anyCallers, (callers) => {
        const calls = simulate(paceOf(10), callers);
        expect(calls).toHaveLength(callers.length);
        for (const { atMs, startMs } of calls) expect(startMs).toBeGreaterThanOrEqual(atMs);
      }),
      { numRuns: 50 },
    );
  });
});

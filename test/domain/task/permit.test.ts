/** Who is granted a permit, for whom a place is kept, who is woken: one look at a time. */
import { describe, expect, it } from 'vitest';
import { claimWindowMs, decideAcquire, decideRelease, type PermitState, secondsToWait } from '../../../lambdas/domain/task/permit.ts';
import { leaseEndMs, renewalTimes } from '../../../lambdas/domain/task/permit-lease.ts';
import { fallbackSeconds, joined, lineLimits, rankOf, type Waiter } from '../../../lambdas/domain/task/permit-line.ts';

const nowMs = 1_000_000;
const later = nowMs + 30_000;
const waiter = (id: string, change: Partial<Waiter> = {}): Waiter => ({ id, pipeline: 'p', sentAtMs: 0, rankMs: 0, ...change });
const state = (change: Partial<PermitState> = {}): PermitState => ({ limit: 1, version: 7, holders: {}, kept: {}, line: [], ...change });
const asker = { token: 'mine', waiter: waiter('me', { rankMs: 50 }), surelyOverMs: later };
const held = { other: later };

describe('asking', () => {
  it.each<[string, Partial<PermitState>, { granted: boolean; place?: number; wake?: string[] }]>([
    ['is granted where a place is free', {}, { granted: true }],
    ['waits where none is', { holders: held }, { granted: false, place: 0 }],
    ['waits where the limit was lowered', { limit: 1, holders: { a: later, b: later } }, { granted: false, place: 0 }],
    ['waits where nobody may hold it', { limit: 0 }, { granted: false, place: 0 }],
    ['is granted where a lease is over', { holders: { dead: nowMs - 1 } }, { granted: true }],
    ['waits at the very end of a lease', { holders: { dying: nowMs } }, { granted: false, place: 0 }],
    ['waits behind who is kept a place', { kept: { first: later } }, { granted: false, place: 0 }],
    ['is granted what is kept for him', { kept: { me: later } }, { granted: true }],
    [
      'waits although one is kept for him where the limit was lowered',
      { holders: held, kept: { me: later } },
      { granted: false, place: 0 },
    ],
    ['takes what nobody came for', { kept: { first: nowMs }, line: [waiter('next')] }, { granted: true }],
    ['stands back for who is ahead', { line: [waiter('ahead')] }, { granted: false, place: 0, wake: ['ahead'] }],
    ['is granted beside those ahead where there is room', { limit: 2, line: [waiter('ahead')] }, { granted: true, wake: ['ahead'] }],
    ['is granted before those behind', { line: [waiter('behind', { rankMs: 60 })] }, { granted: true }],
    ['is granted again what it was granted before', { holders: { mine: later } }, { granted: true }],
  ])('%s', (_what, change, { granted, place, wake = [] }) => {
    const decision = decideAcquire(state(change), asker, { nowMs });
    expect({ granted: decision.granted, place: decision.place, wake: decision.wake }).toEqual({ granted, place, wake });
    if (granted) expect((decision.next ?? state(change)).holders['mine']).toBe(later);
    if (decision.next) expect(decision.next.version).toBe(8);
  });

  it('writes nothing where who waits still waits', () => {
    const waiting = state({ holders: held, line: [asker.waiter] });
    expect(decideAcquire(waiting, asker, { nowMs })).toEqual({ granted: false, place: 0, next: undefined, wake: [] });
  });

  it('does not wait for who cannot be reached', () => {
    const look = { nowMs, unreachable: new Set(['gone']) };
    expect(decideAcquire(state({ kept: { gone: later } }), asker, look).granted).toBe(true);
    expect(decideAcquire(state({ line: [waiter('gone')] }), asker, look).next?.line).toEqual([]);
  });
});

describe('giving back', () => {
  it('keeps the place for the next and wakes him', () => {
    const { next, wake } = decideRelease(state({ holders: { mine: later }, line: [waiter('a'), waiter('b')] }), 'mine', { nowMs });
    expect(wake).toEqual(['a']);
    expect(next).toEqual(state({ version: 8, kept: { a: nowMs + claimWindowMs }, line: [waiter('b')] }));
  });
  it('wakes as many as there are places, a raised limit counted', () => {
    const line = ['a', 'b', 'c', 'd'].map((id) => waiter(id));
    expect(decideRelease(state({ limit: 3, holders: { mine: later, ...held }, line }), 'mine', { nowMs }).wake).toEqual(['a', 'b']);
  });
  it('wakes nobody above a lowered limit', () => {
    const lowered = state({ holders: { mine: later, ...held }, line: [waiter('a')] });
    expect(decideRelease(lowered, 'mine', { nowMs })).toMatchObject({ wake: [], next: { holders: held, kept: {} } });
  });
  it('tells the next of a place that nobody came for, and keeps it for nobody', () => {
    const missed = state({
      limit: 2,
      holders: { mine: later },
      kept: { absent: nowMs - 1 },
      line: [waiter('a'), waiter('b'), waiter('c')],
    });
    const { next, wake } = decideRelease(missed, 'mine', { nowMs });
    expect(wake).toEqual(['a', 'b']);
    expect(next?.kept).toEqual({ absent: nowMs - 1, a: nowMs + claimWindowMs });
  });
  it('changes nothing where the lease is gone', () => {
    expect(decideRelease(state({ holders: held }), 'mine', { nowMs })).toEqual({ next: undefined, wake: [] });
  });
});

describe('the line', () => {
  const full = (pipeline: string, places: number, sentAtMs: number) =>
    Array.from({ length: places }, (_one, at) => waiter(`${pipeline}${at}`, { pipeline, sentAtMs: sentAtMs + at, rankMs: at }));
  const { perGroup, total } = lineLimits;

  it('has few places for a group, and gives them to its oldest tasks', () => {
    const line = full('p', perGroup, 100);
    expect(joined(line, waiter('younger', { sentAtMs: 500 }))).toBeUndefined();
    const after = joined(line, waiter('older', { sentAtMs: 50 })) ?? [];
    expect(after.length).toBe(perGroup);
    expect(after.map(({ id }) => id)).toContain('older');
    expect(after.map(({ id }) => id)).not.toContain(`p${perGroup - 1}`);
  });
  it('makes room for a group that has none', () => {
    const line = Array.from({ length: total / perGroup }, (_one, at) => full(`g${at}`, perGroup, 0)).flat();
    const after = joined(line, waiter('me', { pipeline: 'new', sentAtMs: 900 })) ?? [];
    expect(after.length).toBe(total);
    expect(after.some(({ id }) => id === 'me')).toBe(true);
  });
  it('counts no more than a minute of what a task waited before it asked', () => {
    expect(rankOf(nowMs - 10, nowMs)).toBe(nowMs - 10);
    expect(rankOf(0, nowMs)).toBe(nowMs - 60_000);
  });
});

describe('coming back', () => {
  it.each([
    [1, true, 5],
    [2, true, 10],
    [5, true, 80],
    [6, true, 120],
    [999, true, 120],
    [299, false, 120],
    [300, false, 1_800],
  ])('after receive %i, in line: %s, takes %i s at most', (receives, inLine, seconds) => {
    expect(fallbackSeconds(receives, inLine, 0)).toBe(seconds);
    expect(fallbackSeconds(receives, inLine, 0.999)).toBeGreaterThanOrEqual(Math.floor(seconds * 0.8));
  });
  it('spends 400 receives on more than the hours a place in line takes, and 1,000 on all that SQS keeps a task', () => {
    const secondsOf = (receives: number) =>
      Array.from({ length: receives }, (_one, at) => fallbackSeconds(at + 1, false, 0.999)).reduce((a, b) => a + b, 0);
    expect(secondsOf(400)).toBeGreaterThan(2 * 86_400 - 1);
    expect(secondsOf(1_000)).toBeGreaterThan(11 * 86_400);
  });
  it('is sooner for who is next when a lease may end', () => {
    const two = state({ limit: 2, holders: { a: nowMs + 10_000, b: nowMs + 20_000 } });
    expect(secondsToWait(two, 0, 120, nowMs)).toBe(11);
    expect(secondsToWait(two, 1, 120, nowMs)).toBe(21);
    expect(secondsToWait(two, 2, 120, nowMs)).toBe(120);
    expect(secondsToWait({ ...two, limit: 1 }, 0, 120, nowMs)).toBe(21);
    expect(secondsToWait({ ...two, limit: 0 }, 0, 120, nowMs)).toBe(120);
    expect(secondsToWait(two, undefined, 120, nowMs)).toBe(120);
  });
});

describe('leases', () => {
  it.each([
    ['a minute', 900_000, 1, undefined, 60_000],
    ['no longer than the deadline', 20_000, 1, undefined, 20_000],
    ['longer for many places', 900_000, 1_000, undefined, 600_000],
    ['as wished', 900_000, 1, 300_000, 300_000],
  ])('are %s', (_what, leftMs, limit, wishedMs, lengthMs) => {
    expect(leaseEndMs(nowMs, nowMs + leftMs, limit, wishedMs)).toBe(nowMs + lengthMs);
  });
  it('are renewed each third of them, and lost in time for the code to stop', () => {
    const lease = { fromMs: 0, untilMs: 60_000, deadlineMs: 900_000 };
    expect(renewalTimes(lease)).toEqual({ firstMs: 20_000, retryAfterMs: 5_000, loseMs: 57_000 });
    expect(renewalTimes({ ...lease, untilMs: 900_000 })).toBeUndefined();
  });
});

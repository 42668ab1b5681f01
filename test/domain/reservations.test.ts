/** The room for reservations: never exceeded, given in order of arrival, and held up by nobody who does not fit. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideGrant, type Ledger, nextToGrant, roomIn, type Waiter } from '../../lambdas/domain/reservations.ts';

const ledger = (granted = 0, accountLimit = 1_000, othersReserved = 0): Ledger => ({
  accountLimit,
  othersReserved,
  granted,
  refreshedAtMs: 0,
  revision: 1,
});
const waiter = (taskGroup: string, need: number, sinceMs: number): Waiter => ({ taskGroup, need, sinceMs });
const ask = (taskGroup: string, wanted: number, held = 0) => ({ taskGroup, wanted, held });

describe('room', () => {
  it.each([
    [ledger(0, 1_000, 15), 885],
    [ledger(900), 0],
    [ledger(950), 0],
    [ledger(0, 10), 0],
    [ledger(0, 0), 0],
  ])('of %j is %i', (of, expected) => expect(roomIn(of)).toBe(expected));
});

describe('a grant', () => {
  it.each<[string, Ledger, Waiter[], ReturnType<typeof ask>, boolean]>([
    ['that fits exactly', ledger(800), [], ask('a', 100), true],
    ['one too large', ledger(800), [], ask('a', 101), false],
    ['that only needs what it lacks', ledger(880), [], ask('a', 100, 80), true],
    ['that asks for less, with no room at all', ledger(2_000), [], ask('a', 5, 10), true],
    ['that asks for what it holds', ledger(2_000), [], ask('a', 10, 10), true],
    ['of a newcomer that would overtake', ledger(800), [waiter('b', 100, 1)], ask('a', 1), false],
    ['of a newcomer beside one that waits', ledger(800), [waiter('b', 60, 1)], ask('a', 40), true],
    ['of a newcomer past one too large', ledger(800), [waiter('b', 500, 1)], ask('a', 100), true],
    ['of the first in line', ledger(800), [waiter('a', 100, 1), waiter('b', 100, 2)], ask('a', 100), true],
    ['of the second in line', ledger(800), [waiter('a', 100, 1), waiter('b', 100, 2)], ask('b', 100), false],
    ['of the second when the first is too large', ledger(800), [waiter('a', 500, 1), waiter('b', 100, 2)], ask('b', 100), true],
  ])('%s', (_what, of, waiters, wish, expected) => expect(decideGrant(of, waiters, wish).granted).toBe(expected));

  it('that is refused tells by how much, who goes first and what would do', () => {
    const verdict = decideGrant(ledger(800), [waiter('b', 60, 1)], ask('a', 60, 10));
    expect(verdict).toMatchObject({ granted: false, need: 50, shortBy: 10, next: ['b'] });
    expect(verdict).toMatchObject({
      message: expect.stringMatching(
        /needs 50 more .* than the 10 it holds.*short by 10.*1 that came earlier.*reserve: false would start it now/,
      ),
    });
  });

  it('that can never be made says so', () => {
    expect(decideGrant(ledger(0), [], ask('a', 901))).toMatchObject({
      message: expect.stringContaining('More than this account can ever give'),
    });
    expect(decideGrant(ledger(0, 10), [], ask('a', 1))).toMatchObject({ message: expect.stringContaining('capped by its mapping at 2') });
  });
});

describe('whoever comes and goes', () => {
  const steps = fc.array(fc.record({ group: fc.constantFrom('a', 'b', 'c', 'd', 'e'), wanted: fc.constantFrom(0, 1, 5, 20, 60, 100) }), {
    maxLength: 60,
  });

  it('never holds more than there is, and nobody that fits waits', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 100, max: 260 }), (asked, accountLimit) => {
        const held = new Map<string, number>();
        let waiters: Waiter[] = [];
        const now = () =>
          ledger(
            [...held.values()].reduce((sum, one) => sum + one, 0),
            accountLimit,
            10,
          );
        const settle = (taskGroup: string, wanted: number, atMs: number) => {
          const verdict = decideGrant(now(), waiters, ask(taskGroup, wanted, held.get(taskGroup) ?? 0));
          const before = waiters.find((one) => one.taskGroup === taskGroup);
          waiters = waiters.filter((one) => one !== before);
          if (verdict.granted) held.set(taskGroup, wanted);
          else waiters.push({ taskGroup, need: verdict.need, sinceMs: before?.sinceMs ?? atMs });
        };
        for (const [i, { group, wanted }] of asked.entries()) {
          settle(group, wanted, i);
          // Whom the room fits now is looked at, in order.
          for (const next of nextToGrant(roomIn(now()), waiters)) settle(next.taskGroup, (held.get(next.taskGroup) ?? 0) + next.need, i);
          expect(now().granted).toBeLessThanOrEqual(Math.max(0, accountLimit - 110));
          expect(nextToGrant(roomIn(now()), waiters)).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('gives room in order of arrival to those who fit', () => {
    const anyWaiters = fc.uniqueArray(
      fc.record({ taskGroup: fc.string({ minLength: 1, maxLength: 3 }), need: fc.integer({ min: 1, max: 50 }), sinceMs: fc.nat(5) }),
      { selector: (one) => one.taskGroup },
    );
    fc.assert(
      fc.property(fc.nat(100), anyWaiters, (room, waiters) => {
        const next = nextToGrant(room, waiters);
        const used = next.reduce((sum, { need }) => sum + need, 0);
        expect(used).toBeLessThanOrEqual(room);
        expect(next.map(({ sinceMs }) => sinceMs)).toEqual(next.map(({ sinceMs }) => sinceMs).toSorted((a, b) => a - b));
        for (const left of waiters.filter((one) => !next.includes(one))) {
          const before = next.filter(
            (one) => one.sinceMs < left.sinceMs || (one.sinceMs === left.sinceMs && one.taskGroup < left.taskGroup),
          );
          expect(left.need).toBeGreaterThan(room - before.reduce((sum, { need }) => sum + need, 0));
        }
        expect(nextToGrant(room, waiters.toReversed())).toEqual(next);
      }),
    );
  });
});

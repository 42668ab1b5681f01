import { expect, it } from 'vitest';
import { Account } from '../../local/demo/accounting.ts';

/** Serves `count` tasks back to back, one at a time, each for `ms` with `pause` between them. */
function serveOneByOne(account: Account, count: number, ms: number, pause: number): number {
  let now = 0;
  for (let task = 0; task < count; task += 1) {
    account.arrive(String(task), now);
    now += ms;
    account.leave(String(task), now);
    now += pause;
  }
  return now;
}

it('lets in as many calls at once as the limit says, and refuses the next', () => {
  const account = new Account(2, 10);
  expect([account.arrive('a', 0), account.arrive('b', 1), account.arrive('c', 2)]).toEqual([true, true, false]);
  expect(account.figures(3)).toMatchObject({ inFlight: 2, peakInFlight: 3, refused: 1, secondsAboveLimit: 1 });
});

it('lets in the next call once one has left', () => {
  const account = new Account(1, 10);
  account.arrive('a', 0);
  account.leave('a', 1_000);
  expect(account.arrive('b', 1_000)).toBe(true);
  expect(account.figures(1_001)).toMatchObject({ peakInFlight: 1, refused: 0, secondsAboveLimit: 0, done: 1 });
});

it('counts the starts of any one second, not of clock seconds', () => {
  const account = new Account(3, 10);
  for (const at of [900, 1_100, 1_899]) account.arrive(String(at), at);
  expect(account.figures(2_000)).toMatchObject({ mostStartsInASecond: 3, startsInTheLastSecond: 2 });
});

it('does not count two starts a whole second apart as in one second', () => {
  const account = new Account(1, 10);
  serveOneByOne(account, 3, 1_000, 0);
  expect(account.figures(3_000).mostStartsInASecond).toBe(1);
});

it('measures the share of the limit that was used from the first call until the last task was taken up', () => {
  const account = new Account(1, 11);
  const end = serveOneByOne(account, 11, 900, 100);
  expect(account.figures(end + 60_000)).toMatchObject({ used: 0.9, secondsWithBacklog: 10, done: 11 });
});

it('measures until now while there are tasks that were not taken up', () => {
  const account = new Account(2, 100);
  account.arrive('a', 0);
  account.leave('a', 1_000);
  expect(account.figures(2_000)).toMatchObject({ used: 0.25, secondsWithBacklog: 2, tasksPerSecond: 0.5 });
});

it('starts the clock with the first call, whenever that is', () => {
  const account = new Account(1, 5);
  account.arrive('a', 50_000);
  expect(account.figures(51_000)).toMatchObject({ used: 1, secondsWithBacklog: 1 });
});

it('counts a second with several refusals once', () => {
  const account = new Account(1, 10);
  account.arrive('a', 0);
  for (const at of [100, 200, 1_300]) account.arrive('b', at);
  expect(account.figures(2_000)).toMatchObject({ refused: 3, secondsAboveLimit: 2 });
});

it('counts a task once, however often it is served', () => {
  const account = new Account(1, 2);
  for (const at of [0, 1_000]) {
    account.arrive('a', at);
    account.leave('a', at + 500);
  }
  expect(account.finished).toBe(false);
  expect(account.figures(2_000)).toMatchObject({ done: 1, repeated: 1 });
});

it('does not count a call that went away before it was served', () => {
  const account = new Account(1, 1);
  account.arrive('a', 0);
  account.abandon('a', 100);
  expect(account.figures(200)).toMatchObject({ inFlight: 0, done: 0 });
  account.arrive('a', 300);
  account.leave('a', 1_300);
  expect(account.figures(1_400)).toMatchObject({ done: 1, repeated: 0 });
});

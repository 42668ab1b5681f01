/** Which waiting jobs may start: in their order, within both limits, no slot left idle that one of them could take. */
import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import type { WaitingRow } from '../../../lambdas/contract/job-table.ts';
import { nextToStart } from '../../../lambdas/domain/job/schedule.ts';

const limits = { maxParallelJobs: 3, maxParallelJobsPerGroup: 2, ofCustomer: (customer: string) => (customer === 'free' ? undefined : 1) };
const waiting = (job: string, target: string, customer?: string): WaitingRow => ({
  job,
  target,
  ...(customer === undefined ? {} : { customer }),
  priority: 'normal',
  readyAtMs: 1,
});
const runs = (...targets: string[]) => Object.fromEntries(targets.map((target, n) => [`r${n}`, { target, sinceMs: 0 }]));

it.each([
  ['the first ones', runs(), ['a1', 'a2', 'b1'], ['a1', 'a2', 'b1']],
  ['a full target lets others pass', runs('a', 'a'), ['a1', 'b1'], ['b1']],
  ['no more than in all', runs('a', 'b'), ['c1', 'd1'], ['c1']],
  ['one that was started just now counts', runs('a'), ['a1', 'a2', 'b1'], ['a1', 'b1']],
  ['none where it is full', runs('a', 'b', 'c'), ['d1'], []],
])('%s', (_, running, names, expected) => {
  const list = names.map((name) => waiting(name, name.charAt(0)));
  expect(nextToStart(running, list, limits).map(({ job }) => job)).toEqual(expected);
});

test('of a customer no more than it may, and those behind it pass', () => {
  const running = { r0: { target: 'x', customer: 'acme', sinceMs: 0 } };
  const list = [waiting('a1', 'a', 'acme'), waiting('b1', 'b', 'beta'), waiting('c1', 'c', 'beta'), waiting('d1', 'd')];
  expect(nextToStart(running, list, limits).map(({ job }) => job)).toEqual(['b1', 'd1']);
  const unlimited = ['e', 'f', 'g'].map((name) => waiting(`${name}1`, name, 'free'));
  expect(nextToStart(running, unlimited, limits).map(({ job }) => job)).toEqual(['e1', 'f1']);
});

test('limits hold, order is kept within a target, and no fitting job is left waiting', () => {
  const targets = fc.constantFrom('a', 'b', 'c', 'd');
  fc.assert(
    fc.property(
      fc.array(targets, { maxLength: 6 }),
      fc.array(fc.tuple(targets, fc.option(fc.constantFrom('acme', 'beta'), { nil: undefined })), { maxLength: 12 }),
      fc.record({ maxParallelJobs: fc.integer({ min: 1, max: 8 }), maxParallelJobsPerGroup: fc.integer({ min: 1, max: 4 }) }),
      fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
      (before, list, bounds, ofCustomer) => {
        const rows = list.map(([target, customer], n) => waiting(`w${n}`, target, customer));
        const started = nextToStart(runs(...before), rows, { ...bounds, ofCustomer: () => ofCustomer });
        const all = [...before, ...started.map(({ target }) => target)];
        const per = (target: string) => all.filter((other) => other === target).length;
        if (started.length > 0) expect(all.length).toBeLessThanOrEqual(bounds.maxParallelJobs);
        for (const { target } of started) expect(per(target)).toBeLessThanOrEqual(bounds.maxParallelJobsPerGroup);
        const fullCustomer = (customer: string | undefined) =>
          customer !== undefined && ofCustomer !== undefined && started.filter((other) => other.customer === customer).length >= ofCustomer;
        for (const customer of ['acme', 'beta'])
          expect(started.filter((other) => other.customer === customer).length).toBeLessThanOrEqual(ofCustomer ?? 99);
        for (const row of rows.filter((candidate) => !started.includes(candidate)))
          expect(
            all.length >= bounds.maxParallelJobs || per(row.target) >= bounds.maxParallelJobsPerGroup || fullCustomer(row.customer),
          ).toBe(true);
      },
    ),
  );
});

/** One word about a task: what it changes, and that a task is counted once whatever comes how often in which order. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { noCounts, type TaskRow } from '../../../lambdas/contract/job-table.ts';
import { changeBy, sum, type TaskEnd } from '../../../lambdas/domain/job/task-end.ts';

const expiresAt = 1_000;
const end = (change: Partial<TaskEnd>): TaskEnd => ({ n: 1, status: 'done', life: 0, attempt: 1, atMs: 5, ...change });
const row = (change: Partial<TaskRow>): TaskRow => ({
  n: 1,
  status: 'done',
  life: 0,
  attempt: 1,
  deadLettered: false,
  unsent: false,
  updatedAtMs: 1,
  revision: 1,
  expiresAt,
  ...change,
});

describe('what is known, what is said, and whether it counts', () => {
  const cases: [string, Partial<TaskRow> | undefined, Partial<TaskEnd>, boolean][] = [
    ['the first word', undefined, {}, true],
    ['done is done', { status: 'done' }, { status: 'failed' }, false],
    ['done is done in every life', { status: 'done' }, { status: 'done', life: 1 }, false],
    ['failed is failed', { status: 'failed' }, { status: 'done' }, false],
    ['but a later life begins anew', { status: 'failed' }, { status: 'queued', life: 1 }, true],
    ['and may have ended already', { status: 'failed' }, { status: 'done', life: 1 }, true],
    ['a success counts, whichever attempt it was', { status: 'retrying', attempt: 3 }, { status: 'done', attempt: 1 }, true],
    ['also of the life before', { status: 'queued', life: 1 }, { status: 'done', life: 0 }, true],
    ['a failure of the life before does not', { status: 'queued', life: 1 }, { status: 'failed', life: 0 }, false],
    ['the same failed attempt again', { status: 'retrying', attempt: 2 }, { status: 'retrying', attempt: 2 }, false],
    ['the next failed attempt', { status: 'retrying', attempt: 2 }, { status: 'retrying', attempt: 3 }, true],
    ['the end after it', { status: 'retrying', attempt: 2 }, { status: 'failed', attempt: 2 }, true],
    [
      'of a function: an attempt that was given up',
      { status: 'retrying', attempt: 1 },
      { status: 'failed', attempt: 1, exact: true },
      false,
    ],
    ['of a function: the attempt under way', { status: 'queued', attempt: 2 }, { status: 'failed', attempt: 2, exact: true }, true],
    ['of a function: the one before it', { status: 'queued', attempt: 2 }, { status: 'retrying', attempt: 1, exact: true }, false],
    ['of a function: it is sent again', { status: 'retrying', attempt: 1 }, { status: 'queued', attempt: 2 }, true],
    ['of a function: it was sent again already', { status: 'queued', attempt: 2 }, { status: 'queued', attempt: 2 }, false],
  ];
  it.each(cases)('%s', (_, known, said, counts) => {
    expect(changeBy(known && row(known), end(said), expiresAt) !== undefined).toBe(counts);
  });
});

test('what was never sent stays so, in all its lives', () => {
  const refused = changeBy(undefined, end({ status: 'failed', unsent: true }), expiresAt);
  const again = changeBy(refused?.row, end({ status: 'queued', life: 1 }), expiresAt);
  const done = changeBy(again?.row, end({ status: 'done', life: 1 }), expiresAt);
  expect(sum([refused, again, done].map((change) => change?.delta ?? noCounts))).toEqual({ ...noCounts, completed: 1, unsent: 1 });
});

const anyEnd = fc.record({
  n: fc.constant(1),
  status: fc.constantFrom('done', 'failed', 'retrying', 'queued'),
  life: fc.nat(2),
  attempt: fc.integer({ min: 0, max: 4 }),
  deadLettered: fc.boolean(),
  exact: fc.boolean(),
  unsent: fc.boolean(),
  atMs: fc.nat(100),
}) satisfies fc.Arbitrary<TaskEnd>;

test('the counts are what the rows are, whatever is said in whichever order', () => {
  fc.assert(
    fc.property(fc.array(anyEnd, { maxLength: 30 }), (ends) => {
      let known: TaskRow | undefined;
      let counts = noCounts;
      for (const said of ends) {
        const change = changeBy(known, said, expiresAt);
        if (change === undefined) continue;
        // Said again at once, it changes nothing.
        expect(changeBy(change.row, said, expiresAt)).toBeUndefined();
        counts = sum([counts, change.delta]);
        known = change.row;
      }
      expect(counts).toEqual({
        completed: known?.status === 'done' ? 1 : 0,
        failed: known?.status === 'failed' ? 1 : 0,
        deadLettered: known?.status === 'failed' && known.deadLettered ? 1 : 0,
        retrying: known?.status === 'retrying' ? 1 : 0,
        queued: known?.status === 'queued' ? 1 : 0,
        unsent: known?.unsent ? 1 : 0,
      });
    }),
    { numRuns: 1_000 },
  );
});

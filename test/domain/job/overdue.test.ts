/** Which tasks of a chunk nothing was heard of: those are ended, or tried again, once their time is over. */
import { describe, expect, it } from 'vitest';
import { TaskRow } from '../../../lambdas/contract/job-table.ts';
import { isOpen } from '../../../lambdas/domain/job/overdue.ts';

const row = (status: TaskRow['status'], life: number, attempt: number) =>
  TaskRow.parse({ n: 1, status, life, attempt, updatedAtMs: 1, expiresAt: 1 });

describe('a task of a group that was sent in its second life', () => {
  it.each([
    ['without a row: it never ended before', undefined, true],
    ['that failed in the life before: it was sent, and is not noted yet', row('failed', 0, 4), true],
    ['that is on its way', row('queued', 1, 0), true],
    ['that failed and comes back by itself', row('retrying', 1, 2), true],
    ['that failed', row('failed', 1, 4), false],
    ['that is done', row('done', 1, 1), false],
    ['whose late word of the first life was that it is done', row('done', 0, 1), false],
    ['that is in its third life', row('queued', 2, 0), false],
  ])('%s', (_which, known, open) => expect(isOpen(known, { life: 1, attempt: 1, kind: 'group' })).toBe(open));
});

describe('a task of a function, of its second attempt', () => {
  it.each([
    ['without a row', undefined, true],
    ['whose first attempt is to be followed by it: it was claimed, and is not noted yet', row('retrying', 0, 1), true],
    ['that is under way', row('queued', 0, 2), true],
    ['that failed, and is followed by a third', row('retrying', 0, 2), false],
    ['whose third is under way', row('queued', 0, 3), false],
    ['that failed for good', row('failed', 0, 2), false],
    ['that is done', row('done', 0, 1), false],
  ])('%s', (_which, known, open) => expect(isOpen(known, { life: 0, attempt: 2, kind: 'function' })).toBe(open));
});

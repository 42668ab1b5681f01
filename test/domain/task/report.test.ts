/** What a report says of a task, at once or from its record. */
import { describe, expect, it } from 'vitest';
import { AttemptRecord } from '../../../lambdas/contract/task-table.ts';
import type { FailedAttempt } from '../../../lambdas/contract/task-wire.ts';
import { countedTask, reportOfRecord, resultJson } from '../../../lambdas/domain/task/report.ts';

const about = { job: 'j', task: 'j/7', redrives: 1 };
const failed = (attempt: number): FailedAttempt => ({ attempt, class: 'DATA', message: `no ${attempt}`, time: '', step: 'sum' });
const record = (fields: Record<string, unknown>) => AttemptRecord.parse({ expiresAt: 0, starts: 3, excused: 1, ...fields });
const told = { v: 1, ...about, atMs: 9 };

it.each<[string, Record<string, unknown>, unknown]>([
  ['one that is done', { status: 'done', result: '1' }, { ...told, attempt: 2, status: 'done', result: '1', deadLettered: false }],
  [
    'one with a large result',
    { status: 'done', resultKey: 'k' },
    { ...told, attempt: 2, status: 'done', resultKey: 'k', deadLettered: false },
  ],
  ['one that was recorded by an older library', { status: 'done' }, { ...told, attempt: 2, status: 'done', deadLettered: false }],
  [
    'one that is dead',
    { status: 'dead', history: [failed(1), failed(2)] },
    { ...told, attempt: 2, status: 'failed', class: 'DATA', message: 'no 2', step: 'sum', deadLettered: true },
  ],
  [
    'one nobody wrote a reason of',
    { status: 'dead' },
    { ...told, attempt: 3, status: 'failed', class: 'PERMANENT', message: 'not recorded', deadLettered: true },
  ],
  ['one that was never run', { status: 'done', cancelledAtMs: 5 }, undefined],
  ['one that comes back', { status: 'waiting', history: [failed(1)] }, undefined],
  ['one that runs', { status: 'running' }, undefined],
])('of %s', (_what, fields, expected) => {
  expect(reportOfRecord(about, record(fields), 9)).toEqual(expected);
});

describe('a task is counted', () => {
  it.each<[string | undefined, string, unknown]>([
    ['j', 'j/7', { job: 'j', n: 7 }],
    ['j', 'j/7/order/1', { job: 'j', n: 7 }],
    ['j', 'j/0', undefined],
    ['j', 'j/07', undefined],
    ['j', 'j', undefined],
    ['j', 'other', undefined],
    ['j', 'jj/7', undefined],
    [undefined, 'j/7', undefined],
  ])('by %s under the id %s: %o', (job, task, expected) => expect(countedTask(job, task)).toEqual(expected));
});

it.each<[string, unknown, unknown]>([
  ['nothing', undefined, { kind: 'none' }],
  ['null', null, { kind: 'inline', json: 'null' }],
  ['a Date', new Date(0), { kind: 'inline', json: '"1970-01-01T00:00:00.000Z"' }],
  ['a symbol', Symbol('s'), { kind: 'unfit', why: 'it is a symbol' }],
  [
    'what throws',
    {
      toJSON() {
        throw new Error('not now');
      },
    },
    { kind: 'unfit', why: 'not now' },
  ],
])('the result %s', (_what, value, expected) => expect(resultJson(value)).toEqual(expected));

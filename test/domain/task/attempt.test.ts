/** Which attempt a start is. */
import { describe, expect, it } from 'vitest';
import { AttemptRecord } from '../../../lambdas/contract/task-table.ts';
import { isExhausted, openAttempt } from '../../../lambdas/domain/task/attempt.ts';

const record = (fields: Partial<AttemptRecord>) => AttemptRecord.parse({ status: 'waiting', expiresAt: 0, ...fields });
const rule = { maxRetries: 3, baseSeconds: 2, capSeconds: 3_600 };

describe('the attempt of a start', () => {
  it.each<[string, AttemptRecord | undefined, number]>([
    ['nothing known', undefined, 1],
    ['one failed', record({ starts: 1 }), 2],
    ['one failed, five excused', record({ starts: 6, excused: 5 }), 2],
    ['all excused', record({ starts: 400, excused: 400 }), 1],
    ['more excused than started, by a lost answer', record({ starts: 1, excused: 2 }), 1],
    ['one ended without a word', record({ status: 'running', starts: 1, startedAtMs: 5 }), 2],
  ])('after %s', (_what, before, attempt) => {
    expect(openAttempt(before).attempt).toBe(attempt);
  });

  it('tells of an attempt that ended without a word, with its class', () => {
    const { silent } = openAttempt(record({ status: 'running', starts: 2, startedAtMs: Date.UTC(2026, 0, 1) }));
    expect(silent).toMatchObject({ attempt: 2, class: 'RESOURCE', time: '2026-01-01T00:00:00.000Z' });
    expect(openAttempt(record({ starts: 2 })).silent).toBeUndefined();
  });

  it('is one too many after all retries', () => {
    expect([1, 2, 3, 4, 5].map((attempt) => isExhausted(rule, attempt))).toEqual([false, false, false, false, true]);
    expect(isExhausted({ ...rule, maxRetries: 0 }, 2)).toBe(true);
  });
});

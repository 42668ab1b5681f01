/** Tokens of leases: of one job and one fencing number, and of nothing else. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { tokenOf } from '../../../lambdas/domain/job/token.ts';
import { fenceOf, leaseToken } from '../../../lambdas/domain/placement/lease-token.ts';

const anyKey = fc.string({ minLength: 1, maxLength: 40 });
const anyFence = fc.integer({ min: 1, max: 999_999_999 });

it('says the fencing number of its lease', () => {
  fc.assert(
    fc.property(anyKey, fc.uuid(), anyFence, (key, job, fence) => {
      expect(fenceOf(key, job, leaseToken(key, job, fence))).toBe(fence);
    }),
  );
});

it('is worth nothing for another job, with another key, or with another number', () => {
  fc.assert(
    fc.property(anyKey, fc.uuid(), anyFence, (key, job, fence) => {
      const token = leaseToken(key, job, fence);
      expect(fenceOf(`${key}x`, job, token)).toBeUndefined();
      expect(fenceOf(key, `${job}x`, token)).toBeUndefined();
      expect(fenceOf(key, job, token.replace(/^\d+/, String((fence % 999_999_998) + 1)))).toBeUndefined();
    }),
  );
});

it.each([
  '',
  '1',
  '1.',
  '.x',
  '0.'.padEnd(45, 'a'),
  `01.${'a'.repeat(43)}`,
  `1.${'a'.repeat(42)}`,
  `1.${'a'.repeat(44)}`,
  `1.${'é'.repeat(43)}`,
])('is not %j', (token) => expect(fenceOf('key', 'job', token)).toBeUndefined());

it('is no token of a task, nor the other way round', () => {
  const attempt = tokenOf('key', { n: 1, life: 0, attempt: 1, fromByte: 0, toByte: 9 });
  expect(fenceOf('key', 'job', attempt)).toBeUndefined();
});

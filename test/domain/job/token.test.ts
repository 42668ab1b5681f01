/** The token of an attempt: good for that attempt of that task of that job, and for nothing else. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { attemptOf, tokenCharacters, tokenOf } from '../../../lambdas/domain/job/token.ts';

const anyAttempt = fc.record({
  n: fc.integer({ min: 1, max: 999_999_999_999 }),
  life: fc.nat(999),
  attempt: fc.integer({ min: 1, max: 101 }),
  fromByte: fc.nat(),
  toByte: fc.nat(),
  id: fc.string({ minLength: 1, maxLength: 256, unit: 'grapheme' }).filter((id) => id.length <= 256),
});

test('gives back what it was made of, in characters of a header', () => {
  fc.assert(
    fc.property(anyAttempt, fc.boolean(), (attempt, named) => {
      const { id, ...rest } = attempt;
      const made = named ? { ...rest, id } : rest;
      const token = tokenOf('key', made);
      expect(token).toMatch(/^[\w.-]+$/);
      expect(token.length).toBeLessThanOrEqual(tokenCharacters);
      expect(attemptOf('key', attempt.n, token)).toEqual(made);
    }),
  );
});

test('is of no other key, task, or attempt', () => {
  fc.assert(
    fc.property(anyAttempt, fc.nat(2_000), fc.constantFrom('0', '9', 'a', '.', '-'), (attempt, at, character) => {
      const token = tokenOf('key', attempt);
      expect(attemptOf('other key', attempt.n, token)).toBeUndefined();
      expect(attemptOf('key', attempt.n + 1, token)).toBeUndefined();
      const place = at % token.length;
      const forged = `${token.slice(0, place)}${character}${token.slice(place + 1)}`;
      if (forged !== token) expect(attemptOf('key', attempt.n, forged)).toBeUndefined();
    }),
  );
});

test('is none where its name is written with other bits, or a number with zeros before it', () => {
  const attempt = { n: 1, life: 0, attempt: 1, fromByte: 0, toByte: 9, id: 'a' };
  const token = tokenOf('key', attempt);
  expect(token).toContain('.YQ.');
  expect(attemptOf('key', 1, token)).toEqual(attempt);
  expect(attemptOf('key', 1, token.replace('.YQ.', '.YR.'))).toBeUndefined();
  expect(attemptOf('key', 1, token.replace(/^0\./, '00.'))).toBeUndefined();
});

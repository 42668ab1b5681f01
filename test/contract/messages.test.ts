/** Hints and commands: what parses is what was meant. */
import { describe, expect, it } from 'vitest';
import { Hint, ReleaseCommand } from '../../lambdas/contract/messages.ts';

describe('a hint', () => {
  it('starts a chain when it does not say otherwise', () => {
    expect(Hint.parse({ kind: 'group', taskGroup: 'a', class: 'change' })).toEqual({
      kind: 'group',
      taskGroup: 'a',
      class: 'change',
      hops: 0,
    });
  });

  it.each([
    {},
    { kind: 'group', class: 'change' },
    { kind: 'group', taskGroup: '', class: 'change' },
    { kind: 'group', taskGroup: 'a', class: 'urgent' },
    { kind: 'release', codeKey: 'a' },
    'a',
  ])('is not %j', (raw) => expect(Hint.safeParse(raw).success).toBe(false));
});

describe('a release command', () => {
  it.each([
    [{ action: 'rollback', codeKey: 'consumer.zip' }, true],
    [{ action: 'rollback', codeKey: 'consumer.zip', version: 'v1' }, true],
    [{ action: 'stop', codeKey: 'consumer.zip' }, true],
    [{ action: 'stop', codeKey: 'consumer.zip', version: 'v1' }, false],
    [{ action: 'rollback' }, false],
    [{ action: 'rollback', codeKey: 'consumer.zip', verison: 'v1' }, false],
    [{ action: 'promote', codeKey: 'consumer.zip' }, false],
  ])('%j: %j', (raw, expected) => expect(ReleaseCommand.safeParse(raw).success).toBe(expected));
});

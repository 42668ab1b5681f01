/** Tags that every service takes, from which a resource's group can be read again. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOurs, pipelineTags, reservedTagPrefixes, tagKeys, tagTextPattern, taskGroupOf } from '../../lambdas/contract/tags.ts';
import { anyGroup } from './any-group.ts';

describe('tags of a pipeline', () => {
  it('tell its group, where that fits', () => {
    fc.assert(
      fc.property(anyGroup, (group) => {
        const tags = pipelineTags('sluice', group);
        const told = taskGroupOf(tags);
        if (told === undefined) expect(tags[tagKeys.taskGroup]).toBeUndefined();
        else expect(told).toBe(group);
      }),
      { numRuns: 1_000 },
    );
  });

  it('tell it for any ordinary name of 255 characters', () => {
    for (const group of ['x'.repeat(255), 'é'.repeat(255), 'a b/c:d'.repeat(36)])
      expect(taskGroupOf(pipelineTags('sluice', group))).toBe(group);
  });

  it('are within what Lambda and SQS take', () => {
    fc.assert(
      fc.property(anyGroup, (group) => {
        for (const value of Object.values(pipelineTags('sluice', group))) {
          expect(value).toMatch(tagTextPattern);
          expect(value.length).toBeLessThanOrEqual(256);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('of the item never replace ours', () => {
    const tags = pipelineTags('sluice', 'a', { team: 'x', [tagKeys.prefix]: 'other', [tagKeys.taskGroup]: 'b' });
    expect(tags).toEqual({ team: 'x', [tagKeys.prefix]: 'sluice', [tagKeys.taskGroup]: 'a' });
  });

  it('tell groups apart that look alike', () => {
    const spellings = ['a b', 'a=20b', 'a=3D20b', 'a%20b', 'é', 'e\u0301', '\uFEFFa', 'a'];
    expect(new Set(spellings.map((group) => pipelineTags('sluice', group)[tagKeys.taskGroup])).size).toBe(spellings.length);
  });
});

describe('what is ours', () => {
  it.each([
    [undefined, false],
    [{}, false],
    [{ [tagKeys.prefix]: 'sluice-prod' }, false],
    [{ [tagKeys.prefix]: 'sluice' }, true],
  ])('%j: %j', (tags, expected) => expect(isOurs('sluice', tags)).toBe(expected));

  it('has keys that no item may use', () => {
    for (const key of Object.values(tagKeys)) expect(reservedTagPrefixes.some((prefix) => key.startsWith(prefix))).toBe(true);
  });
});

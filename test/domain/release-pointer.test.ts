/** The pointer ends at the newest upload whatever the order of events, and stays where it was rolled back to. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReleasePointer } from '../../lambdas/contract/release-row.ts';
import { chooseRelease } from '../../lambdas/domain/release-choice.ts';
import { isHeldBack, notice, promote, rollBack, setStopped } from '../../lambdas/domain/release-pointer.ts';

const now = '2026-11-21T00:00:00.000Z';
const key = 'consumer.zip';
const uploaded = (pointer: ReleasePointer | undefined, version: string) => notice(pointer, key, version, now) ?? pointer;

/** Uploaded, proved and promoted, one after the other. */
function released(...versions: string[]): ReleasePointer {
  let pointer: ReleasePointer | undefined;
  for (const version of versions) {
    const noticed = uploaded(pointer, version) as ReleasePointer;
    pointer = promote(noticed, version, now)?.pointer ?? noticed;
  }
  return pointer as ReleasePointer;
}

describe('an upload', () => {
  it('is remembered, and runs only when it is proved', () => {
    const first = uploaded(undefined, 'v1') as ReleasePointer;
    expect([first.latest, first.version]).toEqual(['v1', undefined]);
    expect(promote(first, 'v1', now)?.pointer).toMatchObject({ version: 'v1', movedBy: 'upload', history: [] });
  });

  it('told again changes nothing', () => expect(notice(released('v1'), key, 'v1', now)).toBeUndefined());

  it('that a later one overtook is not promoted', () => {
    const pointer = uploaded(uploaded(undefined, 'v1'), 'v2') as ReleasePointer;
    expect(promote(pointer, 'v1', now)).toBeUndefined();
  });

  it('grows the revision with every change', () => {
    const pointer = released('v1', 'v2');
    expect(pointer.revision).toBe(4);
    expect(rollBack(pointer, undefined, now)?.pointer.revision).toBe(5);
    expect(setStopped(pointer, true, now).revision).toBe(5);
  });

  it('wins in the end if it is the newest, however events come and proofs end', () => {
    // Each event is a hint to read what the bucket holds at that time; each proof may end at any later time.
    const anyEvents = fc.array(fc.record({ kind: fc.constantFrom('upload', 'event', 'proof'), which: fc.nat(9) }), { maxLength: 40 });
    fc.assert(
      fc.property(anyEvents, (events) => {
        let [uploads, pointer, shown] = [1, uploaded(undefined, 'v1'), [] as string[]];
        for (const { kind, which } of events) {
          if (kind === 'upload') uploads += 1;
          if (kind === 'event') pointer = uploaded(pointer, `v${uploads}`);
          if (kind === 'proof' && pointer) pointer = promote(pointer, `v${1 + (which % uploads)}`, now)?.pointer ?? pointer;
          if (pointer?.version && pointer.version !== shown.at(-1)) shown = [...shown, pointer.version];
        }
        pointer = uploaded(pointer, `v${uploads}`) as ReleasePointer;
        pointer = promote(pointer, pointer.latest, now)?.pointer ?? pointer;
        expect(pointer.version).toBe(`v${uploads}`);
        const order = shown.map((version) => Number(version.slice(1)));
        expect(order).toEqual(order.toSorted((a, b) => a - b));
      }),
      { numRuns: 500 },
    );
  });
});

describe('rolling back', () => {
  it('goes to what ran before, and further with each step', () => {
    const once = rollBack(released('v1', 'v2', 'v3'), undefined, now);
    expect(once).toMatchObject({ previous: 'v3', pointer: { version: 'v2', movedBy: 'rollback', latest: 'v3', history: ['v1'] } });
    const twice = rollBack(once?.pointer as ReleasePointer, undefined, now);
    expect(twice?.pointer).toMatchObject({ version: 'v1', history: [] });
    expect(rollBack(twice?.pointer as ReleasePointer, undefined, now)).toBeUndefined();
  });

  it.each([
    ['one that ran', 'v1', { version: 'v1', history: [] }],
    ['one that never ran', 'v0', { version: 'v0', history: ['v2', 'v1'] }],
    ['the one that runs', 'v3', { version: 'v3', history: ['v2', 'v1'] }],
  ])('goes to %s by name', (_what, target, expected) => {
    expect(rollBack(released('v1', 'v2', 'v3'), target, now)?.pointer).toMatchObject(expected);
  });

  it('is not undone by an upload from before it that is proved only now', () => {
    const proving = uploaded(released('v1', 'v2'), 'v3') as ReleasePointer;
    const back = rollBack(proving, undefined, now)?.pointer as ReleasePointer;
    expect(isHeldBack(back)).toBe(true);
    expect(promote(back, 'v3', now)).toBeUndefined();
    expect(isHeldBack(uploaded(back, 'v4') as ReleasePointer)).toBe(false);
  });

  it('has nowhere to go before the second release', () => expect(rollBack(released('v1'), undefined, now)).toBeUndefined());

  it('stays until the next upload', () => {
    const back = rollBack(released('v1', 'v2'), undefined, now)?.pointer as ReleasePointer;
    expect(notice(back, key, 'v2', now)).toBeUndefined();
    const next = uploaded(back, 'v3') as ReleasePointer;
    expect(promote(next, 'v3', now)?.pointer).toMatchObject({ version: 'v3', history: ['v1'], movedBy: 'upload' });
  });

  it('remembers no more than a few', () => {
    const pointer = released(...Array.from({ length: 50 }, (_, i) => `v${i}`));
    expect(pointer.history).toHaveLength(20);
    expect(pointer.history[0]).toBe('v48');
  });
});

describe('stopping', () => {
  it('lasts until it is resumed, rolled back or a release is promoted', () => {
    const stopped = setStopped(released('v1', 'v2'), true, now);
    expect(setStopped(stopped, false, now).stopped).toBe(false);
    expect(rollBack(stopped, undefined, now)?.pointer.stopped).toBe(false);
    expect(promote(uploaded(stopped, 'v3') as ReleasePointer, 'v3', now)?.pointer.stopped).toBe(false);
  });
});

describe('the release of a pipeline', () => {
  const pointer = released('v1', 'v2');
  const stopped = setStopped(pointer, true, now);
  const runs = (version: string, codeKey = key) => ({ codeKey, version, codeSha256: '' });
  const unpinned = { codeKey: key, pinned: undefined };

  it.each([
    ['the pointer', unpinned, pointer, runs('v1'), 'v2'],
    ['a pin over the pointer', { codeKey: key, pinned: 'v0' }, pointer, runs('v1'), 'v0'],
    ['a pin without a pointer', { codeKey: key, pinned: 'v0' }, undefined, undefined, 'v0'],
    ['a pin over a stop', { codeKey: key, pinned: 'v0' }, stopped, runs('v1'), 'v0'],
    ['what runs while stopped', unpinned, stopped, runs('v1'), 'v1'],
    ['the pointer for a new one while stopped', unpinned, stopped, undefined, 'v2'],
    ['the pointer for one that comes from another key', unpinned, stopped, runs('x', 'other.zip'), 'v2'],
    ['none before the first upload', unpinned, undefined, undefined, undefined],
    ['none before the first proof', unpinned, uploaded(undefined, 'v1'), undefined, undefined],
  ])('is %s', (_what, wish, at, running, expected) => expect(chooseRelease(wish, at, running)).toBe(expected));
});

/** A queue is empty after three looks in a row, each a while after the one before; never sooner. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DrainState } from '../../lambdas/contract/pipeline-row.ts';
import { type DrainLook, type DrainVerdict, decideDrain } from '../../lambdas/domain/drain.ts';
import { deniesSending, queuePolicy } from '../../lambdas/domain/queue-policy.ts';

const lookSeconds = 90;
const look = (atSeconds: number, messages = 0, others: Partial<DrainLook> = {}): DrainLook => ({
  nowMs: atSeconds * 1_000,
  queueUrl: 'queue',
  messages,
  deadLetters: 0,
  workedOff: true,
  lookSeconds,
  ...others,
});

/** The verdict of each look in turn. */
function drain(looks: DrainLook[]): DrainVerdict[] {
  let state: DrainState | undefined;
  return looks.map((next) => {
    const verdict = decideDrain(state, next);
    if (verdict.kind !== 'early') state = verdict.kind === 'drained' ? undefined : verdict.state;
    return verdict;
  });
}
const kinds = (looks: DrainLook[]) => drain(looks).map(({ kind }) => kind);
const last = (looks: DrainLook[]) => drain(looks).at(-1);

describe('a drain', () => {
  it.each<[string, DrainLook[], DrainVerdict['kind'][]]>([
    ['ends with the third empty look', [look(0), look(90), look(180), look(270)], ['draining', 'draining', 'draining', 'drained']],
    [
      'counts no look that comes early',
      [look(0), look(10), look(20), look(30), look(90), look(91), look(180), look(270)],
      ['draining', 'early', 'early', 'early', 'draining', 'early', 'draining', 'drained'],
    ],
    [
      'counts a look half a second early, as visibility is in whole seconds',
      [look(0), look(89.6), look(179.2), look(268.8)],
      ['draining', 'draining', 'draining', 'drained'],
    ],
    [
      'starts again when something is there',
      [look(0), look(90), look(180, 1), look(270), look(360), look(450)],
      [...Array<'draining'>(5).fill('draining'), 'drained'],
    ],
    [
      'leaves what an early look sees to the look that is due',
      [look(0), look(90), look(180), look(181, 1), look(270, 1), look(360), look(450), look(540)],
      ['draining', 'draining', 'draining', 'early', 'draining', 'draining', 'draining', 'drained'],
    ],
    [
      'goes on as soon as somebody works it off again',
      [look(0, 1, { workedOff: false }), look(1, 1), look(91), look(181), look(271)],
      ['stuck', 'draining', 'draining', 'draining', 'drained'],
    ],
    ['starts again for another queue', [look(0), look(90), look(180), look(270, 0, { queueUrl: 'other' })], Array(4).fill('draining')],
    [
      'ends at the latest look however late it is',
      [look(0), look(10_000), look(20_000), look(30_000)],
      ['draining', 'draining', 'draining', 'drained'],
    ],
    ['stands still where nothing works it off', [look(0, 3, { workedOff: false })], ['stuck']],
    [
      'ends for an empty queue that nothing works off',
      [look(0), ...[90, 180, 270].map((at) => look(at, 0, { workedOff: false }))],
      ['draining', 'draining', 'draining', 'drained'],
    ],
  ])('%s', (_what, looks, expected) => expect(kinds(looks)).toEqual(expected));

  it('never ends before three minutes without anything, whatever looks come when', () => {
    const anyLooks = fc.array(fc.tuple(fc.integer({ min: 0, max: 120_000 }), fc.boolean()), { maxLength: 40 });
    fc.assert(
      fc.property(anyLooks, (steps) => {
        let [atMs, emptySinceMs, state] = [0, 0, undefined as DrainState | undefined];
        for (const [wait, some] of steps) {
          atMs += wait;
          const verdict = decideDrain(state, { ...look(0, some ? 1 : 0), nowMs: atMs });
          if (verdict.kind === 'drained') {
            expect(atMs - emptySinceMs).toBeGreaterThanOrEqual(2 * lookSeconds * 1_000);
            return;
          }
          if (verdict.kind === 'early') continue;
          if (some || state === undefined) emptySinceMs = atMs;
          state = verdict.state;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('comes back for each look in time', () => {
    expect(last([look(0)])).toMatchObject({ againSeconds: 90 });
    expect(last([look(0), look(90, 2)])).toMatchObject({ againSeconds: 90, message: '2 messages left, sending is denied' });
  });

  it('remembers dead letters that any look saw', () => {
    const end = [look(90), look(180), look(270)];
    expect(last([look(0), ...end])).toEqual({ kind: 'drained', keepDeadLetters: false });
    expect(last([look(0, 0, { deadLetters: 1 }), ...end])).toEqual({ kind: 'drained', keepDeadLetters: true });
    expect(last([look(0), look(90), look(180), look(270, 0, { deadLetters: 1 })])).toEqual({ kind: 'drained', keepDeadLetters: true });
  });

  it('says why it stands still', () => {
    expect(last([look(0, 1, { workedOff: false, idleBecause: 'the group is paused' })])).toMatchObject({
      message: '1 message left, but the group is paused',
    });
  });
});

describe("a queue's policy", () => {
  it('takes TLS only, and no task while it drains', () => {
    expect(JSON.parse(queuePolicy('arn', 'open')).Statement).toHaveLength(1);
    expect(JSON.parse(queuePolicy('arn', 'draining')).Statement).toContainEqual(
      expect.objectContaining({ Effect: 'Deny', Principal: '*', Action: 'sqs:SendMessage', Resource: 'arn' }),
    );
  });

  it('tells whether it denies sending', () => {
    expect([queuePolicy('arn', 'draining'), queuePolicy('arn', 'open'), undefined, ''].map(deniesSending)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});

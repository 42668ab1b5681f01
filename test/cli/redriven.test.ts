/** What a dead letter becomes when it is put back. */
import { describe, expect, it } from 'vitest';
import { batches } from '../../cli/dead-letters/batches.ts';
import { deadLetter } from '../../cli/dead-letters/dead-letter.ts';
import { redriven, redrivenLetter } from '../../cli/dead-letters/redriven.ts';
import { readLetter } from '../../lambdas/domain/task/letter.ts';
import { dead, diedAt, letter } from './letters.ts';

const now = Date.parse('2026-01-02T00:00:00.000Z');
const standard = { fifo: false, readsLetters: true };
const text = (StringValue: string) => ({ DataType: 'String', StringValue });
const many = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`own${i}`, text('x')]));

describe('its letter', () => {
  it('has one more redrive and the death in its history, without the stack', () => {
    const earlier = { attempt: 1, class: 'TRANSIENT' as const, message: 'before', time: diedAt };
    const made = redrivenLetter(
      dead({ redrives: 2, letter: letter({ redrives: 2, history: [earlier], stack: 'at x', step: 'pay' }) }),
      now,
    );
    expect(made).toMatchObject({ task: 'task 1', redrives: 3, class: 'DATA' });
    expect(made.history).toEqual([earlier, { attempt: 2, class: 'DATA', message: 'it failed', time: diedAt, step: 'pay' }]);
    expect(made).not.toHaveProperty('stack');
  });

  it('of what SQS moved says so, and keeps the history of the redrive before', () => {
    const before = letter({ redrives: 1, history: [{ attempt: 1, class: 'DATA', message: 'first', time: diedAt }] });
    const made = redrivenLetter(dead({ redrives: 1, receives: 11, letter: undefined, earlier: before, job: 'j' }), now);
    expect(made).toMatchObject({ redrives: 2, by: 'sqs', job: 'j', attempt: 11 });
    expect(made.history.map(({ message }) => message)).toEqual(['first', 'moved by SQS: received too often']);
  });
});

describe('its message', () => {
  it("has the author's attributes and the letter", () => {
    const made = redriven(dead({ attributes: { colour: text('red'), 'sluice.task': text('task 1'), sluice: text('old') } }), standard, now);
    expect(Object.keys(made?.attributes ?? {}).sort()).toEqual(['colour', 'sluice', 'sluice.task']);
    expect(readLetter(made?.attributes['sluice']?.StringValue)?.redrives).toBe(1);
    expect(made).toMatchObject({ body: '{"secret":"in the body"}', messageGroup: undefined, deduplicationId: undefined });
  });

  it('gives up the attributes that the letter says, too, to make room for it', () => {
    const made = redriven(dead({ attributes: { ...many(9), 'sluice.task': text('task 1') } }), standard, now);
    expect(Object.keys(made?.attributes ?? {})).toHaveLength(10);
    expect(made?.attributes).toHaveProperty('sluice');
  });

  it('is not made without a letter for a consumer that would take it for dead', () => {
    expect(redriven(dead({ attributes: many(10) }), standard, now)).toBeUndefined();
    expect(redriven(dead({ attributes: many(10) }), { fifo: false, readsLetters: false }, now)?.attributes).toEqual(many(10));
  });

  it('keeps its message group, with a deduplication id that is new, and the same for the same dead letter', () => {
    const fifo = { fifo: true, readsLetters: true };
    const once = redriven(dead({ messageGroup: 'one' }), fifo, now);
    expect(once?.messageGroup).toBe('one');
    expect(once?.deduplicationId).toMatch(/^redrive-1-[0-9a-f]{64}$/);
    expect(redriven(dead({ messageGroup: 'one' }), fifo, now + 1_000)?.deduplicationId).toBe(once?.deduplicationId);
    expect(redriven(dead({ messageGroup: 'one', redrives: 1 }), fifo, now)?.deduplicationId).not.toBe(once?.deduplicationId);
    // Of a standard queue that a FIFO one has replaced.
    expect(redriven(dead(), fifo, now)?.messageGroup).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('a message read', () => {
  const queue = dead().queue;
  const message = (attributes: object, system: object) =>
    deadLetter(
      {
        MessageId: 'm',
        ReceiptHandle: 'r',
        Body: 'b',
        MessageAttributes: { ...attributes },
        Attributes: { SentTimestamp: '5', ...system },
      },
      queue,
    );
  const carried = { sluice: text(JSON.stringify(letter({ task: 'from the letter', redrives: 4 }))) };

  it.each([
    ['a letter', carried, {}, { task: 'from the letter', redrives: 4, letter: { class: 'DATA' }, earlier: undefined }],
    ["the sender's id", { 'sluice.task': text('mine') }, {}, { task: 'mine', redrives: 0, letter: undefined }],
    ['nothing', {}, {}, { task: 'm', redrives: 0, letter: undefined }],
    ['an attribute of that name that is no letter', { sluice: text('mine') }, {}, { task: 'm', letter: undefined }],
    [
      'a letter of an earlier death, moved by SQS',
      carried,
      { DeadLetterQueueSourceArn: 'q' },
      { redrives: 4, letter: undefined, earlier: { class: 'DATA' } },
    ],
  ])('with %s', (_what, attributes, system, expected) => expect(message(attributes, system)).toMatchObject(expected));
});

describe('batches', () => {
  const entry = (bytes: number) => ({
    task: { body: 'x'.repeat(bytes), attributes: {}, messageGroup: undefined, deduplicationId: undefined },
  });
  it.each([
    ['by number', [1, 1, 1, 1, 1], 2, [2, 2, 1]],
    ['by bytes', [600_000, 600_000, 1, 1], 10, [1, 3]],
    ['one that is too large alone', [2_000_000, 1], 10, [1, 1]],
    ['none', [], 10, []],
  ])('%s', (_what, sizes, size, expected) => expect(batches(sizes.map(entry), size).map((batch) => batch.length)).toEqual(expected));
});

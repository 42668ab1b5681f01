/** Which dead-letter queues are looked through, when letters are saved and where, and what a moved letter's reason says. */
import { describe, expect, it } from 'vitest';
import { DeadLetterLook } from '../../lambdas/contract/dead-letter-look.ts';
import { AttemptRecord } from '../../lambdas/contract/task-table.ts';
import { Letter } from '../../lambdas/contract/task-wire.ts';
import { addedLetter } from '../../lambdas/domain/dead-letter-reason.ts';
import { type DeadMessage, dueMs, isToBeSaved, isWorthALook, savedKey, savedLetter } from '../../lambdas/domain/dead-letters.ts';
import { letterText } from '../../lambdas/domain/task/letter.ts';

const day = 86_400_000;
const now = Date.UTC(2026, 10, 21);
const iso = (ms: number) => new Date(ms).toISOString();
const queue = { url: 'https://sqs/acme-dlq', name: 'acme-dlq', taskGroup: 'acme', pipeline: 'acme', maxReceiveCount: 10 };
const fifo = { ...queue, name: 'acme-dlq.fifo' };
const message: DeadMessage = {
  messageId: 'm1',
  receiptHandle: 'r1',
  body: 'hello',
  attributes: {},
  messageGroup: undefined,
  sentMs: now - day,
  receives: 4,
  movedBySqs: true,
};
const text = (value: string) => ({ DataType: 'String', StringValue: value });

describe('a queue is worth a look', () => {
  const state = (messages: number) => ({ messages, retentionMs: 14 * day });
  const last = (change: Partial<DeadLetterLook> = {}) =>
    DeadLetterLook.parse({
      ...{ queue: 'acme-dlq', lookedAtMs: now - 3_600_000, messages: 5, complete: true, dueMs: now + day, expiresAt: 0 },
      ...change,
    });
  it.each<[string, DeadLetterLook | undefined, number, boolean]>([
    ['that was never looked through', undefined, 5, true],
    ['that is empty', undefined, 0, false],
    ['that was emptied since', last(), 0, false],
    ['with as many as before', last(), 5, false],
    ['with one more', last(), 6, true],
    ['with one less', last(), 4, true],
    ['that was not looked through to its end', last({ complete: false }), 5, true],
    ['with a letter that is due', last({ dueMs: now }), 5, true],
    ['after a day, as counts may stay the same', last({ lookedAtMs: now - day }), 5, true],
  ])('%s', (_what, look, messages, worth) => expect(isWorthALook(look, state(messages), now)).toBe(worth));
});

describe('a letter is saved', () => {
  it.each([
    ['14 days', 14 * day, 12 * day, 11 * day],
    ['four days', 4 * day, 2 * day, day],
    ['a day', day, day / 2, day / 4],
    ['a minute', 60_000, 30_000, 15_000],
  ])('in time where its queue keeps %s', (_what, retentionMs, due, earliest) => {
    expect(dueMs(now, retentionMs)).toBe(now + due);
    expect(isToBeSaved(now, retentionMs, now + due)).toBe(true);
    expect(isToBeSaved(now, retentionMs, now + earliest)).toBe(true);
    expect(isToBeSaved(now, retentionMs, now + earliest - 1)).toBe(false);
  });

  const saved = (change: Partial<DeadMessage>) => savedLetter({ ...message, ...change }, queue, undefined, now);
  const withTask = (id: string) => ({ attributes: { 'sluice.task': text(id) } });

  it.each([
    ['by its message', {}, 'dead-letters/acme/2026-11-20/m1.json'],
    ['by its task', withTask('order 7/é'), 'dead-letters/acme/2026-11-20/order%207%2F%C3%A9.m1.json'],
  ])('under a name %s', (_what, change, key) => expect(savedKey('acme', saved(change))).toBe(key));

  it('under a name S3 takes, whatever its task is called', () => {
    const [a, b] = ['a', 'b'].map((end) => savedKey('p'.repeat(64), saved(withTask('é'.repeat(500) + end))));
    expect(Buffer.byteLength(a ?? '')).toBeLessThan(1_024);
    expect(a).not.toBe(b);
  });

  it('as the AWS CLI sends it', () => {
    const attributes = { a: text('x'), b: { DataType: 'Binary', BinaryValue: new Uint8Array([1, 2]) } };
    expect(saved({ attributes, messageGroup: 'g' }).message).toEqual({
      MessageBody: 'hello',
      MessageAttributes: { a: text('x'), b: { DataType: 'Binary', BinaryValue: 'AQI=' } },
      MessageGroupId: 'g',
    });
    expect(savedLetter(message, fifo, undefined, now).message.MessageDeduplicationId).toMatch(/^[\w-]{1,128}$/);
  });
});

describe('the reason of a letter that SQS moved', () => {
  const failed = { attempt: 2, class: 'DATA', message: 'no price', time: iso(now - 60_000), step: 'pay' } as const;
  const record = (fields: Partial<AttemptRecord>) => AttemptRecord.parse({ status: 'waiting', expiresAt: 0, ...fields });
  const added = (about?: Partial<AttemptRecord>, change: Partial<DeadMessage> = {}, of = queue) =>
    addedLetter({ ...message, ...change }, of, about && record(about), now);
  const common = { v: 1, task: 'm1', group: 'acme', time: iso(now), sentAt: iso(now - day), redrives: 0, by: 'sqs' };

  it.each<[string, Partial<AttemptRecord> | undefined, Partial<Letter>]>([
    ['nothing known', undefined, { class: 'RESOURCE', attempt: 3, message: 'received without being done: SQS moved it after 3 receives' }],
    [
      'ended without a word',
      { status: 'running', starts: 3, excused: 1, startedAtMs: now - 60_000, aliveUntilMs: now - 1, history: [failed] },
      { class: 'RESOURCE', attempt: 2, history: [failed], message: expect.stringContaining('without a word') },
    ],
    ['a failed attempt', { starts: 2, history: [failed] }, { class: 'DATA', attempt: 2, step: 'pay', history: [] }],
    ['dead, but its letter was not sent', { status: 'dead', starts: 2, history: [failed] }, { class: 'DATA', attempt: 2 }],
    ['only excused attempts', { starts: 9, excused: 9 }, { class: 'TRANSIENT', attempt: 0 }],
    ['done', { status: 'done', starts: 1 }, { class: 'TRANSIENT', message: expect.stringContaining('the task is done') }],
  ])('%s', (_what, about, letter) => expect(added(about)).toMatchObject({ ...common, ...letter }));

  it('waits while somebody may be at work', () => expect(added({ status: 'running', starts: 1, aliveUntilMs: now + 1 })).toBeUndefined());

  it('goes on with the letter of the last redrive', () => {
    const carried = Letter.parse({
      ...common,
      task: 't1',
      job: 'j1',
      redrives: 2,
      class: 'DATA',
      message: 'x',
      attempt: 4,
      history: [failed],
    });
    const attributes = { sluice: text(letterText(carried)), 'sluice.task': text('another') };
    expect(added(undefined, { attributes })).toMatchObject({ task: 't1', job: 'j1', redrives: 2, attempt: 3, history: [failed] });
  });

  it.each([
    [
      'the task and the job its sender named',
      { attributes: { 'sluice.task': text('t9'), 'sluice.job': text('j9') } },
      { task: 't9', job: 'j9' },
    ],
    ['no id that is too long', { attributes: { 'sluice.task': text('é'.repeat(513)) } }, { task: 'm1' }],
    ['what the queue allows at most, as looking is receiving, too', { receives: 50 }, { attempt: 10 }],
    ['one receive at least', { receives: 1 }, { attempt: 1 }],
  ])('has %s', (_what, change, letter) => expect(added(undefined, change)).toMatchObject(letter));

  it('does not know when a FIFO task was sent: SQS gives it a new time', () => {
    expect(added(undefined, {}, fifo)).not.toHaveProperty('sentAt');
  });
});

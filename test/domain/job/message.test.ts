/** A task as it is sent: characters, attributes, order, delay, and its size by SQS's rule. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StoredTask } from '../../../lambdas/contract/job-table.ts';
import { queueLimits } from '../../../lambdas/contract/limits.ts';
import { taskInvocation } from '../../../lambdas/domain/job/invocation.ts';
import { type MessageContext, queueMessage } from '../../../lambdas/domain/job/message.ts';
import { readLetter } from '../../../lambdas/domain/task/letter.ts';

const nowMs = Date.UTC(2026, 0, 1);
const context: MessageContext = { job: 'j1', taskGroup: 'g', fifo: false, life: 0, nowMs, deadlineMs: nowMs + 60_000 };
const message = (task: Partial<StoredTask> = {}, more: Partial<MessageContext> = {}) =>
  queueMessage({ n: 7, body: { a: 1 }, ...task }, { ...context, ...more });

describe('the message of a task', () => {
  it('carries the task, its job and its deadline', () => {
    expect(message({ id: 'mine' })).toEqual({
      entry: {
        MessageBody: '{"a":1}',
        MessageAttributes: {
          'sluice.task': { DataType: 'String', StringValue: 'j1/7/mine' },
          'sluice.job': { DataType: 'String', StringValue: 'j1' },
          'sluice.deadline': { DataType: 'String', StringValue: String(nowMs + 60_000) },
        },
        MessageGroupId: 'j1',
      },
      bytes: 7 + ('sluice.task'.length + 6 + 9) + ('sluice.job'.length + 6 + 2) + ('sluice.deadline'.length + 6 + 13),
    });
  });

  it('has a body of characters SQS takes, that is the same JSON', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue(),
          fc.string({ unit: 'binary' }).map((text) => `\u0000\ufffe\uffff\ud800${text}`),
        ),
        (value) => {
          const body = JSON.parse(JSON.stringify(value));
          const { MessageBody } = message({ body }).entry;
          expect(JSON.parse(MessageBody)).toEqual(body);
          expect(MessageBody).toMatch(/^[\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u);
        },
      ),
    );
  });

  it.each([
    ['now', nowMs, undefined],
    ['in 1 ms', nowMs + 1, 1],
    ['in 15 minutes', nowMs + 900_000, 900],
    ['later than a queue can hold it back', nowMs + 3_600_000, 900],
  ])('due %s', (_, runAtMs, seconds) => {
    expect(message({ runAtMs }).entry.DelaySeconds).toBe(seconds);
  });

  it('of a FIFO queue has its message group, that is its lane, and an id per life', () => {
    const first = message({ messageGroup: 'mine', runAtMs: nowMs + 5_000 }, { fifo: true });
    expect(first).toMatchObject({ lane: 'mine', entry: { MessageGroupId: 'mine' } });
    expect(first.entry).not.toHaveProperty('DelaySeconds');
    expect(message({}, { fifo: true })).toMatchObject({ lane: 'j1', entry: { MessageGroupId: 'j1' } });
    const ids = [first, message({}, { fifo: true }), message({}, { fifo: true, life: 1 }), message({ n: 8 }, { fifo: true })].map(
      ({ entry }) => entry.MessageDeduplicationId,
    );
    expect(ids[0]).toBe(ids[1]);
    expect(new Set(ids).size).toBe(3);
  });

  it('of a later life has a letter that says which, and why', () => {
    const previous = { error: { class: 'DATA', message: 'no such user', step: 'look' } as const, attempts: 2 };
    const { entry, bytes } = message({ id: 'mine' }, { life: 3, previous });
    expect(readLetter(entry.MessageAttributes['sluice']?.StringValue)).toMatchObject({
      task: 'j1/7/mine',
      job: 'j1',
      group: 'g',
      class: 'DATA',
      message: 'no such user',
      step: 'look',
      attempt: 2,
      redrives: 3,
    });
    expect(bytes).toBeGreaterThan(message({ id: 'mine' }).bytes + 100);
  });

  it('leaves the words out where they do not fit', () => {
    const previous = { error: { class: 'DATA', message: 'x'.repeat(3_000) } as const, attempts: 1 };
    const body = 'x'.repeat(queueLimits.messageBytes - 1_000);
    const { entry, bytes } = message({ body }, { life: 1, previous });
    expect(bytes).toBeLessThanOrEqual(queueLimits.messageBytes);
    expect(readLetter(entry.MessageAttributes['sluice']?.StringValue)).toMatchObject({ redrives: 1, message: '' });
  });
});

describe('the invocation of a task', () => {
  it('says all that its function needs', () => {
    const { entry, bytes } = taskInvocation(
      { n: 7, id: 'mine', body: ['ü'] },
      { job: 'j1', attempt: 2, token: 't', apiUrl: 'https://api', deadlineMs: nowMs },
    );
    expect(JSON.parse(entry)).toEqual({
      v: 1,
      job: 'j1',
      task: '7',
      id: 'mine',
      attempt: 2,
      body: ['ü'],
      callback: { url: 'https://api/jobs/j1/tasks/7/result', token: 't' },
      deadline: '2026-01-01T00:00:00.000Z',
    });
    expect(bytes).toBe(Buffer.byteLength(entry));
  });
});

/** What a dead letter says, and what it carries along. */
import { expect, it } from 'vitest';
import { defineConsumer, PermanentError } from '../../consumer/index.ts';
import { testConsumer } from '../../consumer/testing.ts';
import { Letter, letterBytes } from '../../lambdas/contract/task-wire.ts';

const handler = defineConsumer({
  task: async (_body, { step, sleep }) => {
    await step('fetch', () => 1);
    await sleep(5_000);
    await step('store', () => {
      throw new PermanentError('the account is closed');
    });
  },
});
const now = new Date('2026-03-01T00:00:00Z');

it('says who, where, when and why', async () => {
  const world = testConsumer(handler, { group: 'acme', now });
  const { deadLetter } = await world.send({ order: 7 }, { id: 'order 7', job: 'import', attributes: { tenant: 'x' } }).attempt();
  expect(deadLetter?.letter).toEqual({
    ...{ v: 1, task: 'import/1/order 7', group: 'acme', job: 'import', by: 'sluice', redrives: 0, history: [] },
    ...{ class: 'PERMANENT', message: 'the account is closed', step: 'store', attempt: 1 },
    ...{ sentAt: '2026-03-01T00:00:00.000Z', time: '2026-03-01T00:00:05.000Z' },
    stack: expect.stringContaining('PermanentError: the account is closed'),
  });
  expect(world.deadLetters).toHaveLength(1);
});

it('carries body and attributes as they came', async () => {
  const { deadLetter } = await testConsumer(handler)
    .send('{"order":  7}', { id: 'o', attributes: { tenant: 'x' } })
    .attempt();
  expect(deadLetter?.body).toBe('{"order":  7}');
  expect(deadLetter?.attributes).toMatchObject({
    tenant: { DataType: 'String', StringValue: 'x' },
    'sluice.task': { DataType: 'String', StringValue: 'o' },
  });
  const text = deadLetter?.attributes['sluice']?.StringValue ?? '';
  expect(Letter.parse(JSON.parse(text))).toEqual(deadLetter?.letter);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(letterBytes);
});

it('is kept beside a message that has no attribute to spare', async () => {
  const attributes = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`a${n}`, 'x']));
  const { deadLetter } = await testConsumer(handler).send({}, { attributes }).attempt();
  expect(Object.keys(deadLetter?.attributes ?? {})).toHaveLength(10);
  expect(deadLetter?.letter).toMatchObject({ class: 'PERMANENT', step: 'store' });
});

it('goes on from the letter of a task that was put back', async () => {
  const letter = {
    ...{ v: 1, task: 'first-id', group: 'acme', job: 'import', class: 'TRANSIENT', message: 'was down', attempt: 4 },
    ...{ time: '2026-02-02T00:00:00.000Z', sentAt: '2026-02-01T00:00:00.000Z', redrives: 2 },
    history: [{ attempt: 3, class: 'TRANSIENT', message: 'was down', time: '2026-02-01T00:00:00.000Z' }],
  };
  const task = testConsumer(handler, { now }).send({}, { attributes: { sluice: JSON.stringify(letter) } });
  expect((await task.attempt()).deadLetter?.letter).toMatchObject({
    ...{ task: 'first-id', job: 'import', redrives: 2, sentAt: '2026-02-01T00:00:00.000Z', attempt: 1 },
    history: letter.history,
  });
});

/** A dead letter that somebody put back: by our tool, or by SQS's own means, which change nothing on it. */
import { expect, test } from 'vitest';
import { DataError, defineConsumer } from '../../consumer/index.ts';
import { testConsumer } from '../../consumer/testing.ts';
import { taskAttributes } from '../../lambdas/contract/task-wire.ts';

function failing() {
  const state = { works: false, steps: 0 };
  const handler = defineConsumer({
    task: async (_body, { step }) => {
      await step('one', () => {
        state.steps += 1;
      });
      if (!state.works) throw new DataError('no such customer');
    },
  });
  return { state, world: testConsumer(handler) };
}

test('as it is on the dead-letter queue, it is run again, and goes on at the step that failed', async () => {
  const { state, world } = failing();
  const first = await world.send({}, { id: 'order 7' }).untilEnd();
  const letter = first.deadLetter?.attributes[taskAttributes.letter]?.StringValue ?? '';
  const again = await world.send({}, { attributes: { [taskAttributes.letter]: letter } }).untilEnd();
  expect(again.deadLetter?.letter).toMatchObject({ task: 'order 7', redrives: 1, attempt: 1 });
  state.works = true;
  const lastLetter = again.deadLetter?.attributes[taskAttributes.letter]?.StringValue ?? '';
  expect((await world.send({}, { attributes: { [taskAttributes.letter]: lastLetter } }).untilEnd()).outcome).toBe('done');
  expect(state.steps).toBe(1);
});

test('without room for a letter, known by the id of its sender', async () => {
  const { state, world } = failing();
  const attributes = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`a${n}`, 'x']));
  const first = await world.send({}, { id: 'order 7', attributes }).untilEnd();
  expect(first.outcome).toBe('dead');
  expect(first.deadLetter?.attributes).not.toHaveProperty(taskAttributes.letter);
  state.works = true;
  expect((await world.send({}, { id: 'order 7', attributes }).untilEnd()).outcome).toBe('done');
});

test('the message it died in, delivered once more, is not', async () => {
  const { state, world } = failing();
  const task = world.send({});
  await task.untilEnd();
  state.works = true;
  expect((await task.attempt()).outcome).toBe('done');
  expect([state.steps, world.deadLetters.length]).toEqual([1, 1]);
});

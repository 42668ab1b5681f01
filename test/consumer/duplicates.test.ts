/** A task that is delivered again after it was done. */
import { expect, it } from 'vitest';
import { defineConsumer } from '../../consumer/index.ts';
import { testConsumer } from '../../consumer/testing.ts';

const counting = (duplicates?: false | { keepSeconds?: number }) => {
  const ran: string[] = [];
  const task = (_body: unknown, { taskId }: { taskId: string }) => void ran.push(taskId);
  return { ran, handler: defineConsumer(duplicates === undefined ? { task } : { task, duplicates }) };
};

it.each([undefined, {}, { keepSeconds: 43_200 }])('is not run again: %o', async (duplicates) => {
  const { ran, handler } = counting(duplicates);
  const task = testConsumer(handler).send({});
  expect((await task.attempt()).outcome).toBe('done');
  expect((await task.attempt()).outcome).toBe('done');
  expect(ran).toHaveLength(1);
});

it('leaves a line in the log where it is not run again', async () => {
  const { handler } = counting();
  const task = testConsumer(handler).send({}, { id: 'x' });
  await task.attempt();
  const { logs } = await task.attempt();
  expect(logs).toContainEqual(expect.objectContaining({ level: 'INFO', message: 'not run again: it has ended', taskId: 'x' }));
});

it('is a task of its own when its time is over', async () => {
  const { ran, handler } = counting({ keepSeconds: 43_200 });
  const world = testConsumer(handler);
  await world.send({}, { id: 'x' }).attempt();
  await world.advance(43_201);
  await world.send({}, { id: 'x' }).attempt();
  expect(ran).toEqual(['x', 'x']);
});

it('is not run again under another message of the same id', async () => {
  const { ran, handler } = counting();
  const world = testConsumer(handler);
  await world.send({}, { id: 'x' }).attempt();
  await world.send({}, { id: 'x' }).attempt();
  await world.send({}, { id: 'y' }).attempt();
  expect(ran).toEqual(['x', 'y']);
});

it('is not run again after it was dead', async () => {
  const world = testConsumer(
    defineConsumer({
      task: () => {
        throw new TypeError('no');
      },
    }),
  );
  const task = world.send({});
  await task.attempt();
  expect((await task.attempt()).outcome).toBe('done');
  expect(world.deadLetters).toHaveLength(1);
});

it('is run again where the consumer says so', async () => {
  const { ran, handler } = counting(false);
  const task = testConsumer(handler).send({});
  await task.attempt();
  await task.attempt();
  expect(ran).toHaveLength(2);
});

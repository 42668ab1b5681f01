/** A step that still runs when its task has failed: nobody else may run it meanwhile. */
import { expect, it } from 'vitest';
import { batches, until } from '../support/consumer-batches.ts';
import { sqsRecord } from '../support/sqs-record.ts';

function sideBySide() {
  const began: string[] = [];
  let end: () => void = () => {};
  const world = batches({
    task: async (_body, { step, message }) => {
      began.push(`task ${message.id}`);
      if (message.id === 'b') return;
      await Promise.all([
        step('fails', () => Promise.reject(new Error('no'))),
        step('slow', () => {
          began.push('slow');
          return new Promise<void>((resolve) => {
            end = resolve;
          });
        }),
      ]);
    },
  });
  return { world, began, end: () => end() };
}

const someTurns = async () => {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

it('keeps its task from coming back, and others from starting, until it has ended', async () => {
  const { world, began, end } = sideBySide();
  const back = world.run(sqsRecord('a'), sqsRecord('b'));
  await until(() => began.includes('slow'));
  await someTurns();
  expect([began, world.asked]).toEqual([['task a', 'slow'], []]);
  end();
  expect(await back).toEqual(['a']);
  expect(began).toEqual(['task a', 'slow', 'task b']);
});

it('and not past the end of its time', async () => {
  const { world, began } = sideBySide();
  void world.run(sqsRecord('a'), sqsRecord('b'));
  await until(() => began.includes('slow'));
  await someTurns();
  await world.clock.sleep(28_000);
  await until(() => world.asked.length === 2);
  expect(world.asked.toSorted()).toEqual([
    ['a/1', 8],
    ['b/1', 0],
  ]);
});

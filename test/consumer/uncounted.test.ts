/** Starts that take no attempt, and those that ended without a word and do. */
import { expect, it } from 'vitest';
import { defineConsumer } from '../../consumer/index.ts';
import { testConsumer } from '../../consumer/testing.ts';
import { batches, until } from '../support/consumer-batches.ts';
import { sqsRecord } from '../support/sqs-record.ts';

it('waiting for a permit takes none', async () => {
  const attempts: number[] = [];
  const handler = defineConsumer({
    task: async (_body, { attempt, withPermit }) => {
      attempts.push(attempt);
      await withPermit('gpu', () => undefined);
    },
  });
  const task = testConsumer(handler, { permits: { gpu: 0 } }).send({});
  for (let n = 0; n < 6; n += 1) expect((await task.attempt()).outcome).toBe('back');
  expect(attempts).toEqual(Array(6).fill(1));
});

it('being handed back takes none', async () => {
  const attempts: [string, number][] = [];
  const world = batches({
    task: async (_body, { attempt, sleep, message }) => {
      attempts.push([message.id, attempt]);
      await sleep(20_000);
    },
  });
  for (let receives = 1; receives <= 5; receives += 1) {
    const back = await world.run(sqsRecord(`first-${receives}`), sqsRecord('b', { receives }));
    expect(back).toEqual(['b']);
  }
  expect(world.asked.filter(([receipt]) => receipt.startsWith('b'))).toEqual([1, 2, 3, 4, 5].map((n) => [`b/${n}`, 0]));
  await world.run(sqsRecord('b', { receives: 6 }));
  expect(attempts.filter(([id]) => id === 'b')).toEqual([['b', 1]]);
});

/** A process that dies while the task runs, as often as told; the task comes back when nobody believes it alive. */
async function crashing(duplicates: false | undefined, deaths: number, maxRetries = 3) {
  const attempts: number[] = [];
  const world = batches(
    {
      ...(duplicates === false ? { duplicates } : {}),
      task: async (_body, { attempt }) => {
        attempts.push(attempt);
        if (attempts.length <= deaths) await new Promise(() => {});
      },
    },
    { settings: { retry: { maxRetries, baseSeconds: 2, capSeconds: 3_600 } } },
  );
  let receives = 1;
  for (; receives <= deaths && world.deadLetters.length === 0; receives += 1) {
    let ended = false;
    const starts = attempts.length;
    void world.run(sqsRecord('a', { receives })).then(() => {
      ended = true;
    });
    await until(() => ended || attempts.length > starts);
    world.kill();
    await world.clock.sleep(180_000);
  }
  await world.run(sqsRecord('a', { receives }));
  return { attempts, world };
}

it('an attempt that ended without a word takes one, and is told', async () => {
  const { attempts, world } = await crashing(undefined, 2);
  expect(attempts).toEqual([1, 2, 3]);
  expect(world.logs()).toContainEqual(
    expect.objectContaining({ class: 'RESOURCE', attempt: 3, message: expect.stringContaining('without a word') }),
  );
});

it('one that only ever crashes its process is dead after its last attempt', async () => {
  const { attempts, world } = await crashing(undefined, 9);
  expect(attempts).toEqual([1, 2, 3, 4]);
  expect(world.deadLetters[0]?.letter).toMatchObject({ class: 'RESOURCE', attempt: 4, message: expect.stringContaining('without a word') });
});

it('nobody knows of the first crash where duplicates do not matter: it is one more', async () => {
  const { attempts, world } = await crashing(false, 9);
  expect(attempts).toEqual([1, 1, 2, 3, 4]);
  expect(world.deadLetters[0]?.letter).toMatchObject({ class: 'RESOURCE', attempt: 4 });
});

it('without retries not even a crash is tried again', async () => {
  const { attempts, world } = await crashing(false, 9, 0);
  expect(attempts).toEqual([1]);
  expect(world.deadLetters[0]?.letter).toMatchObject({ class: 'RESOURCE', attempt: 1 });
});

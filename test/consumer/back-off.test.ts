/** The delays of a task's whole life. */
import { expect, it } from 'vitest';
import { defineConsumer } from '../../consumer/index.ts';
import { type Attempt, type TestSettings, testConsumer } from '../../consumer/testing.ts';

const failing = defineConsumer({
  task: async (_body, { step, attempt }) => {
    await step('fetch', () => 1);
    await step('charge', () => {
      throw new Error(`no ${attempt}`);
    });
  },
});

async function life(settings: TestSettings, handler = failing): Promise<Attempt[]> {
  const task = testConsumer(handler, settings).send({});
  const attempts: Attempt[] = [];
  do attempts.push(await task.attempt());
  while (attempts.at(-1)?.deadLetter === undefined);
  return attempts;
}

it.each([
  ['by default', {}, [2, 3, 6]],
  ['with the most jitter', { random: () => 0.999_999 }, [2, 4, 8]],
  ['with the least jitter', { random: () => 0 }, [1, 2, 4]],
  ['up to the cap', { retry: { maxRetries: 6, capSeconds: 10 } }, [2, 3, 6, 8, 8, 8]],
  ['from the base', { retry: { baseSeconds: 60 }, random: () => 0.999_999 }, [60, 120, 240]],
  ['with no retry', { retry: { maxRetries: 0 } }, []],
] as [string, TestSettings, number[]][])('%s: %o → %j, then dead', async (_what, settings, delays) => {
  const lived = await life(settings);
  expect(lived.slice(0, -1).map(({ outcome }) => outcome)).toEqual(delays.map(() => 'retry'));
  expect(lived.slice(0, -1).map(({ delaySeconds }) => delaySeconds)).toEqual(delays);
  expect(lived.at(-1)?.deadLetter?.letter).toMatchObject({ class: 'TRANSIENT', attempt: delays.length + 1 });
});

it('is all in the letter: attempts, classes, times and steps', async () => {
  const letter = (await life({ random: () => 0 })).at(-1)?.deadLetter?.letter;
  expect(letter).toMatchObject({ attempt: 4, step: 'charge', message: 'no 4', time: '2026-01-01T00:00:07.000Z' });
  expect(letter?.history).toEqual(
    [0, 1, 3].map((second, n) => ({
      ...{ attempt: n + 1, class: 'TRANSIENT', message: `no ${n + 1}`, step: 'charge' },
      time: `2026-01-01T00:00:0${second}.000Z`,
    })),
  );
});

it('is told as a retry whatever is logged', async () => {
  const quiet = defineConsumer({
    logLevel: 'ERROR',
    task: () => {
      throw new Error('no');
    },
  });
  expect((await testConsumer(quiet).send({}).attempt()).outcome).toBe('retry');
});

it('is at least what the other side asks for', async () => {
  const unavailable = defineConsumer({
    task: () => {
      throw Object.assign(new Error('down'), { status: 503, headers: { 'Retry-After': '77' } });
    },
  });
  expect(await testConsumer(unavailable).send({}).attempt()).toMatchObject({ outcome: 'retry', delaySeconds: 77 });
});

it('is the same where duplicates do not matter', async () => {
  const handler = defineConsumer({
    duplicates: false,
    task: () => {
      throw new Error('no');
    },
  });
  const lived = await life({ random: () => 0 }, handler);
  expect(lived.map(({ delaySeconds }) => delaySeconds)).toEqual([1, 2, 4, undefined]);
  expect(lived.at(-1)?.deadLetter?.letter?.history.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
});

/** `ctx.step`: what is recorded is not run again. */
import { describe, expect, it } from 'vitest';
import { defineConsumer, PermanentError, type TaskContext } from '../../consumer/index.ts';
import { testConsumer } from '../../consumer/testing.ts';

/** Fails in its last step as often as told. */
function threeSteps(failures: number, value: unknown, duplicates?: false) {
  const ran: string[] = [];
  const seen: unknown[] = [];
  const handler = defineConsumer({
    ...(duplicates === false ? { duplicates } : {}),
    task: async (_body, { step }) => {
      const first = await step('first', () => {
        ran.push('first');
        return value;
      });
      seen.push(first);
      await step('nothing', () => void ran.push('nothing'));
      await step('last', () => {
        ran.push('last');
        if (ran.filter((name) => name === 'last').length <= failures) throw new Error('not yet');
      });
    },
  });
  return { handler, ran, seen };
}

it.each([undefined, false] as const)('a retry goes on from the step that failed (duplicates: %s)', async (duplicates) => {
  const { handler, ran } = threeSteps(2, 1, duplicates);
  expect((await testConsumer(handler).send({}).untilEnd()).outcome).toBe('done');
  expect(ran).toEqual(['first', 'nothing', 'last', 'last', 'last']);
});

it.each([
  ['a text', 'x', 'x'],
  ['null', null, null],
  ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
  ['an undefined inside', { a: undefined, b: [undefined] }, { b: [null] }],
  ['nothing', undefined, undefined],
  ['something large', { text: 'é'.repeat(200_000) }, { text: 'é'.repeat(200_000) }],
])('its result is what went through JSON, the first time and from the record: %s', async (_what, value, recorded) => {
  const { handler, ran, seen } = threeSteps(1, value);
  await testConsumer(handler).send({}).untilEnd();
  expect(seen).toEqual([recorded, recorded]);
  expect(ran.filter((name) => name === 'first')).toHaveLength(1);
});

it('is resumed after a hand-back that took no attempt, too', async () => {
  let waits = 2;
  let ran = 0;
  const handler = defineConsumer({
    task: async (_body, { step, withPermit }) => {
      await step('once', () => {
        ran += 1;
      });
      if (waits-- > 0) await withPermit('gpu', () => {});
    },
  });
  expect(
    (
      await testConsumer(handler, { permits: { gpu: 0 } })
        .send({})
        .untilEnd()
    ).outcome,
  ).toBe('done');
  expect(ran).toBe(1);
});

it('one task knows nothing of the steps of another', async () => {
  const { handler, ran } = threeSteps(0, 1);
  const world = testConsumer(handler);
  await world.send({}).attempt();
  await world.send({}).attempt();
  expect(ran.filter((name) => name === 'first')).toHaveLength(2);
});

describe.each([undefined, false] as const)('side by side (duplicates: %s)', (duplicates) => {
  it('are recorded each', async () => {
    const ran: string[] = [];
    const handler = defineConsumer({
      ...(duplicates === false ? { duplicates } : {}),
      task: async (_body, { step, attempt }) => {
        await Promise.all(['a', 'b', 'c'].map((name) => step(name, () => void ran.push(name))));
        if (attempt === 1) throw new Error('not yet');
      },
    });
    const task = testConsumer(handler).send({});
    expect((await task.attempt()).outcome).toBe('retry');
    expect((await task.attempt()).outcome).toBe('done');
    expect(ran.toSorted()).toEqual(['a', 'b', 'c']);
  });
});

describe('a step that cannot be', () => {
  const attemptOf = (task: (context: TaskContext) => unknown) =>
    testConsumer(defineConsumer({ task: (_body, context) => task(context) }))
      .send({})
      .attempt();
  const circle: { self?: unknown } = {};
  circle.self = circle;

  it.each([
    ['a circle', circle],
    ['a big integer', 1n],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
  ])('gives %s: DATA', async (_what, value) => {
    const { deadLetter } = await attemptOf(({ step }) => step('odd', () => value));
    expect(deadLetter?.letter).toMatchObject({ class: 'DATA', message: expect.stringMatching(/^step odd: its result is not JSON/) });
  });

  it.each([
    ['', /1-200/],
    ['x'.repeat(201), /1-200/],
  ])('is called %j: PERMANENT', async (name, message) => {
    const { deadLetter } = await attemptOf(({ step }) => step(name, () => 1));
    expect(deadLetter?.letter).toMatchObject({ class: 'PERMANENT', message: expect.stringMatching(message) });
  });

  it('is used twice: PERMANENT', async () => {
    const { deadLetter } = await attemptOf(async ({ step }) => [await step('a', () => 1), await step('a', () => 2)]);
    expect(deadLetter?.letter).toMatchObject({ class: 'PERMANENT', message: expect.stringContaining('step a: is used twice') });
  });
});

it('the letter names the step an error came out of, also where it was wrapped or caught', async () => {
  const handler = defineConsumer({
    task: async (_body, { step }) => {
      await step('optional', () => Promise.reject(new Error('caught'))).catch(() => undefined);
      try {
        await step('charge', () => Promise.reject(new Error('inner')));
      } catch (cause) {
        throw new PermanentError('charging failed', { cause });
      }
    },
  });
  expect((await testConsumer(handler).send({}).attempt()).deadLetter?.letter).toMatchObject({ message: 'charging failed', step: 'charge' });
});

it('a failure after a step names none', async () => {
  const handler = defineConsumer({
    task: async (_body, { step }) => {
      await step('fetch', () => Promise.reject(new Error('caught'))).catch(() => undefined);
      throw new PermanentError('later');
    },
  });
  expect((await testConsumer(handler).send({}).attempt()).deadLetter?.letter).not.toHaveProperty('step');
});

/** A target that says "too many": the task comes back after that time and has lost no attempt; its group waits with it. */
import { expect, it } from 'vitest';
import { defineConsumer, RateLimited } from '../../consumer/index.ts';
import { testConsumer } from '../../consumer/testing.ts';
import { batches } from '../support/consumer-batches.ts';
import { sqsRecord } from '../support/sqs-record.ts';

const refusing = (...answers: (() => unknown)[]) => {
  const attempts: number[] = [];
  const handler = defineConsumer({
    task: (_body, { attempt }) => {
      attempts.push(attempt);
      const answer = answers.shift();
      if (answer) throw answer();
    },
  });
  return { attempts, ...{ task: testConsumer(handler).send({}) } };
};

it.each([
  ['a number', () => new RateLimited(42), 42],
  ['a fraction', () => new RateLimited(0.2), 1],
  ["a header's seconds", () => new RateLimited('42'), 42],
  ["a header's date", () => new RateLimited(new Date(Date.now() + 90_500).toUTCString()), expect.toSatisfy((s) => s >= 88 && s <= 91)],
  ['a moment', () => new RateLimited(new Date(Date.now() + 60_000)), 60],
  ['nothing', () => new RateLimited(), 5],
  ['nonsense', () => new RateLimited('soon'), 5],
  ['a 429 with a header', () => Object.assign(new Error('x'), { status: 429, headers: { 'retry-after': '7' } }), 7],
  ['a 429 without', () => Object.assign(new Error('x'), { response: { status: 429 } }), 5],
])('comes back after %s', async (_what, answer, seconds) => {
  const { task, attempts } = refusing(answer);
  expect(await task.attempt()).toMatchObject({ outcome: 'back', delaySeconds: seconds });
  expect((await task.attempt()).outcome).toBe('done');
  expect(attempts).toEqual([1, 1]);
});

it('backs off where the target does not say how long', async () => {
  const { task } = refusing(...Array(9).fill(() => new RateLimited()));
  const delays: unknown[] = [];
  for (let n = 0; n < 9; n += 1) delays.push((await task.attempt()).delaySeconds);
  expect(delays).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300]);
});

it('takes no attempt, however often', async () => {
  const { task, attempts } = refusing(...Array(30).fill(() => new RateLimited(1)));
  expect((await task.untilEnd()).outcome).toBe('done');
  expect(new Set(attempts)).toEqual(new Set([1]));
});

it.each([0, new Date(0), '0'])('a target that asks for no wait at all gets a second: %s', async (retryAfter) => {
  expect(await refusing(() => new RateLimited(retryAfter)).task.attempt()).toMatchObject({ outcome: 'back', delaySeconds: 1 });
});

it('a target that asks for decades, as it sends a moment in seconds, is asked again after a day', async () => {
  const asked: number[] = [];
  const world = batches(
    {
      task: () => {
        throw new RateLimited(1_790_000_000);
      },
    },
    {
      ports: (memory) => ({
        cooling: {
          ...memory.cooling,
          cool: (group, until, nowMs) => {
            asked.push(until.untilMs - nowMs);
            return memory.cooling.cool(group, until, nowMs);
          },
        },
      }),
    },
  );
  await world.run(sqsRecord('a'));
  expect(asked).toEqual([86_400_000]);
  // SQS hides a message for 12 hours at most.
  expect(world.asked).toEqual([['a/1', 42_300]]);
});

it('keeps the rest of its batch from starting, though it takes a while to tell the others', async () => {
  const started: [string, number][] = [];
  const world = batches(
    {
      task: (body, { message }) => {
        started.push([message.id, world.clock.monotonicMs()]);
        if (body === 'limited') throw new RateLimited(10);
      },
    },
    {
      ports: (memory) => ({
        cooling: {
          ...memory.cooling,
          cool: async (...told) => {
            await new Promise((resolve) => setTimeout(resolve, 20));
            return memory.cooling.cool(...told);
          },
        },
      }),
    },
  );
  expect(await world.run(sqsRecord('a', { body: '"limited"' }), sqsRecord('b'))).toEqual(['a']);
  expect(started).toEqual([
    ['a', 0],
    ['b', 10_000],
  ]);
});

it('hands back what its cooling leaves no time for, until it is over', async () => {
  const world = batches({
    task: (body) => {
      if (body === 'limited') throw new RateLimited(100);
    },
  });
  const back = await world.run(sqsRecord('a', { body: '"limited"' }), sqsRecord('b'), sqsRecord('c'));
  expect(back.toSorted()).toEqual(['a', 'b', 'c']);
  expect(world.asked.toSorted()).toEqual([
    ['a/1', 100],
    ['b/1', 100],
    ['c/1', 100],
  ]);
});

it('keeps other environments from starting', async () => {
  const cooling = { until: Date.UTC(2026, 0, 1) + 10_000 };
  const starts: number[] = [];
  const world = batches(
    { task: () => void starts.push(world.clock.monotonicMs()) },
    {
      ports: (memory) => ({
        cooling: {
          ...memory.cooling,
          read: async () => ({ untilMs: cooling.until, lastLimitedAtMs: 0, message: '', streak: 1, expiresAt: 0 }),
        },
      }),
    },
  );
  // Of a fresh environment nobody knows how long a task takes: it is not begun in what the wait leaves of an invocation.
  expect(await world.run(sqsRecord('a'))).toEqual(['a']);
  expect([starts, world.asked, world.clock.monotonicMs()]).toEqual([[], [[expect.anything(), 10]], 10_000]);
  expect(await world.run(sqsRecord('a'))).toEqual([]);
  expect(starts).toEqual([10_000]);
});

it('is not forgotten for an older answer that comes late', async () => {
  const starts: [string, number][] = [];
  let answer: () => void = () => {};
  const world = batches(
    {
      task: async (body, { message, sleep }) => {
        starts.push([message.id, world.clock.monotonicMs()]);
        if (body === 'slow') await sleep(2_000);
        if (body === 'limited') throw new RateLimited(10);
      },
    },
    {
      ports: (memory) => ({
        cooling: {
          ...memory.cooling,
          read: async (pipeline) => {
            const known = await memory.cooling.read(pipeline);
            // Looked before the refusal; the answer comes after it was told.
            if (starts.length === 1)
              await new Promise<void>((resolve) => {
                answer = resolve;
              });
            return known;
          },
          hint: async () => {
            answer();
            await new Promise((resolve) => setImmediate(resolve));
          },
        },
      }),
    },
  );
  await world.run(sqsRecord('a', { body: '"slow"' }), sqsRecord('b', { body: '"limited"' }), sqsRecord('c'));
  expect(starts).toEqual([
    ['a', 0],
    ['b', 2_000],
    ['c', 12_000],
  ]);
});

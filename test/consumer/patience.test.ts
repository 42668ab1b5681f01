/** A task that comes again and again without being tried does not use up what SQS allows it. */
import { expect, it } from 'vitest';
import { defineConsumer, RateLimited } from '../../consumer/index.ts';
import { testConsumer } from '../../consumer/testing.ts';
import { patienceSeconds } from '../../lambdas/domain/task/back-off.ts';
import { batches } from '../support/consumer-batches.ts';
import { sqsRecord } from '../support/sqs-record.ts';

const fourteenDays = 14 * 86_400;

it('outlasts what SQS keeps it for', () => {
  const seconds = Array.from({ length: 1_000 }, (_, n) => patienceSeconds(n + 1));
  expect(seconds.slice(0, 20).every((one) => one === 0)).toBe(true);
  expect(seconds.every((one, n) => one >= (seconds[n - 1] ?? 0))).toBe(true);
  expect(seconds.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(fourteenDays);
});

it('of a target that always says "in a second" is not dead after a quarter of an hour', async () => {
  const world = testConsumer(
    defineConsumer({
      task: () => {
        throw new RateLimited(1);
      },
    }),
  );
  const began = world.now.getTime();
  const task = world.send({});
  let deliveries = 0;
  for (let attempt = await task.attempt(); attempt.outcome === 'back' && deliveries < 990; attempt = await task.attempt()) deliveries += 1;
  expect(deliveries).toBe(990);
  expect((world.now.getTime() - began) / 1_000).toBeGreaterThan(fourteenDays);
});

it('whose record nobody can reach comes back later and later', async () => {
  const world = batches(
    { task: () => undefined },
    {
      ports: (memory) => ({
        records: { ...memory.records, claim: async () => Promise.reject(new Error('AccessDeniedException')) },
      }),
    },
  );
  await world.run(sqsRecord('a', { receives: 1 }));
  await world.run(sqsRecord('b', { receives: 200 }));
  expect(world.asked.map(([, seconds]) => seconds)).toEqual([5, 1_800]);
});

it('whose record nobody can reach gets a letter with its last receive', async () => {
  const unreachable = async () => Promise.reject(new Error('AccessDeniedException'));
  const world = batches(
    { task: () => undefined },
    { ports: (memory) => ({ records: { ...memory.records, claim: unreachable, end: unreachable, lettered: unreachable } }) },
  );
  await world.run(sqsRecord('a', { receives: 1_000 }));
  expect(world.deadLetters[0]?.letter).toMatchObject({
    class: 'TRANSIENT',
    message: expect.stringContaining('the tasks table does not answer'),
  });
});

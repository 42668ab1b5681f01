/** A step whose function died half-way runs again, or whose large result is gone; those before it do not. */
import { expect, it } from 'vitest';
import { batches, until } from '../support/consumer-batches.ts';
import { sqsRecord } from '../support/sqs-record.ts';

it('runs again once its process is surely dead, and not before', async () => {
  const ran: string[] = [];
  const world = batches({
    task: async (_body, { step }) => {
      await step('first', () => void ran.push('first'));
      await step('second', () => {
        ran.push('second');
        if (ran.length === 2) return new Promise<void>(() => {});
        return undefined;
      });
    },
  });
  void world.run(sqsRecord('a'));
  await until(() => ran.length === 2);
  // The other copy comes while the first may be alive: 30 s of its invocation, 5 s of skew between clocks.
  expect(await world.run(sqsRecord('a', { receives: 2 }))).toEqual(['a']);
  expect(world.asked).toEqual([['a/2', 35]]);
  world.kill();
  await world.clock.sleep(35_001);
  expect(await world.run(sqsRecord('a', { receives: 3 }))).toEqual([]);
  expect(ran).toEqual(['first', 'second', 'second']);
});

it('runs again where its large result is gone', async () => {
  const objects = new Map<string, string>();
  const largeResults = {
    put: async (key: string, json: string) => void objects.set(key, json),
    get: async (key: string) => objects.get(key),
  };
  const ran: string[] = [];
  const world = batches(
    {
      task: async (_body, { step, attempt }) => {
        const large = await step('large', () => {
          ran.push('large');
          return 'x'.repeat(400_000);
        });
        await step('small', () => void ran.push('small'));
        if (attempt < 3) throw new Error('not yet');
        return large.length;
      },
    },
    { ports: () => ({ largeResults }) },
  );
  expect(await world.run(sqsRecord('a'))).toEqual(['a']);
  objects.clear();
  expect(await world.run(sqsRecord('a', { receives: 2 }))).toEqual(['a']);
  expect(await world.run(sqsRecord('a', { receives: 3 }))).toEqual([]);
  expect([ran, world.deadLetters]).toEqual([['large', 'small', 'large'], []]);
});

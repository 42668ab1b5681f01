/** A step whose function died half-way runs again; those before it do not. */
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

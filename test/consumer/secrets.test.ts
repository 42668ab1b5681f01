/** `ctx.secret`: by the config item's names. */
import { expect, it } from 'vitest';
import { defineConsumer } from '../../consumer/index.ts';
import { testConsumer } from '../../consumer/testing.ts';
import { batches } from '../support/consumer-batches.ts';
import { sqsRecord } from '../support/sqs-record.ts';

it('gives the value', async () => {
  const handler = defineConsumer({ task: (_body, { secret }) => secret('API_KEY') });
  expect(
    (
      await testConsumer(handler, { secrets: { API_KEY: 'k' } })
        .send({})
        .attempt()
    ).result,
  ).toBe('k');
});

it.each(['OTHER', 'toString', '__proto__'])('one the item does not name is a CONFIGURATION error: %s', async (name) => {
  const handler = defineConsumer({ task: (_body, { secret }) => secret(name) });
  const { deadLetter } = await testConsumer(handler, { secrets: { API_KEY: 'k' } })
    .send({})
    .attempt();
  expect(deadLetter?.letter).toMatchObject({
    class: 'CONFIGURATION',
    message: `secret ${name} is not in the config item's secrets (there: API_KEY)`,
  });
});

it('is read once in five minutes, and again after a failure', async () => {
  const reads: string[] = [];
  const world = batches(
    { task: async (_body, { secret }) => secret('KEY') },
    {
      settings: { secrets: { KEY: 'ssm:/key' } },
      ports: () => ({
        secrets: {
          read: async (reference) => {
            reads.push(reference);
            if (reads.length === 1) throw new Error('parameter store is down');
            return 'value';
          },
        },
      }),
    },
  );
  expect(await world.run(sqsRecord('a'))).toEqual(['a']);
  expect(await world.run(sqsRecord('b'), sqsRecord('c'))).toEqual([]);
  expect(reads).toHaveLength(2);
  await world.clock.sleep(300_001);
  await world.run(sqsRecord('d'));
  expect(reads).toEqual(Array(3).fill('ssm:/key'));
});

it('is asked for anew where an answer does not come', async () => {
  let reads = 0;
  const world = batches(
    {
      task: (_body, { secret, sleep, message }) => (message.id === 'a' ? Promise.race([secret('KEY'), sleep(11_000)]) : secret('KEY')),
    },
    {
      settings: { secrets: { KEY: 'ssm:/key' } },
      ports: () => ({
        secrets: {
          read: () => {
            reads += 1;
            return reads === 1 ? new Promise(() => {}) : Promise.resolve('value');
          },
        },
      }),
    },
  );
  expect(await world.run(sqsRecord('a'), sqsRecord('b'), sqsRecord('c'))).toEqual([]);
  expect(reads).toBe(2);
});

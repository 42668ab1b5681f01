/** An id that is sent again, where duplicates do not matter: a task of its own, with steps of its own. */
import { expect, it } from 'vitest';
import { defineConsumer } from '../../consumer/index.ts';
import { testConsumer } from '../../consumer/testing.ts';

it('does not resume what an earlier task of its name recorded', async () => {
  const ran: string[] = [];
  let failures = 0;
  const handler = defineConsumer({
    duplicates: false,
    task: async (day, { step }) => {
      await step('fetch', () => void ran.push(`${day} fetch`));
      if (failures-- > 0) throw new Error('not yet');
      await step('store', () => void ran.push(`${day} store`));
    },
  });
  const world = testConsumer(handler);
  await world.send('"monday"', { id: 'report' }).untilEnd();
  await world.advance(86_400);
  failures = 1;
  await world.send('"tuesday"', { id: 'report' }).untilEnd();
  expect(ran).toEqual(['monday fetch', 'monday store', 'tuesday fetch', 'tuesday store']);
});

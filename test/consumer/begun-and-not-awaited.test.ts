/** A step or a use of a permit that nobody awaits: its failure is the task's, and so is its wait. */
import { expect, it } from 'vitest';
import type { TaskContext } from '../../consumer/context.ts';
import { defineConsumer } from '../../consumer/index.ts';
import { testConsumer } from '../../consumer/testing.ts';

const attempt = (task: (context: TaskContext) => unknown) =>
  testConsumer(defineConsumer({ task: (_body, context) => task(context) }), { permits: { gpu: 1, none: 0 } })
    .send({})
    .attempt();

const fails = () => Promise.reject(new Error('no'));

it.each<[string, (context: TaskContext) => unknown]>([
  ['a step', ({ step }) => void step('fails', fails)],
  [
    'a step that fails while the task still runs',
    ({ step, sleep }) => {
      void step('fails', fails);
      return sleep(1_000);
    },
  ],
  ['a step that fails later', ({ step, sleep }) => void step('fails', () => sleep(1_000).then(fails))],
  ['a step the task no longer waits for', ({ step, sleep }) => Promise.race([step('fails', () => sleep(1_000).then(fails)), 1])],
  ['a use of a permit', ({ withPermit }) => void withPermit('gpu', fails)],
])('%s fails the attempt with its error', async (_name, task) => {
  const { outcome, logs } = await attempt(task);
  expect(outcome).toBe('retry');
  expect(logs).toContainEqual(expect.objectContaining({ reason: 'no' }));
});

it('a permit that must wait has the task come back', async () => {
  expect((await attempt(({ withPermit }) => void withPermit('none', () => 1))).outcome).toBe('back');
});

it.each<[string, (context: TaskContext) => unknown]>([
  ['caught', ({ step }) => step('fails', fails).catch(() => undefined)],
  [
    'awaited later',
    async ({ step, sleep }) => {
      const failing = step('fails', fails);
      await sleep(1_000);
      await failing.catch(() => undefined);
    },
  ],
  ['of a permit, caught', ({ withPermit }) => withPermit('gpu', fails).catch(() => undefined)],
])('a failure the author took while the task ran stays his business: %s', async (_name, task) => {
  expect((await attempt(task)).outcome).toBe('done');
});

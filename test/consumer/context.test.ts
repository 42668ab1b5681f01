/** What a task is told of itself. */
import { expect, it } from 'vitest';
import { defineConsumer, type TaskContext } from '../../consumer/index.ts';
import { testConsumer } from '../../consumer/testing.ts';

const looking = <T>(look: (context: TaskContext) => T) => defineConsumer({ task: (_body, context) => look(context) });

it('has ids, group and job', async () => {
  const handler = looking(({ taskId, group, job }) => ({ taskId, group, job }));
  const world = testConsumer(handler, { group: 'acme' });
  expect((await world.send({}).attempt()).result).toEqual({ taskId: 'message-1', group: 'acme', job: undefined });
  expect((await world.send({}, { id: 'order 7', job: 'import' }).attempt()).result).toEqual({
    taskId: 'import/2/order 7',
    group: 'acme',
    job: 'import',
  });
});

it.each([
  ['empty', ''],
  ['longer than a key can be', 'é'.repeat(513)],
])("a sender's id that is %s counts as none", async (_what, id) => {
  expect(
    (
      await testConsumer(looking(({ taskId }) => taskId))
        .send({}, { id })
        .attempt()
    ).result,
  ).toBe('message-1');
});

it('sees the message as it came, with its own attributes and without ours', async () => {
  const world = testConsumer(
    looking(({ message }) => message),
    { now: new Date('2026-03-01T00:00:00Z'), fifo: true },
  );
  const task = world.send({}, { id: 'x', job: 'j', attributes: { tenant: 't1', sluice: 'no letter' }, messageGroup: 'g' });
  expect((await task.attempt()).result).toEqual({
    id: 'message-1',
    sentAt: new Date('2026-03-01T00:00:00Z'),
    receives: 1,
    attributes: { tenant: 't1' },
    messageGroup: 'g',
  });
});

it('counts attempts from 1, also where nothing is recorded of the first', async () => {
  for (const duplicates of [{}, false] as const) {
    const attempts: number[] = [];
    const handler = defineConsumer({
      duplicates,
      task: (_body, { attempt }) => {
        attempts.push(attempt);
        throw new Error('again');
      },
    });
    await testConsumer(handler).send({}).untilEnd();
    expect(attempts).toEqual([1, 2, 3, 4]);
  }
});

it('has a deadline ahead of the end of the function', async () => {
  const now = new Date('2026-01-01T00:00:00Z');
  const handler = looking(({ deadline, remainingMs, signal }) => ({ deadline, remaining: remainingMs(), aborted: signal.aborted }));
  expect((await testConsumer(handler, { now, timeoutSeconds: 60 }).send({}).attempt()).result).toEqual({
    deadline: new Date('2026-01-01T00:00:57Z'),
    remaining: 57_000,
    aborted: false,
  });
});

it('passes time by sleeping', async () => {
  const handler = defineConsumer({
    task: async (_body, context) => {
      await context.sleep(10_000);
      return context.remainingMs();
    },
  });
  expect((await testConsumer(handler).send({}).attempt()).result).toBe(17_000);
});

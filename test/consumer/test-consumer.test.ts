/** What an author's test may rely on. */
import { expect, it } from 'vitest';
import { defineConsumer } from '../../consumer/index.ts';
import { testConsumer } from '../../consumer/testing.ts';

it('passes time by what the task waits for, and by advance', async () => {
  const world = testConsumer(defineConsumer({ task: (_body, { sleep }) => sleep(5_000) }));
  await world.send({}).attempt();
  expect(world.now).toEqual(new Date('2026-01-01T00:00:05Z'));
  await world.advance(60);
  expect(world.now).toEqual(new Date('2026-01-01T00:01:05Z'));
});

it.each([3, 7, 0.3, 30])('holds a rate of %d a second, fractions of a millisecond included', async (ratePerSecond) => {
  const starts: number[] = [];
  const world = testConsumer(defineConsumer({ task: () => void starts.push(world.now.getTime()) }), { ratePerSecond, concurrency: 2 });
  for (let n = 0; n < 20; n += 1) await world.send({}).attempt();
  for (const [n, start] of starts.entries())
    if (n > 0) expect(start - (starts[n - 1] ?? 0)).toBeGreaterThanOrEqual(Math.floor(2_000 / ratePerSecond));
});

it('says so where a task never ends', async () => {
  const handler = defineConsumer({ task: (_body, { withPermit }) => withPermit('gpu', () => {}) });
  await expect(
    testConsumer(handler, { permits: { gpu: 0 }, maxReceiveCount: 10_000 })
      .send({})
      .untilEnd(),
  ).rejects.toThrow(/1000 times/);
});

it('sends a task to the dead letters that was received as often as its queue allows', async () => {
  const handler = defineConsumer({ task: (_body, { withPermit }) => withPermit('gpu', () => {}) });
  const { deadLetter } = await testConsumer(handler, { permits: { gpu: 0 }, maxReceiveCount: 5 })
    .send({})
    .untilEnd();
  expect(deadLetter?.letter).toMatchObject({ class: 'TRANSIENT', message: expect.stringContaining('received 5 times') });
});

it('sends a task as its job would, and shows what the job hears of it', async () => {
  const handler = defineConsumer({
    task: (_body, { attempt, taskId, job }) => {
      if (attempt === 1) throw new Error('not yet');
      return { taskId, job };
    },
  });
  const world = testConsumer(handler);
  world.send({});
  const { reports } = await world.send({}, { job: 'import', id: 'order 7' }).untilEnd();
  expect(reports).toMatchObject([{ status: 'done', result: JSON.stringify({ taskId: 'import/2/order 7', job: 'import' }) }]);
  expect(world.reports.map(({ status, attempt }) => [status, attempt])).toEqual([
    ['retrying', 1],
    ['done', 2],
  ]);
});

/**
 * Lambda stops a chain of invocations at its 16th round. Tasks that are sent start a chain of their own: a job goes round
 * from dispatcher to consumer to progress and back far more often. What is passed on are hints alone.
 */
import { expect, it } from 'vitest';
import { DispatchStage } from './dispatch-stage.ts';

it('a job of many rounds passes no chain on with its tasks', async () => {
  const stage = new DispatchStage({ settings: { functions: ['work'] } });
  stage.group('acme', { concurrency: 2, taskMs: () => 100 });
  stage.function('work', { taskMs: () => 100 });
  const jobs = [
    await stage.submit(
      { taskGroup: 'acme' },
      Array.from({ length: 400 }, () => ({})),
    ),
    await stage.submit(
      { function: 'work', maxOutstanding: 4 },
      Array.from({ length: 100 }, () => ({})),
    ),
  ];
  expect(await stage.end(jobs, 300)).toEqual(['COMPLETED', 'COMPLETED']);
  const sends = stage.aws.log.since(0, ({ operation }) => operation === 'SendMessageBatch' || operation === 'Invoke');
  expect(sends.length).toBeGreaterThan(100);
  expect(stage.dispatcher.tally.ok).toBeGreaterThan(32);
  expect(
    stage.chained.filter(({ operation, queue }) => operation !== 'SendMessageCommand' || !['dispatch', 'events'].includes(queue)),
  ).toEqual([]);
});

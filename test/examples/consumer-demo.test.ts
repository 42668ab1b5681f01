/** The demo's consumer: what it makes of the partner's answers. */
import { expect, test, vi } from 'vitest';
import { testConsumer } from '../../consumer/testing.ts';
import { handler } from '../../examples/consumer-demo/index.ts';
import { type Answer, scriptedApi } from '../support/scripted-api.ts';

const partner = async (...answers: Answer[]) => {
  const api = await scriptedApi({ '*': answers });
  vi.stubEnv('PARTNER_URL', api.url);
  return api;
};

test('a task is one call', async () => {
  const { asked } = await partner({ status: 200 });
  const { outcome } = await testConsumer(handler).send({ customer: 'A', id: 17 }).attempt();
  expect(outcome).toBe('done');
  expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /A/17']);
});

test('a 429 brings it back when the partner says, and spends no attempt', async () => {
  await partner({ status: 429, headers: { 'retry-after': '7' } }, { status: 200 });
  const task = testConsumer(handler, { retry: { maxRetries: 0 } }).send({ customer: 'A', id: 1 });
  expect(await task.attempt()).toMatchObject({ outcome: 'back', delaySeconds: 7 });
  expect(await task.attempt()).toMatchObject({ outcome: 'done' });
});

test('a partner that is down is tried again, and after the last retry the task is dead', async () => {
  const { asked } = await partner({ status: 503 });
  const { outcome, deadLetter } = await testConsumer(handler).send({ customer: 'A', id: 1 }).untilEnd();
  expect(outcome).toBe('dead');
  expect(deadLetter?.letter).toMatchObject({ class: 'TRANSIENT', message: 'the partner answered 503', attempt: 4 });
  expect(asked).toHaveLength(4);
});

test('a body that is no task is dead at once, and the partner never hears of it', async () => {
  const { asked } = await partner({ status: 200 });
  const { deadLetter } = await testConsumer(handler).send({ customer: 'A' }).attempt();
  expect(deadLetter?.letter).toMatchObject({ class: 'DATA', message: expect.stringContaining('body.id') });
  expect(asked).toHaveLength(0);
});

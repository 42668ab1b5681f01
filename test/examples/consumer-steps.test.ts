/** The example with three steps: a retry goes on where the last attempt stopped, and the permit is asked for once. */
import { expect, test } from 'vitest';
import { testConsumer } from '../../consumer/testing.ts';
import { handler } from '../../examples/consumer-steps/index.ts';
import { type Answer, scriptedApi } from '../support/scripted-api.ts';

const report = { body: 'apples,2\npears,1.5\napples,3\n' };

async function world(upload: Answer[], { source = [report], permits = { licence: 1 } as Record<string, number> } = {}) {
  const api = await scriptedApi({ '/report': source, '/totals': upload });
  const task = testConsumer(handler, { permits }).send({ source: `${api.url}/report`, target: `${api.url}/totals` });
  return { task, calls: () => api.asked.map(({ method, path }) => `${method} ${path}`), asked: api.asked };
}

test('downloads, sums up, stores', async () => {
  const { task, calls, asked } = await world([{ status: 204 }]);
  expect(await task.attempt()).toMatchObject({ outcome: 'done' });
  expect(calls()).toEqual(['GET /report', 'PUT /totals']);
  expect(JSON.parse(asked[1]?.body ?? '')).toEqual({ apples: 5, pears: 1.5 });
});

test('a failed upload is tried again without a second download', async () => {
  const { task, calls } = await world([{ status: 500 }, { status: 500 }, { status: 204 }]);
  expect(await task.attempt()).toMatchObject({ outcome: 'retry' });
  expect(await task.untilEnd()).toMatchObject({ outcome: 'done' });
  expect(calls()).toEqual(['GET /report', 'PUT /totals', 'PUT /totals', 'PUT /totals']);
});

test('the letter names the step', async () => {
  const { task } = await world([{ status: 403 }]);
  const { deadLetter } = await task.attempt();
  expect(deadLetter?.letter).toMatchObject({ class: 'CONFIGURATION', step: 'upload', message: 'the target answered 403' });
});

test('a report that is none is the data of the task', async () => {
  const { task } = await world([{ status: 204 }], { source: [{ body: 'apples;2' }] });
  const { deadLetter } = await task.attempt();
  expect(deadLetter?.letter).toMatchObject({ class: 'DATA', step: 'transform' });
});

test('a stage without that permit says so', async () => {
  const { task } = await world([{ status: 204 }], { permits: { other: 1 } });
  const { deadLetter } = await task.attempt();
  expect(deadLetter?.letter).toMatchObject({ class: 'CONFIGURATION', message: expect.stringContaining('licence') });
});

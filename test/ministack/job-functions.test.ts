/** Jobs of a Lambda function: invoked once per task, never more than allowed without a result, followed by callbacks. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TaskInvocation } from '../../lambdas/contract/job.ts';
import { eventually } from '../support/eventually.ts';
import { api, exchange, jobOf, submit, untilEnded, untilJob } from '../support/job-api.ts';
import { type Ear, listen, makeTargetFunction } from '../support/target-function.ts';

const name = 'sluice-test-target';
let ear: Ear;

beforeAll(async () => {
  [ear] = await Promise.all([listen(), makeTargetFunction(name)]);
});
afterAll(() => ear?.stop());

const call = ({ callback }: TaskInvocation, result: unknown, token = callback.token) =>
  exchange(callback.url, 'POST', { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, JSON.stringify(result));

/** The invocation of a task that the test answers itself. */
const untilTold = (mark: string, attempt = 1) =>
  eventually(`${mark} was told`, async () => {
    const found = ear.told.find((task) => JSON.stringify(task.body).includes(mark) && task.attempt === attempt);
    if (!found) throw new Error(`${ear.told.length} told`);
    return TaskInvocation.parse(found);
  });
const silent = (mark: string) => ({ body: { tell: ear.url, silent: true, mark } });

describe.concurrent('a job of a function', () => {
  test('has each task invoked, and ends with their results; no more are out at once than allowed', async () => {
    const tasks = Array.from({ length: 12 }, (_, i) => ({ id: `f${i}`, body: { value: i, ms: 200, tell: ear.url, gone: ear.goneUrl } }));
    const id = await submit({ function: name, tasks, maxOutstanding: 3, priority: 'critical' });
    const job = await untilEnded(id);
    expect(job).toMatchObject({ status: 'COMPLETED', function: name, total: 12, dispatched: 12, completed: 12 });
    const mine = ear.told.filter((task) => task.job === id);
    expect(mine.map(({ task }) => Number(task)).sort((a, b) => a - b)).toEqual(tasks.map((_, i) => i + 1));
    const { json } = await api('GET', `/jobs/${id}/tasks`);
    expect(json.tasks[4]).toMatchObject({ id: 'f4', status: 'done', attempts: 1, result: { value: 4, attempt: 1 } });
  });

  test('tries again what failed for a while, and not what failed for good', async () => {
    const id = await submit({
      function: name,
      tasks: [{ body: { fail: 'TRANSIENT', times: 1 } }, { body: { fail: 'DATA' } }, { body: { throws: true } }],
      maxRetries: 1,
    });
    expect(await untilEnded(id)).toMatchObject({ status: 'FAILED', completed: 1, failed: 2, deadLettered: 0 });
    const { json } = await api('GET', `/jobs/${id}/tasks`);
    expect(json.tasks).toMatchObject([
      { status: 'done', result: { attempt: 2 } },
      { status: 'failed', attempts: 1, error: { class: 'DATA' } },
      // Lambda told of it: its on-failure destination is the stage's queue.
      { status: 'failed', attempts: 2, error: { class: 'TRANSIENT', message: expect.stringContaining('Lambda gave the invocation up') } },
    ]);
  });

  test('fails a task of which nothing is heard by its deadline', async () => {
    const id = await submit({ function: name, tasks: [{ timeoutSeconds: 2, ...silent('unheard') }], maxRetries: 0 });
    const job = await untilEnded(id);
    expect(job).toMatchObject({ status: 'FAILED', error: { class: 'TRANSIENT', message: 'the function gave no result by the deadline' } });
  });

  test('takes a result once, and says so to whoever tells it again, late, or after the job was cancelled', async () => {
    const id = await submit({ function: name, tasks: [silent('first-of-two'), silent('second-of-two')], maxRetries: 1 });
    const [first, second] = [await untilTold('first-of-two'), await untilTold('second-of-two')];
    expect((await call(first, { status: 'done' }, 'nonsense')).status).toBe(403);
    expect((await call(second, { status: 'done' }, first.callback.token)).status).toBe(403);
    expect((await call(first, { status: 'well' })).status).toBe(422);
    expect((await call(first, { status: 'done', result: 1 })).json).toMatchObject({ recorded: true });
    expect(await call(first, { status: 'done', result: 2 })).toMatchObject({ status: 200, json: { recorded: false } });

    expect((await call(second, { status: 'failed', message: 'once' })).json).toMatchObject({ recorded: true });
    const again = await untilTold('second-of-two', 2);
    expect((await call(second, { status: 'failed', message: 'the same once more' })).json).toMatchObject({ recorded: false });
    expect(await jobOf(id)).toMatchObject({ completed: 1, failed: 0 });

    expect((await api('POST', `/jobs/${id}/cancel`)).json.status).toBe('CANCELLED');
    const { status, json } = await call(again, { status: 'done', result: 'late' });
    expect(status).toBe(200);
    expect(json.job).toEqual({ id, status: 'CANCELLED' });
    expect((await jobOf(id)).status).toBe('CANCELLED');
    expect((await exchange(first.callback.url.replace(id, 'nobody'), 'POST', { authorization: 'Bearer x' }, '{}')).status).toBe(404);
  });

  test('that the stage does not list is refused, and so is what only functions have for a task group', async () => {
    const refused = await api('POST', '/jobs', { body: { function: 'somebody-elses', tasks: [{ body: 1 }] } });
    expect(refused.status).toBe(422);
    expect(refused.json.errors).toMatchObject([{ field: 'function' }]);
    const neither = await api('POST', '/jobs', { body: { tasks: [{ body: 1 }] } });
    expect(neither.status).toBe(422);
  });
});

test('failed tasks of a function are tried again from the start', async () => {
  const id = await submit({ function: name, tasks: [silent('retried'), { body: { value: 1 } }], maxRetries: 0 });
  await call(await untilTold('retried'), { status: 'failed', class: 'PERMANENT', message: 'no' });
  expect(await untilEnded(id)).toMatchObject({ status: 'FAILED', failed: 1 });
  const before = ear.told.length;
  expect((await api('POST', `/jobs/${id}/retry`)).status).toBe(200);
  await untilJob(id, 'sent again', () => ear.told.length > before);
  await call(ear.told.at(-1) as TaskInvocation, { status: 'done' });
  expect(await untilEnded(id)).toMatchObject({ status: 'COMPLETED', completed: 2, failed: 0, life: 1 });
});

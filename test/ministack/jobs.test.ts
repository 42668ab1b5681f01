/** Jobs of a task group through the deployed API: submitted, followed, ended, retried, cancelled, one after another. */
import { beforeAll, describe, expect, test } from 'vitest';
import { removeGroupsAfterwards } from '../support/groups.ts';
import { api, jobGroup, jobOf, submit, untilEnded, untilJob } from '../support/job-api.ts';

const values = (count: number, more: object = {}) =>
  Array.from({ length: count }, (_, i) => ({ id: `t${i + 1}`, body: { value: i + 1, ...more } }));

removeGroupsAfterwards();

describe('a job of a task group', () => {
  let taskGroup: string;
  beforeAll(async () => {
    taskGroup = await jobGroup('jobs');
  });

  test('is accepted at once, runs, and ends with every task done', async () => {
    const { status, headers, json } = await api('POST', '/jobs', { body: { taskGroup, tasks: values(30), name: 'thirty' } });
    expect(status).toBe(202);
    expect(json).toEqual({ id: expect.any(String), status: 'PENDING', message: expect.any(String) });
    expect(headers['location']).toContain(`/jobs/${json.id}`);
    const job = await untilEnded(json.id);
    expect(job).toMatchObject({
      status: 'COMPLETED',
      name: 'thirty',
      taskGroup,
      total: 30,
      dispatched: 30,
      processed: 30,
      completed: 30,
      failed: 0,
      retrying: 0,
      deadLettered: 0,
      cancelled: 0,
    });
    const { json: page } = await api('GET', `/jobs/${json.id}/tasks`, { query: { limit: '7' } });
    expect(page.tasks.map(({ n }: { n: number }) => n)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(page.tasks[2]).toMatchObject({ id: 't3', status: 'done', attempts: 1, result: { value: 3, attempt: 1 } });
    const { json: next } = await api('GET', `/jobs/${json.id}/tasks`, { query: { limit: '7', after: page.next } });
    expect(next.tasks[0].n).toBe(8);
  });

  test('of one task carries its result, and waits for it where the request prefers so', async () => {
    const { status, headers, json } = await api('POST', '/jobs', {
      body: { taskGroup, tasks: [{ body: { value: 'one' } }] },
      headers: { prefer: 'wait=20' },
    });
    expect(status).toBe(200);
    expect(headers['preference-applied']).toContain('wait');
    expect(json).toMatchObject({ status: 'COMPLETED', result: { value: 'one', attempt: 1 } });
    expect(json.results).toHaveLength(1);
  });

  test('fails with its tasks, says which and why, and tries only those again', async () => {
    const tasks = [
      ...values(3),
      { id: 'bad', body: { value: 4, fail: 'DATA' } },
      { id: 'weak', body: { value: 5, fail: 'TRANSIENT', times: 4 } },
    ];
    const id = await submit({ taskGroup, tasks });
    const job = await untilEnded(id);
    expect(job).toMatchObject({ status: 'FAILED', total: 5, completed: 3, failed: 2, deadLettered: 2, retrying: 0, life: 0 });
    const { json: failed } = await api('GET', `/jobs/${id}/tasks`, { query: { status: 'failed' } });
    expect(failed.tasks).toMatchObject([
      { n: 4, id: 'bad', error: { class: 'DATA', message: 'as it was asked to' }, attempts: 1 },
      { n: 5, id: 'weak', error: { class: 'TRANSIENT' }, attempts: 4 },
    ]);
    expect((await api('POST', `/jobs/${id}/retry`)).status).toBe(200);
    const again = await untilJob(id, 'tried again', ({ status, life }) => life === 1 && status === 'FAILED');
    // `weak` has four attempts more, and each begins at 1: it fails again.
    expect(again).toMatchObject({ completed: 3, failed: 2, total: 5 });
  });

  test('may fail in part', async () => {
    const id = await submit({ taskGroup, tasks: [...values(2), { body: { fail: 'DATA' } }], maxFailures: 1 });
    expect(await untilEnded(id)).toMatchObject({ status: 'COMPLETED', failed: 1 });
  });

  test('is made once for one idempotency key', async () => {
    const headers = { 'idempotency-key': `key-${Date.now()}` };
    const [a, b] = [await submit({ taskGroup, tasks: values(1) }, { headers }), await submit({ taskGroup, tasks: values(1) }, { headers })];
    expect(b).toBe(a);
    expect((await api('POST', '/jobs', { body: { taskGroup, tasks: values(2) }, headers })).status).toBe(422);
  });

  test('starts when it is to, and its tasks when they are', async () => {
    const before = Date.now();
    const id = await submit({ taskGroup, delaySeconds: 2, tasks: [{ body: { value: 1 } }, { delaySeconds: 5, body: { value: 2 } }] });
    expect(await jobOf(id)).toMatchObject({ status: 'PENDING', message: expect.stringContaining('starts at') });
    const job = await untilEnded(id);
    expect(job.status).toBe('COMPLETED');
    expect(Date.parse(job.startedAt ?? '') - before).toBeGreaterThanOrEqual(2_000);
    expect(Date.parse(job.endedAt ?? '') - before).toBeGreaterThanOrEqual(5_000);
  });

  test('that waits for its time can be cancelled', async () => {
    const id = await submit({ taskGroup, delaySeconds: 600, tasks: values(2) });
    expect((await api('POST', `/jobs/${id}/cancel`)).json).toMatchObject({ status: 'CANCELLED', cancelled: 2 });
  });

  test('is seen in lists and figures, beside its pipeline and the settings', async () => {
    const { json: list } = await api('GET', '/jobs', { query: { taskGroup, status: 'COMPLETED' } });
    expect(list.jobs.length).toBeGreaterThan(0);
    for (const path of ['/concurrency/stats', '/config', '/debug/settings', '/pipelines', '/openapi.json'])
      expect(await api('GET', path)).toMatchObject({ status: 200 });
    const { json: pipeline } = await api('GET', `/pipelines/${encodeURIComponent(taskGroup)}`);
    expect(JSON.stringify(pipeline)).toContain(taskGroup);
  });

  test('that is cancelled runs nothing any more', async () => {
    const id = await submit({ taskGroup, tasks: values(60, { ms: 400 }) });
    await untilJob(id, 'under way', ({ completed }) => completed >= 4);
    const { status, json } = await api('POST', `/jobs/${id}/cancel`);
    expect(status).toBe(200);
    expect(json.status).toBe('CANCELLED');
    const after = await untilJob(id, 'what ran has ended', async () => undefined);
    expect(after).toMatchObject({ status: 'CANCELLED', cancelled: 60 - after.completed });
    expect((await api('POST', `/jobs/${id}/cancel`)).status).toBe(200);
  });
});

test('two jobs of a group run at once, the third waits for one of them, the urgent one first', async () => {
  const taskGroup = await jobGroup('two at once', { concurrency: 2 });
  const long = () => submit({ taskGroup, tasks: values(4, { ms: 1_500 }) });
  const [a, b] = [await long(), await long()];
  await untilJob(b, 'running', ({ status }) => status === 'RUNNING');
  const late = await submit({ taskGroup, tasks: values(1) });
  const urgent = await submit({ taskGroup, tasks: values(1), priority: 'high' });
  expect((await jobOf(late)).status).toBe('PENDING');
  const ended = await Promise.all([a, b, late, urgent].map((id) => untilEnded(id)));
  expect(ended.map(({ status }) => status)).toEqual(['COMPLETED', 'COMPLETED', 'COMPLETED', 'COMPLETED']);
  expect(Date.parse(ended[3]?.startedAt ?? '')).toBeLessThanOrEqual(Date.parse(ended[2]?.startedAt ?? ''));
});

test('who does not sign is refused', async () => {
  expect((await api('GET', '/jobs', { signed: false })).status).toBe(403);
});

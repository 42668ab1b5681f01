/** Jobs that state needs, through the deployed API: placed, limited, explained, resumed, handed on, refused. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { removeGroupsAfterwards, removeItem } from '../support/groups.ts';
import { api, jobOf, submit, untilEnded, untilJob } from '../support/job-api.ts';
import { poolGroup, say, type Told, untilPool } from '../support/placed-jobs.ts';
import { type Ear, listen } from '../support/target-function.ts';

let ear: Ear;
let west: string;
let east: string;

removeGroupsAfterwards();
beforeAll(async () => {
  [ear, west, east] = await Promise.all([
    listen(),
    poolGroup('west', { labels: { zone: 'w' }, capacity: { maxJobs: 2, quantities: { cpu: 8 } }, costPerHour: 2 }),
    poolGroup('east', { labels: { zone: 'e' }, capacity: { maxJobs: 1, quantities: { cpu: 4, gpu: 1 } }, costPerHour: 1 }),
  ]);
  await api('PUT', '/limits', { body: { overall: { maxJobs: 10 } } });
});
afterAll(() => ear?.stop());

const inWest = { labels: { zone: 'w' } };
const told = (job: string, what: string): Told[] => (ear.told as unknown as Told[]).filter((one) => one.job === job && one.what === what);
const untilTold = (job: string, what: string, count = 1) =>
  eventually(`${what} of ${job}`, async () => {
    const found = told(job, what);
    if (found.length < count) throw new Error(JSON.stringify(ear.told.slice(-5)));
    return found[count - 1] as Told;
  });

describe('a job that states needs', () => {
  test('is placed where it fits, works there, and brings its result', async () => {
    const { status, headers, json } = await api('POST', '/jobs', {
      body: { body: { value: 7 }, needs: { quantities: { gpu: 1 } }, customer: 'acme', name: 'one' },
      headers: { prefer: 'wait=20' },
    });
    expect({ status, applied: headers['preference-applied'] }).toMatchObject({ status: 200 });
    expect(json).toMatchObject({
      status: 'COMPLETED',
      pool: east,
      customer: 'acme',
      total: 1,
      completed: 1,
      attempts: 1,
      result: { value: 7, group: east },
    });
  });

  test('goes where it is cheapest, or where it wants to be, and says why', async () => {
    const cheap = await untilEnded(await submit({ body: {}, objective: 'cost' }));
    expect(cheap).toMatchObject({ status: 'COMPLETED', pool: east, reason: 'cost' });
    const wished = await untilEnded(await submit({ body: {}, objective: 'cost', affinity: { pool: west, reason: 'manual' } }));
    expect(wished).toMatchObject({ pool: west, reason: 'affinity' });
  });

  test('is refused with the field at fault where no pool could ever take it, or its fields do not go together', async () => {
    const cases: [object, string][] = [
      [{ body: 1, needs: { quantities: { cpu: 9 } } }, 'needs.quantities.cpu'],
      [{ body: 1, needs: { labels: { zone: 'north' } } }, 'needs.labels.zone'],
      [{ body: 1, affinity: { pool: 'nobody', required: true } }, 'affinity.pool'],
      [{ body: 1, taskGroup: west }, 'taskGroup'],
      [{ taskGroup: west, tasks: [{ body: 1 }], needs: {} }, 'needs'],
      [{ body: 1, startBy: '2020-01-01T00:00:00Z' }, 'startBy'],
      [{ body: 1, inputs: [{ bucket: 'somebody-elses', key: 'a' }] }, 'inputs.0.bucket'],
    ];
    for (const [body, field] of cases) {
      const { status, json } = await api('POST', '/jobs', { body });
      expect({ status, fields: json.errors?.map((error: { field: string }) => error.field) }).toEqual({
        status: 422,
        fields: expect.arrayContaining([field]),
      });
    }
  });

  test('waits while its pool is full, says behind what, and starts when a place is free', async () => {
    const hold = { body: { pending: true, tell: ear.url }, needs: inWest, customer: 'acme' };
    const [a, b] = [await submit(hold), await submit(hold)];
    const [first] = [await untilTold(a, 'handed on'), await untilTold(b, 'handed on')];
    const late = await submit({ body: { value: 1 }, needs: inWest, customer: 'acme', priority: 'low' });
    const { json } = await api('GET', `/jobs/${late}/explain`);
    expect(JSON.stringify(json)).toContain(`2 of 2`);
    expect(json.place).toMatchObject({ waiting: expect.any(Number) });
    expect((await jobOf(late)).status).toBe('PENDING');

    expect(await say(first.lease as never, 'result', { result: 'outside' })).toMatchObject({ status: 200 });
    const ended = await untilEnded(late);
    expect(ended).toMatchObject({ status: 'COMPLETED' });
    expect(await jobOf(a)).toMatchObject({ status: 'COMPLETED', result: 'outside' });
    expect((await api('POST', `/jobs/${b}/cancel`)).json.status).toBe('CANCELLED');
    const cancelled = told(b, 'handed on')[0]?.lease;
    expect((await say(cancelled as never, 'heartbeat')).status).toBe(409);
  });

  test('holds to the limit of its customer, which is changed while jobs run', async () => {
    await api('PUT', '/limits', { body: { customers: { tight: { maxJobs: 1 } } } });
    const hold = { body: { pending: true, tell: ear.url }, needs: inWest, customer: 'tight' };
    const [a, b] = [await submit(hold), await submit(hold)];
    await untilTold(a, 'handed on');
    const { json } = await api('GET', `/jobs/${b}/explain`);
    expect(JSON.stringify(json)).toContain('customer tight 1 of 1');
    await api('PUT', '/limits', { body: { customers: { tight: { maxJobs: 2 } } } });
    await untilTold(b, 'handed on');
    for (const id of [a, b]) await api('POST', `/jobs/${id}/cancel`);
    expect((await api('GET', '/limits')).json.customers).toMatchObject({ tight: { maxJobs: 2 } });
  });

  test('whose consumer is killed in step 2 of 3 resumes there once its lease is over', async () => {
    const id = await submit({
      body: { steps: ['one', 'two', 'three'], dieIn: 'two', tell: ear.url },
      needs: inWest,
      steps: ['one', 'two', 'three'],
    });
    const job = await untilEnded(id);
    expect(job).toMatchObject({ status: 'COMPLETED', attempts: 2, history: [{ attempt: 1, class: 'RESOURCE' }] });
    expect(['one', 'two', 'three'].map((step) => told(id, step).map(({ fence }) => fence))).toEqual([[1], [1, 2], [2]]);
  });

  test('whose work goes on outside keeps its place by heartbeats, loses it without, and refuses the late word', async () => {
    const id = await submit({ body: { pending: true, tell: ear.url }, needs: inWest, maxRetries: 1 });
    const first = (await untilTold(id, 'handed on')).lease as NonNullable<Told['lease']>;
    // Longer than a lease: it is the heartbeats that hold it.
    for (const step of ['a', 'b', 'c', 'd']) {
      expect((await say(first, 'heartbeat', { holder: 'outside', pending: true, step })).status).toBe(200);
      await new Promise((resolve) => setTimeout(resolve, 3_000));
    }
    expect((await jobOf(id)).lease).toMatchObject({ pool: west, holder: 'outside', step: 'd', fence: 1 });
    expect((await say(first, 'steps/mesh', { result: { cells: 12 } })).status).toBe(200);
    const second = (await untilTold(id, 'handed on', 2)).lease as NonNullable<Told['lease']>;
    expect(await say(first, 'result', { result: 'late' })).toMatchObject({ status: 409 });
    expect((await say({ ...second, token: first.token }, 'result', { result: 'late' })).status).toBe(409);
    expect((await say({ ...second, token: 'nonsense' }, 'heartbeat')).status).toBe(401);
    expect((await say(second, 'result', { result: 'in time' })).status).toBe(200);
    expect(await jobOf(id)).toMatchObject({ status: 'COMPLETED', result: 'in time', attempts: 2 });
  }, 120_000);

  test('that fails for a while is tried again, and ends when it has had enough; retry resumes it', async () => {
    const id = await submit({ body: { steps: ['one'], tell: ear.url, fail: 'TRANSIENT', times: 2 }, needs: inWest, maxRetries: 1 });
    const failed = await untilEnded(id);
    expect(failed).toMatchObject({ status: 'FAILED', attempts: 2, error: { class: 'TRANSIENT' } });
    expect(failed.history).toHaveLength(2);
    expect((await api('POST', `/jobs/${id}/retry`)).status).toBe(200);
    expect(await untilJob(id, 'done at last', ({ status }) => status === 'COMPLETED')).toMatchObject({ attempts: 3 });
    expect(told(id, 'one')).toHaveLength(1);
  });

  test('that failed for good goes on from an earlier step, if it is told to', async () => {
    const steps = ['one', 'two', 'three'];
    const id = await submit({ body: { steps, tell: ear.url, fail: 'DATA', times: 1 }, needs: inWest, steps });
    expect(await untilEnded(id)).toMatchObject({ status: 'FAILED', attempts: 1 });
    const { status, json } = await api('POST', `/jobs/${id}/retry`, { query: { from: 'four' } });
    expect({ status, errors: json.errors }).toMatchObject({ status: 422, errors: [{ field: 'from' }] });
    expect((await api('POST', `/jobs/${id}/retry`, { query: { from: 'two' } })).status).toBe(200);
    await untilJob(id, 'done at last', (job) => job.status === 'COMPLETED');
    expect(steps.map((step) => told(id, step).map(({ fence }) => fence))).toEqual([[1], [1, 2], [1, 2]]);
  });

  test('is freed by hand, and goes elsewhere', async () => {
    const id = await submit({ body: { pending: true, tell: ear.url }, needs: inWest });
    const { lease } = await untilTold(id, 'handed on');
    expect((await api('POST', `/jobs/${id}/release`)).status).toBe(200);
    await untilTold(id, 'handed on', 2);
    expect((await say(lease as never, 'heartbeat')).status).toBe(409);
    await api('POST', `/jobs/${id}/cancel`);
  });

  test('changes while it waits, and not any more when it runs', async () => {
    const id = await submit({ body: { pending: true, tell: ear.url }, needs: inWest, delaySeconds: 600 });
    expect(await api('PATCH', `/jobs/${id}`, { body: { priority: 'critical', maxRetries: 5 } })).toMatchObject({ status: 200 });
    expect(await jobOf(id)).toMatchObject({ priority: 'critical', maxRetries: 5 });
    await api('POST', `/jobs/${id}/cancel`);
    expect((await api('PATCH', `/jobs/${id}`, { body: { priority: 'low' } })).status).toBe(409);
  });
});

test('a pool that is closed takes nothing new, one that shrinks neither, and a removed one hands its jobs back', async () => {
  const pool = { labels: { zone: 'n' }, capacity: { maxJobs: 2 } };
  const north = await poolGroup('north', pool);
  const spare = await poolGroup('spare', pool);
  const needs = { labels: { zone: 'n' } };
  const running = await submit({ body: { pending: true, tell: ear.url }, needs, affinity: { pool: north, required: true } });
  await untilTold(running, 'handed on');
  await api('POST', `/pools/${encodeURIComponent(north)}/capacity`, { body: { maxJobs: 1 } });
  await untilPool(north, 'reported smaller', ({ maxJobs }) => maxJobs === 1);
  const wished = await submit({ body: { value: 1 }, needs, affinity: { pool: north } });
  expect(await untilEnded(wished)).toMatchObject({ status: 'COMPLETED', pool: spare });
  await removeItem(north);
  const lease = told(running, 'handed on')[0]?.lease;
  await eventually('what runs is finished', async () => {
    const { status } = await say(lease as never, 'result', { result: 1 });
    if (status !== 200) throw new Error(String(status));
    return true;
  });
  expect((await jobOf(running)).status).toBe('COMPLETED');
}, 120_000);

test('what would be is told, and nothing kept', async () => {
  const { status, json } = await api('POST', '/jobs', { body: { body: {}, needs: { quantities: { gpu: 1 } } }, query: { dryRun: 'true' } });
  expect(status).toBe(200);
  expect(json.start).toMatchObject({ pool: east });
});

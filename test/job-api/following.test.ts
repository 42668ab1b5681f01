/** Following jobs: one, its tasks, all of them; the results; cancelling and trying again. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Job, JobTask } from '../../lambdas/contract/job.ts';
import { jobStateKey } from '../../lambdas/contract/task-table.ts';
import { ApiWorld, tables } from './api-world.ts';

let world: ApiWorld;
beforeEach(() => {
  world = new ApiWorld();
  world.group('shop');
});

const tasks = (count: number) => ({ tasks: Array.from({ length: count }, (_, i) => ({ body: i })) });
const get = (path: string) => world.call('GET', path);

describe('a job', () => {
  it('is shown with its counts', async () => {
    const id = await world.submit({ ...tasks(3), name: 'three' });
    expect(Job.parse((await get(`/jobs/${id}`)).body)).toMatchObject({
      status: 'PENDING',
      taskGroup: 'shop',
      name: 'three',
      total: 3,
      processed: 0,
    });
    await world.start(id);
    await world.end(id, [{ n: 2, status: 'done', result: '1' }]);
    expect((await get(`/jobs/${id}`)).body).toMatchObject({ status: 'RUNNING', dispatched: 3, processed: 1, completed: 1 });
    await world.end(id, [
      { n: 1, status: 'failed' },
      { n: 3, status: 'done' },
    ]);
    const ended = await get(`/jobs/${id}`);
    expect(ended.body).toMatchObject({ status: 'FAILED', processed: 3, failed: 1 });
    expect(ended.headers['retry-after']).toBeUndefined();
    expect(ended.headers['cache-control']).toBe('no-store');
  });

  it('of one task carries its result, or why it has none', async () => {
    const [one, two] = [await world.submit(), await world.submit()];
    for (const id of [one, two]) await world.start(id);
    await world.end(one, [{ n: 1, status: 'done', result: '{"price":7}' }]);
    await world.end(two, [{ n: 1, status: 'failed' }]);
    expect((await get(`/jobs/${one}`)).body).toMatchObject({ status: 'COMPLETED', result: { price: 7 } });
    expect((await get(`/jobs/${two}`)).body).toMatchObject({ status: 'FAILED', error: { class: 'PERMANENT', message: 'no' } });
  });
});

describe('the tasks', () => {
  const numbers = (page: { body: { tasks: unknown[] } }) => page.body.tasks.map((task) => JobTask.parse(task).n);

  it('are listed page by page in their order, whether there is word of them or not', async () => {
    const id = await world.submit(tasks(250));
    await world.start(id);
    world.change(id, { cursor: { n: 200, byte: 0 } });
    await world.end(id, [
      { n: 3, status: 'done', result: '"x"' },
      { n: 120, status: 'failed' },
    ]);
    const first = await get(`/jobs/${id}/tasks`);
    expect(numbers(first)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(first.body.tasks[2]).toMatchObject({ n: 3, status: 'done', result: 'x', attempts: 1 });
    expect(first.body.tasks[3]).toEqual({ n: 4, status: 'queued' });
    const second = await get(`/jobs/${id}/tasks?after=${first.body.next}&limit=1000`);
    expect(numbers(second)).toEqual(Array.from({ length: 150 }, (_, i) => i + 101));
    expect(second.body.tasks[149]).toEqual({ n: 250, status: 'pending' });
    expect(second.body.next).toBeUndefined();
  });

  it('are filtered in bounded pieces: a page may be empty and not the last', async () => {
    const id = await world.submit();
    await world.start(id);
    world.change(id, { total: 12_000, cursor: { n: 12_000, byte: 0 } });
    await world.end(id, [{ n: 11_000, status: 'failed' }]);
    const found: number[] = [];
    let after = '0';
    let pages = 0;
    for (let next: string | undefined = after; next !== undefined; pages += 1) {
      const before = world.aws.log.calls.length;
      const page = await get(`/jobs/${id}/tasks?status=failed&after=${next}`);
      expect(world.aws.log.calls.length - before).toBeLessThan(200);
      found.push(...numbers(page));
      after = next;
      next = page.body.next;
    }
    expect(found).toEqual([11_000]);
    expect(pages).toBe(3);
  });

  it('of a cancelled job are cancelled, but for those that had ended', async () => {
    const id = await world.submit(tasks(3));
    await world.start(id);
    await world.end(id, [{ n: 2, status: 'done' }]);
    await world.call('POST', `/jobs/${id}/cancel`);
    expect((await get(`/jobs/${id}/tasks`)).body.tasks.map(({ status }: JobTask) => status)).toEqual(['cancelled', 'done', 'cancelled']);
    expect(numbers(await get(`/jobs/${id}/tasks?status=cancelled`))).toEqual([1, 3]);
  });

  it('come in as many pages as their results need', async () => {
    const id = await world.submit(tasks(400));
    await world.start(id);
    const result = JSON.stringify('x'.repeat(30_000));
    await world.end(
      id,
      Array.from({ length: 400 }, (_, i) => ({ n: i + 1, status: 'done' as const, result })),
    );
    const page = await get(`/jobs/${id}/tasks?limit=1000`);
    expect(page.text.length).toBeLessThan(4_200_000);
    expect(Number(page.body.next)).toBe(page.body.tasks.length);
    expect((await get(`/jobs/${id}`)).body.status).toBe('COMPLETED');
  });
});

describe('all jobs', () => {
  const ids = async (query: string) => (await get(`/jobs${query}`)).body.jobs.map((job: Job) => job.id);

  it('are listed, the newest first, by status, target and time', async () => {
    world.group('other');
    const made: { id: string; at: string }[] = [];
    for (const taskGroup of ['shop', 'other', 'shop']) {
      made.push({ id: await world.submit({ taskGroup }), at: '' });
      (made.at(-1) as { at: string }).at = (await get(`/jobs/${made.at(-1)?.id}`)).body.createdAt;
      await world.aws.clock.advance(60_000);
    }
    const [a, b, c] = made as [{ id: string; at: string }, { id: string; at: string }, { id: string; at: string }];
    await world.start(a.id);
    expect(await ids('')).toEqual([c.id, b.id, a.id]);
    expect(await ids('?taskGroup=shop')).toEqual([c.id, a.id]);
    expect(await ids('?status=RUNNING')).toEqual([a.id]);
    expect(await ids('?taskGroup=shop&status=PENDING')).toEqual([c.id]);
    expect(await ids(`?from=${b.at}`)).toEqual([c.id, b.id]);
    expect(await ids(`?to=${b.at}`)).toEqual([b.id, a.id]);
    expect(await ids('?function=nothing')).toEqual([]);
    const first = await get('/jobs?limit=2');
    expect(first.body.jobs).toHaveLength(2);
    expect(await ids(`?limit=2&after=${encodeURIComponent(first.body.next)}`)).toEqual([a.id]);
    for (const job of first.body.jobs) Job.parse(job);
  });

  it('are kept no longer than they are to be', async () => {
    const id = await world.submit();
    await world.call('POST', `/jobs/${id}/cancel`);
    await world.aws.clock.advance(31 * 86_400_000);
    expect(await ids('')).toEqual([]);
    expect((await get(`/jobs/${id}`)).status).toBe(404);
  });
});

describe('results', () => {
  it('are written once somebody asks, and then handed out', async () => {
    const id = await world.submit();
    expect(await get(`/jobs/${id}/results`)).toMatchObject({ status: 409 });
    await world.start(id);
    expect(await get(`/jobs/${id}/results`)).toMatchObject({ status: 409 });
    await world.end(id, [{ n: 1, status: 'done' }]);
    expect(await get(`/jobs/${id}/results?only=failed`)).toMatchObject({ status: 202, headers: { 'retry-after': '2' } });
    expect(world.hints('results')).toEqual([{ job: id, life: 0, only: 'failed' }]);
    world.change(id, { resultsFiles: { 'failed-0': `results/${id}/failed-0.ndjson` } });
    const there = await get(`/jobs/${id}/results?only=failed`);
    expect(there.status).toBe(200);
    expect(there.body.url).toContain(`/results/${id}/failed-0.ndjson?`);
    expect(there.body.url).toContain(encodeURIComponent(`filename="${id}-failed.ndjson"`));
    // The other file is another matter.
    expect((await get(`/jobs/${id}/results`)).status).toBe(202);
  });
});

describe('cancelling', () => {
  it('tells the consumers first, and does no harm twice', async () => {
    const id = await world.submit();
    expect(await world.call('POST', `/jobs/${id}/cancel`)).toMatchObject({ status: 200, body: { status: 'CANCELLED', cancelled: 1 } });
    expect(await world.call('POST', `/jobs/${id}/cancel`)).toMatchObject({ status: 200, body: { status: 'CANCELLED' } });
    expect(world.aws.dynamodb.read(tables.tasks, jobStateKey(id))).toMatchObject({ cancelledAtMs: expect.any(Number) });
    expect(world.hints('events')).toHaveLength(1);
    const calls = world.aws.log.calls.map(({ operation, input }) => `${operation} ${input['TableName'] ?? ''}`);
    expect(calls.indexOf(`Put ${tables.tasks}`)).toBeLessThan(calls.lastIndexOf('TransactWrite '));
  });

  it('frees the slot of a job that runs', async () => {
    const id = await world.submit();
    await world.start(id);
    world.hints('dispatch');
    await world.call('POST', `/jobs/${id}/cancel`);
    expect((await world.settled(world.services.slots.read())).running).toEqual({});
    expect(world.hints('dispatch')).toEqual([{ kind: 'schedule' }]);
  });

  it('comes too late for a job that has ended', async () => {
    const id = await world.submit();
    await world.start(id);
    await world.end(id, [{ n: 1, status: 'done' }]);
    expect(await world.call('POST', `/jobs/${id}/cancel`)).toMatchObject({ status: 409 });
  });
});

describe('trying again', () => {
  it('is for what failed of a job that has ended', async () => {
    const id = await world.submit(tasks(2));
    expect(await world.call('POST', `/jobs/${id}/retry`)).toMatchObject({ status: 409 });
    await world.start(id);
    await world.end(id, [
      { n: 1, status: 'failed' },
      { n: 2, status: 'done' },
    ]);
    world.hints('dispatch');
    expect(await world.call('POST', `/jobs/${id}/retry`)).toMatchObject({ status: 200, body: { status: 'PENDING', life: 1 } });
    expect(world.hints('dispatch')).toEqual([{ kind: 'schedule' }]);
    expect(await world.call('POST', `/jobs/${id}/retry`)).toMatchObject({ status: 409 });
  });

  it('is not for what was done, nor for what was cancelled', async () => {
    const [done, cancelled] = [await world.submit(), await world.submit(tasks(2))];
    for (const id of [done, cancelled]) await world.start(id);
    await world.end(done, [{ n: 1, status: 'done' }]);
    await world.end(cancelled, [{ n: 1, status: 'failed' }]);
    await world.call('POST', `/jobs/${cancelled}/cancel`);
    expect(await world.call('POST', `/jobs/${done}/retry`)).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('No task') },
    });
    expect(await world.call('POST', `/jobs/${cancelled}/retry`)).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('cancelled') },
    });
  });
});

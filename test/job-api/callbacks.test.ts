/** POST /jobs/{id}/tasks/{taskId}/result: right, wrong, late, twice, superseded, after a cancel. */
import { beforeEach, describe, expect, it } from 'vitest';
import { laterPartition } from '../../lambdas/contract/job-table.ts';
import { tokenOf } from '../../lambdas/domain/job/token.ts';
import { ApiWorld, dataBucket, tables } from './api-world.ts';

let world: ApiWorld;
let job: string;
beforeEach(async () => {
  world = new ApiWorld({ functions: ['crunch'] });
  world.group('shop');
  const answer = await world.call('POST', '/jobs', { body: { function: 'crunch', tasks: [{ body: 1 }, { body: 2 }] } });
  job = answer.body.id;
  await world.start(job);
  world.hints('dispatch');
});

const token = (n: number, attempt = 1, life = 0) => tokenOf(world.row(job)?.tokenKey ?? '', { n, life, attempt, fromByte: 0, toByte: 17 });
const post = (n: number | string, body: unknown, authorization = `Bearer ${token(Number(n))}`, id = job) =>
  world.call('POST', `/jobs/${id}/tasks/${n}/result`, { body, headers: { authorization } });
const done = (result?: unknown) => ({ status: 'done', ...(result === undefined ? {} : { result }) });
const task = async (n: number) => (await world.call('GET', `/jobs/${job}/tasks`)).body.tasks[n - 1];

describe('a callback', () => {
  it('records the result, and the last one closes the job', async () => {
    expect(await post(1, done({ price: 7 }))).toMatchObject({
      status: 200,
      body: { recorded: true, message: 'recorded', job: { id: job, status: 'RUNNING' } },
    });
    expect(await post(2, done())).toMatchObject({ body: { recorded: true, job: { id: job, status: 'COMPLETED' } } });
    expect(await task(1)).toMatchObject({ status: 'done', result: { price: 7 }, attempts: 1 });
    expect(world.hints('events')).toHaveLength(1);
    expect(world.hints('dispatch')).toEqual([{ kind: 'schedule' }]);
  });

  it('has word of a refill where the dispatcher wants it', async () => {
    world.change(job, { refillAt: 1 });
    await post(1, done());
    expect(world.hints('dispatch')).toEqual([{ kind: 'target', target: 'function:crunch' }]);
  });

  it('counts once, whatever comes again', async () => {
    await post(1, done('first'));
    expect(await post(1, done('second'))).toMatchObject({
      status: 200,
      body: { recorded: false, message: expect.stringContaining('done already') },
    });
    expect(await post(1, { status: 'failed', message: 'no' })).toMatchObject({ body: { recorded: false } });
    expect(await task(1)).toMatchObject({ status: 'done', result: 'first' });
    expect((await world.call('GET', `/jobs/${job}`)).body).toMatchObject({ completed: 1, processed: 1 });
  });

  it('counts once of two at the same time', async () => {
    const both = await Promise.all([post(1, done('a')), post(1, done('b'))]);
    expect(both.map(({ body }) => body.recorded).sort()).toEqual([false, true]);
    expect((await world.call('GET', `/jobs/${job}`)).body).toMatchObject({ completed: 1 });
  });

  it('of a failure that passes has the task tried again', async () => {
    expect(await post(1, { status: 'failed', class: 'TRANSIENT', message: 'busy' })).toMatchObject({ body: { recorded: true } });
    expect(await task(1)).toMatchObject({ status: 'retrying', error: { class: 'TRANSIENT', message: 'busy' } });
    const later = world.aws.dynamodb
      .table(tables.jobs)
      .items()
      .filter(({ pk }) => pk === laterPartition(job));
    expect(later).toMatchObject([{ n: 1, attempt: 2, fromByte: 0, toByte: 17 }]);
  });

  it('of a failure that stays, or of one too many, fails the task', async () => {
    await post(1, { status: 'failed', class: 'DATA', message: 'no such customer', step: 'look-up' });
    expect(await task(1)).toMatchObject({ status: 'failed', error: { class: 'DATA', step: 'look-up' } });
    await post(2, { status: 'failed', message: 'busy' }, `Bearer ${token(2, 4)}`);
    expect(await task(2)).toMatchObject({ status: 'failed', error: { class: 'TRANSIENT' } });
    expect((await world.call('GET', `/jobs/${job}`)).body).toMatchObject({ status: 'FAILED', failed: 2 });
  });

  it('of an attempt that was given up counts where it is a result, and not where it is a failure', async () => {
    await post(1, { status: 'failed', message: 'busy' });
    await world.settled(world.services.tasks.apply(job, [{ n: 1, status: 'queued', life: 0, attempt: 2, atMs: world.aws.clock.nowMs() }]));
    expect(await post(1, { status: 'failed', message: 'late' }, `Bearer ${token(1, 1)}`)).toMatchObject({
      body: { recorded: false, message: expect.stringContaining('tried again') },
    });
    expect(await post(1, done('late, and good'), `Bearer ${token(1, 1)}`)).toMatchObject({ body: { recorded: true } });
    expect(await task(1)).toMatchObject({ status: 'done', result: 'late, and good' });
  });

  it('after a cancel is recorded, and leads to no further attempt', async () => {
    await world.call('POST', `/jobs/${job}/cancel`);
    expect(await post(1, done('ran'))).toMatchObject({ status: 200, body: { recorded: true, job: { status: 'CANCELLED' } } });
    await post(2, { status: 'failed', message: 'busy' });
    expect((await world.call('GET', `/jobs/${job}`)).body).toMatchObject({ status: 'CANCELLED', completed: 1, failed: 1 });
    expect(
      world.aws.dynamodb
        .table(tables.jobs)
        .items()
        .filter(({ pk }) => pk === laterPartition(job)),
    ).toEqual([]);
  });

  it('with a large result keeps it beside the table', async () => {
    await post(1, done('x'.repeat(40_000)));
    expect(await task(1)).toMatchObject({ status: 'done', resultTooLarge: true });
    expect(world.objects().filter((key) => key.startsWith(`results/${job}/1-0-`))).toHaveLength(1);
    expect(world.aws.s3.resolve(dataBucket, world.objects().at(-1) ?? '')?.body).toHaveLength(40_002);
  });
});

describe('a token', () => {
  it.each([
    ['of another task', () => `Bearer ${token(2)}`, 403],
    ['of another job', () => `Bearer ${tokenOf('other', { n: 1, life: 0, attempt: 1, fromByte: 0, toByte: 17 })}`, 403],
    ['that was changed', () => `Bearer ${token(1).replace('0.1.', '0.2.')}`, 403],
    ['that is none', () => 'Bearer x', 403],
    ['that is missing', () => '', 401],
    ['of another kind', () => 'Basic YTpi', 401],
    ['with half of it missing', () => 'Bearer', 401],
  ])('%s', async (_what, authorization, status) => {
    const answer = await post(1, done(), authorization());
    expect(answer.status).toBe(status);
    if (status === 401) expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(await task(1)).toEqual({ n: 1, status: 'queued' });
  });

  it('is of use for nothing that does not exist', async () => {
    expect(await post(1, done(), `Bearer ${token(1)}`, 'id-9')).toMatchObject({ status: 404 });
    for (const n of ['3', '0', '-1', '1.0', '01', 'x', '999999999999']) expect((await post(n, done())).status, n).toBe(404);
  });

  it('is asked for before the body is looked at', async () => {
    expect((await post(1, 'not json', 'Bearer x')).status).toBe(403);
    for (const [body, status] of [
      ['not json', 400],
      [{}, 422],
      [{ status: 'done', message: 'x' }, 422],
      [{ status: 'failed' }, 422],
      [{ status: 'failed', message: 'x'.repeat(10_001) }, 422],
      [{ status: 'failed', message: '\ud800' }, 422],
      [{ status: 'failed', class: 'SAD', message: '' }, 422],
    ] as const)
      expect((await post(1, body)).status).toBe(status);
  });
});

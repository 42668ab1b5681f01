/** POST /jobs: what is stored before the answer, what is refused and leaves nothing behind. */
import { beforeEach, describe, expect, it } from 'vitest';
import { taskFileKey, uploadKey } from '../../lambdas/contract/data-bucket.ts';
import { intakeKey, scheduledKey, waitingKey } from '../../lambdas/contract/job-table.ts';
import { ApiWorld, dataBucket, tables } from './api-world.ts';

let world: ApiWorld;
beforeEach(() => {
  world = new ApiWorld({ inputBuckets: ['theirs'], functions: ['crunch'], webhookHosts: ['*.example.com'], maxTasksPerRequest: 3 });
  world.group('shop');
});

const post = (body: unknown, headers: Record<string, string> = {}) => world.call('POST', '/jobs', { body, headers });

describe('a job with its tasks', () => {
  it('is stored before the answer, with its tasks, and then hinted', async () => {
    const answer = await post({
      taskGroup: 'shop',
      name: 'first',
      priority: 'high',
      tasks: [{ id: 'a', body: { x: 1 } }, { body: 'two' }],
    });
    expect(answer).toMatchObject({ status: 202, body: { id: 'id-1', status: 'PENDING', message: expect.any(String) } });
    expect(answer.headers).toMatchObject({ location: '/jobs/id-1', 'content-type': 'application/json', 'retry-after': expect.any(String) });
    expect(world.row('id-1')).toMatchObject({
      target: 'group:shop',
      status: 'PENDING',
      name: 'first',
      priority: 'high',
      total: 2,
      maxConcurrent: 20,
      batchSize: 50,
      maxFailures: 0,
      createdBy: 'arn:aws:iam::123456789012:user/ada',
    });
    const file = world.aws.s3.resolve(dataBucket, taskFileKey('id-1'))?.body ?? '';
    expect(
      file
        .trimEnd()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    ).toEqual([
      { n: 1, id: 'a', body: { x: 1 } },
      { n: 2, body: 'two' },
    ]);
    expect(world.row('id-1')?.fileBytes).toBe(Buffer.byteLength(file));
    expect(world.hints('dispatch')).toEqual([{ kind: 'schedule' }]);
  });

  it('waits for a slot, or for its time', async () => {
    const now = world.aws.clock.nowMs();
    await post({ taskGroup: 'shop', tasks: [{ body: 1 }] });
    await post({ taskGroup: 'shop', tasks: [{ body: 1 }], delaySeconds: 86_400 * 400 });
    const [first, second] = [world.row('id-1'), world.row('id-2')];
    expect(world.aws.dynamodb.read(tables.jobs, waitingKey('normal', first?.readyAtMs ?? 0, 'id-1'))).toMatchObject({ job: 'id-1' });
    expect(second?.runAtMs).toBeGreaterThanOrEqual(now + 86_400_000 * 400);
    expect(world.aws.dynamodb.read(tables.jobs, scheduledKey(second?.runAtMs ?? 0, 'id-2'))).toMatchObject({ job: 'id-2' });
    expect(world.hints('dispatch')).toHaveLength(1);
  });

  it('is accepted though nobody could be hinted', async () => {
    world.aws.log.plant({ fits: ({ operation }) => operation === 'SendMessage', nth: 1, when: 'before', effect: new Error('no') });
    expect((await post({ taskGroup: 'shop', tasks: [{ body: 1 }] })).status).toBe(202);
    expect(world.row('id-1')?.status).toBe('PENDING');
  });

  it('is not made where the request is refused, nor is a file of it', async () => {
    await post({ taskGroup: 'shop', tasks: [{ body: 1 }, {}] });
    await post({ taskGroup: 'nobody', tasks: [{ body: 1 }] });
    expect(world.objects()).toEqual([]);
    expect(world.aws.dynamodb.table(tables.jobs).items()).toEqual([]);
  });
});

describe('a job with a file', () => {
  it('of an upload is read later, as it was when the job was accepted', async () => {
    const place = (await world.call('POST', '/uploads')).body;
    expect(place).toMatchObject({ upload: 'id-1', method: 'PUT', headers: {}, maxBytes: 5_368_709_120 });
    expect(place.url).toContain(`/${uploadKey('id-1')}?`);
    // Of a body that is not known yet there is no checksum to sign.
    expect(place.url).not.toMatch(/checksum/i);
    world.aws.s3.put(dataBucket, uploadKey('id-1'), '{"body":1}\n');
    expect((await post({ taskGroup: 'shop', file: { upload: 'id-1' } })).status).toBe(202);
    const row = world.row('id-2');
    expect(row?.source).toMatchObject({ bucket: dataBucket, key: uploadKey('id-1'), bytes: 11, etag: expect.stringMatching(/^".+"$/) });
    expect(row?.total).toBeUndefined();
    expect(world.aws.dynamodb.read(tables.jobs, intakeKey(row?.createdAtMs ?? 0, 'id-2'))).toMatchObject({ job: 'id-2' });
    expect(world.hints('intake')).toEqual([{ job: 'id-2' }]);
  });

  it('of a bucket that the stage lists', async () => {
    const { versionId } = world.aws.s3.put('theirs', 'a/b.ndjson', '{"body":1}\n');
    expect((await post({ taskGroup: 'shop', file: { bucket: 'theirs', key: 'a/b.ndjson', versionId } })).status).toBe(202);
    expect(world.row('id-1')?.source).toMatchObject({ bucket: 'theirs', versionId });
  });

  it.each([
    ['an upload that is not there', { upload: 'id-9' }, 'file.upload'],
    ['an object that is not there', { bucket: 'theirs', key: 'nothing' }, 'file.key'],
    ['a bucket that is not listed', { bucket: 'unlisted', key: 'a' }, 'file.bucket'],
    ['our own bucket by name', { bucket: dataBucket, key: 'uploads/id-1' }, 'file.bucket'],
    ['a key with half a character', { bucket: 'theirs', key: 'a\ud800' }, 'file.key'],
  ])('is refused: %s', async (_what, file, field) => {
    const answer = await post({ taskGroup: 'shop', file });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ field, message: expect.any(String) }] } });
  });

  it('is refused where the file is empty', async () => {
    world.aws.s3.put('theirs', 'empty', '');
    expect(await post({ taskGroup: 'shop', file: { bucket: 'theirs', key: 'empty' } })).toMatchObject({ status: 422 });
  });
});

describe('who may be followed', () => {
  it('a group that is not there', async () => {
    expect(await post({ taskGroup: 'nobody', tasks: [{ body: 1 }] })).toMatchObject({
      status: 404,
      body: { errors: [{ field: 'taskGroup' }] },
    });
    expect(await post({ taskGroup: '*', tasks: [{ body: 1 }] })).toMatchObject({ status: 404 });
  });

  it('a group whose consumer does not report', async () => {
    world.group('plain', { consumer: 'plain' });
    const answer = await post({ taskGroup: 'plain', tasks: [{ body: 1 }] });
    expect(answer).toMatchObject({ status: 409, headers: { 'content-type': 'application/problem+json' } });
    expect(answer.body.detail).toContain('"consumer": "sluice"');
  });

  it('a group whose consumer reports by the defaults item', async () => {
    world.aws.dynamodb.put(tables.config, { taskGroup: '*', consumer: 'sluice' });
    world.aws.dynamodb.put(tables.config, { taskGroup: 'by-default', concurrency: 1 });
    expect((await post({ taskGroup: 'by-default', tasks: [{ body: 1 }] })).status).toBe(202);
  });

  it('a group that is going', async () => {
    const at = new Date(world.aws.clock.nowMs()).toISOString();
    world.aws.dynamodb.put(tables.pipelines, {
      taskGroup: 'going',
      schemaVersion: 1,
      phase: 'Draining',
      message: '',
      createdAt: at,
      updatedAt: at,
    });
    expect(await post({ taskGroup: 'going', tasks: [{ body: 1 }] })).toMatchObject({ status: 409 });
    world.group('expired', { expiresAt: 1 });
    expect(await post({ taskGroup: 'expired', tasks: [{ body: 1 }] })).toMatchObject({ status: 409 });
  });

  it('a paused group, with a warning', async () => {
    world.group('paused', { paused: true });
    await post({ taskGroup: 'paused', tasks: [{ body: 1 }] });
    expect(world.row('id-1')?.warnings).toEqual([expect.stringContaining('paused')]);
  });

  it('a function, under one name however it is written', async () => {
    await post({
      function: 'arn:aws:lambda:eu-central-1:123456789012:function:crunch',
      tasks: [{ body: 1 }],
      maxRetries: 1,
      maxOutstanding: 7,
    });
    expect(world.row('id-1')).toMatchObject({ target: 'function:crunch', maxRetries: 1, maxOutstanding: 7 });
    expect(await post({ function: 'crunch:live', tasks: [{ body: 1 }] })).toMatchObject({
      status: 422,
      body: { errors: [{ field: 'function' }] },
    });
  });

  it('the default function, of a request that names nobody', async () => {
    expect(await post({ tasks: [{ body: 1 }] })).toMatchObject({ status: 422, body: { errors: [{ field: 'taskGroup' }] } });
    world = new ApiWorld({ defaultFunction: 'main' });
    await post({ tasks: [{ body: 1 }] });
    expect(world.row('id-1')?.target).toBe('function:main');
  });
});

describe('Idempotency-Key', () => {
  const key = { 'idempotency-key': 'once' };
  const request = { taskGroup: 'shop', tasks: [{ body: { a: 1, b: 2 } }] };

  it('gives the same job for the same request, whatever the order of its fields', async () => {
    const first = await post(request, key);
    const again = await post({ tasks: [{ body: { b: 2, a: 1 } }], taskGroup: 'shop' }, key);
    expect(again).toMatchObject({ status: 202, body: { id: first.body.id }, headers: { location: first.headers['location'] } });
    expect(world.objects()).toHaveLength(1);
  });

  it('gives it also where the request would be refused by now', async () => {
    const first = await post(request, key);
    world.aws.dynamodb.delete(tables.config, { taskGroup: 'shop' });
    expect((await post(request, key)).body.id).toBe(first.body.id);
  });

  it('belongs to one request', async () => {
    await post(request, key);
    expect(await post({ ...request, name: 'other' }, key)).toMatchObject({
      status: 422,
      body: { type: 'docs/jobs.md#problem-key-reused', errors: [{ field: 'Idempotency-Key' }] },
    });
  });

  it('stands for the tasks, wherever they were uploaded: who tries again uploads again', async () => {
    const inUpload = (upload: string) => {
      world.aws.s3.put(dataBucket, uploadKey(upload), '{"body":1}');
      return post({ taskGroup: 'shop', file: { upload } }, key);
    };
    const first = await inUpload('first');
    expect(first.status).toBe(202);
    expect((await inUpload('second')).body.id).toBe(first.body.id);
  });

  it('makes one job of two at the same time', async () => {
    const [one, two] = await Promise.all([post(request, key), post(request, key)]);
    expect(one.status).toBe(202);
    expect(two.body.id).toBe(one.body.id);
    expect(
      world.aws.dynamodb
        .table(tables.jobs)
        .items()
        .filter(({ sk }) => sk === 'meta'),
    ).toHaveLength(1);
  });

  it.each(['', ' ', 'a b', 'ü', 'x'.repeat(256)])('is refused as %j', async (value) => {
    expect(await post(request, { 'idempotency-key': value })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'Idempotency-Key' }] },
    });
  });
});

/** Handing in jobs: in the request what fits, in a file what does not, once however often it is tried. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import type { Submission } from '../../client/jobs/submission.ts';
import { JobAccepted, JobRequest } from '../../lambdas/contract/job.ts';
import { UploadPlace } from '../../lambdas/contract/job-api.ts';
import { StageConfig } from '../../lambdas/contract/job-api-stage.ts';
import { type ApiDouble, apiDouble, clientFor, inTurn, type Reply, type Route, reply } from './api-double.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-client-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

const accepted = reply(202, JobAccepted, { id: 'j1', status: 'PENDING', message: 'accepted' });
const tasks = (count: number) => Array.from({ length: count }, (_, n) => ({ body: { n } }));
const ndjson = (count: number) =>
  tasks(count)
    .map((task) => `${JSON.stringify(task)}\n`)
    .join('');

/** A stage whose requests may carry 10 tasks; what it is asked must be what the contract says. */
async function stage(replies: Reply[] = [accepted], config?: Route): Promise<ApiDouble> {
  const submit = inTurn(...replies);
  const api: ApiDouble = await apiDouble({
    submitJob: (request) => {
      JobRequest.parse(request.body);
      return submit(request);
    },
    getConfig:
      config ?? (() => reply(200, StageConfig, { settings: [{ name: 'maxTasksPerRequest', value: 10, unit: 'tasks', source: 'preset' }] })),
    createUpload: () => {
      const upload = `u${api.of('createUpload').length}`;
      const url = api.bucket.placeOf(upload);
      return reply(201, UploadPlace, { upload, url, method: 'PUT', headers: {}, expiresAt: '2026-11-27T00:00:00Z', maxBytes: 1_000_000 });
    },
  });
  return api;
}

async function submitted(submission: Submission, api?: ApiDouble) {
  const at = api ?? (await stage());
  await clientFor(at).client.submit(submission);
  return { api: at, request: JobRequest.parse(at.of('submitJob').at(-1)?.body), headers: at.of('submitJob').at(-1)?.headers ?? {} };
}

async function* generated(count: number) {
  yield* tasks(count);
}

describe('in the request', () => {
  it('carries what fits, and everything else of the job', async () => {
    const { request, headers, api } = await submitted({ taskGroup: 'A', priority: 'high', maxFailures: 1, tasks: tasks(10) });
    expect(request).toEqual({ taskGroup: 'A', priority: 'high', maxFailures: 1, tasks: tasks(10) });
    expect(headers['prefer']).toBe('respond-async');
    expect(api.of('createUpload')).toEqual([]);
  });

  it('asks for no setting where there is one task, and once for it where there are more', async () => {
    const api = await stage();
    const { client } = clientFor(api);
    await client.submit({ taskGroup: 'A', tasks: tasks(1) });
    expect(api.of('getConfig')).toHaveLength(0);
    await client.submit({ taskGroup: 'A', tasks: tasks(2) });
    await client.submit({ taskGroup: 'A', tasks: tasks(3) });
    expect(api.of('getConfig')).toHaveLength(1);
  });

  it.each<[string, () => Submission]>([
    ['a generator', () => ({ tasks: generated(10) })],
    ['a set', () => ({ tasks: new Set(tasks(10)) })],
    ['a file', () => ({ file: file('ten.ndjson', ndjson(10)) })],
    [
      'a file without a last line end, with empty lines',
      () => ({ file: file('ten2.ndjson', `\n${ndjson(10).replace('\n', '\r\n\r\n').trimEnd()}`) }),
    ],
    ['a stream', () => ({ file: Readable.from([ndjson(10).slice(0, 33), ndjson(10).slice(33)]) })],
  ])('carries %s', async (_what, made) => {
    const { request, api } = await submitted({ taskGroup: 'A', ...made() });
    expect(request.tasks).toEqual(tasks(10));
    expect(api.of('createUpload')).toEqual([]);
  });

  it('names what is in S3 already', async () => {
    const { request } = await submitted({ function: 'f', file: { bucket: 'some-bucket', key: 'k' } });
    expect(request).toEqual({ function: 'f', file: { bucket: 'some-bucket', key: 'k' } });
  });
});

describe('in a file', () => {
  it.each<[string, () => Submission, number]>([
    ['an array', () => ({ tasks: tasks(11) }), 11],
    ['a generator', () => ({ tasks: generated(2_500) }), 2_500],
    ['a file', () => ({ file: file('many.ndjson', ndjson(11)) }), 11],
    ['a stream', () => ({ file: Readable.from([Buffer.from(ndjson(11))]) }), 11],
    ['gzip on disk', () => ({ file: file('one.ndjson.gz', gzipSync(ndjson(1))) }), 1],
    ['a stream of gzip', () => ({ file: Readable.from([gzipSync(ndjson(5))]) }), 5],
    ['a few large ones', () => ({ tasks: [{ body: 'x'.repeat(1_000_000) }, { body: 'y'.repeat(1_000_000) }] }), 2],
  ])('goes %s', async (_what, made, count) => {
    const { request, api } = await submitted({ taskGroup: 'A', name: 'all', ...made() });
    expect(request).toEqual({ taskGroup: 'A', name: 'all', file: { upload: 'u1' } });
    expect(api.bucket.lines('u1')).toHaveLength(count);
  });

  it('goes a line that is no task as it is: the API says what is wrong with it, and of which line', async () => {
    const { api } = await submitted({ taskGroup: 'A', file: file('bad.ndjson', '{"body":1}\nnonsense\n') });
    expect(api.bucket.lines('u1')).toEqual(['{"body":1}', 'nonsense']);
  });

  it('goes what is more than a hundred where the settings are not told', async () => {
    const api = await stage([accepted], () => ({ status: 403, body: { message: 'Forbidden' } }));
    expect((await submitted({ taskGroup: 'A', tasks: tasks(100) }, api)).request.tasks).toHaveLength(100);
    expect((await submitted({ taskGroup: 'A', tasks: tasks(101) }, api)).request.file).toEqual({ upload: 'u1' });
  });

  it('tries an upload again, at a place of its own', async () => {
    const api = await stage();
    api.bucket.refusals = [503, 403];
    const { request } = await submitted({ taskGroup: 'A', tasks: tasks(20) }, api);
    expect(request.file).toEqual({ upload: 'u3' });
    expect(api.bucket.lines('u3')).toHaveLength(20);
  });

  it('says how far it is', async () => {
    const phases: string[] = [];
    const api = await stage();
    await clientFor(api).client.submit(
      { taskGroup: 'A', tasks: tasks(20) },
      { onUpload: ({ phase, totalBytes }) => phases.push(`${phase} ${totalBytes !== undefined}`) },
    );
    expect([...new Set(phases)]).toEqual(['packing false', 'sending true']);
  });

  it('refuses what no upload takes before it sends it', async () => {
    const api = await stage();
    api.routes.createUpload = () =>
      reply(201, UploadPlace, {
        upload: 'u',
        url: api.bucket.placeOf('u'),
        method: 'PUT',
        headers: {},
        expiresAt: '2026-11-27T00:00:00Z',
        maxBytes: 10,
      });
    await expect(submitted({ taskGroup: 'A', tasks: tasks(20) }, api)).rejects.toThrow('submit them as several jobs');
  });
});

describe('once', () => {
  it('has a key of its own, the same for every try', async () => {
    const api = await stage(['broken', { status: 503 }, accepted]);
    await submitted({ taskGroup: 'A', tasks: tasks(1) }, api);
    await submitted({ taskGroup: 'A', tasks: tasks(1) }, api);
    const keys = api.of('submitJob').map(({ headers }) => headers['idempotency-key']);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(keys.slice(0, 3)).toEqual([keys[0], keys[0], keys[0]]);
    expect(keys[3]).not.toBe(keys[0]);
  });

  it('or that of the caller', async () => {
    const api = await stage();
    await clientFor(api).client.submit({ taskGroup: 'A', tasks: tasks(1) }, { idempotencyKey: 'order-4711' });
    expect(api.of('submitJob')[0]?.headers['idempotency-key']).toBe('order-4711');
  });
});

it.each<[string, Submission, RegExp]>([
  ['nothing', { tasks: [] }, /nothing to submit/],
  ['an empty file', { file: file('empty.ndjson', '\n') }, /nothing to submit/],
  ['both', { tasks: tasks(1), file: 'f' }, /not both/],
  ['no such file', { file: join(folder, 'missing') }, /There is no file .*missing/],
  ['a task that is no JSON', { tasks: [{ body: 1 }, { body: 1n }] }, /Task 2 has no form as JSON/],
])('refuses %s', async (_what, submission, message) => {
  await expect(submitted({ taskGroup: 'A', ...submission })).rejects.toThrow(message);
});

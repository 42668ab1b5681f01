/** How the client calls: signed, tried again where that makes sense, its errors told in full. */
import { describe, expect, it } from 'vitest';
import { SluiceApiError, SluiceClientError } from '../../client/errors.ts';
import { Job, Problem } from '../../lambdas/contract/job.ts';
import { JobPage } from '../../lambdas/contract/job-api.ts';
import { PipelinePage } from '../../lambdas/contract/job-api-stage.ts';
import { apiDouble, clientFor, inTurn, reply } from './api-double.ts';
import { job } from './job.ts';

const done = reply(200, Job, job({ status: 'COMPLETED' }));
const problem = (status: number, extra: object = {}) =>
  reply(status, Problem, { type: 'docs/jobs.md#problem-x', title: 'The request breaks a rule', status, ...extra });
const failing = (call: Promise<unknown>) => call.then(() => undefined).catch((error: unknown) => error);

describe('signing', () => {
  it('is right for a path, a query with every kind of character, and a body', async () => {
    const group = "a group/with+signs & 'quotes' (ü) *!~?=#%";
    const api = await apiDouble({
      getJob: () => done,
      listPipelines: () => reply(200, PipelinePage, { pipelines: [] }),
      cancelJob: () => done,
    });
    const { client } = clientFor(api);
    await client.get('j1');
    expect(await client.pipeline(group)).toBeUndefined();
    await client.cancel('j1');
    expect(api.asked.map(({ operation }) => operation)).toEqual(['getJob', 'listPipelines', 'cancelJob']);
    expect(api.asked[1]?.query.get('taskGroup')).toBe(group);
    expect(api.asked[0]?.headers['authorization']).toMatch(/AKIDEXAMPLE\/\d{8}\/eu-central-1\/execute-api/);
  });

  it('uses credentials as they are then, with their session', async () => {
    const api = await apiDouble({ getJob: () => done });
    let handedOut = 0;
    const provider = async () => {
      handedOut += 1;
      return { accessKeyId: `AK${handedOut}`, secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', sessionToken: 'token' };
    };
    const { client } = clientFor(api, { credentials: provider });
    await client.get('j1');
    await client.get('j1');
    expect(api.asked.map(({ headers }) => headers['x-amz-security-token'])).toEqual(['token', 'token']);
    expect(api.asked[1]?.headers['authorization']).toContain('Credential=AK2/');
  });
});

describe('tries', () => {
  it.each([408, 429, 500, 502, 503, 504])('again after a %i', async (status) => {
    const api = await apiDouble({ getJob: inTurn({ status }, done) });
    const { client } = clientFor(api);
    expect((await client.get('j1')).status).toBe('COMPLETED');
  });

  it('again after a connection that breaks', async () => {
    const api = await apiDouble({ getJob: inTurn('broken', 'broken', done) });
    const { client, clock } = clientFor(api);
    expect((await client.get('j1')).status).toBe('COMPLETED');
    expect(clock.slept).toEqual([150, 300]);
  });

  it('when it is told to', async () => {
    const api = await apiDouble({ getJob: inTurn({ status: 429, headers: { 'retry-after': '7' } }, done) });
    const { client, clock } = clientFor(api);
    await client.get('j1');
    expect(clock.slept).toEqual([7_000]);
  });

  it('five times and no more', async () => {
    const api = await apiDouble({ getJob: () => ({ status: 503, body: { message: 'Service Unavailable' } }) });
    const error = await failing(clientFor(api).client.get('j1'));
    expect(error).toBeInstanceOf(SluiceApiError);
    expect(error).toMatchObject({ status: 503, problem: undefined, attempts: 5, message: expect.stringContaining('Service Unavailable') });
    expect(api.asked).toHaveLength(5);
  });

  it('says that nobody answers', async () => {
    const { client } = clientFor(await apiDouble({}), { apiUrl: 'http://127.0.0.1:1' });
    const error = await failing(client.get('j1'));
    expect(error).toBeInstanceOf(SluiceClientError);
    expect(error).toMatchObject({ message: expect.stringMatching(/could not be reached.*check the address/) });
  });

  it.each([400, 403, 404, 409, 413, 422])('once where it is a %i', async (status) => {
    const api = await apiDouble({ getJob: () => problem(status) });
    expect(await failing(clientFor(api).client.get('j1'))).toMatchObject({ status, attempts: 1 });
    expect(api.asked).toHaveLength(1);
  });
});

describe('errors', () => {
  it('tell every field at fault', async () => {
    const errors = [
      { field: 'tasks.3.body', message: 'is missing' },
      { field: 'priority', message: 'must be "low" or "high"' },
    ];
    const api = await apiDouble({ getJob: () => problem(422, { detail: 'tasks.3.body: is missing, and 1 more', errors }) });
    const error = await failing(clientFor(api).client.get('j1'));
    expect(error).toMatchObject({ status: 422, fields: errors, problem: { title: 'The request breaks a rule' } });
    expect(error).toMatchObject({
      message: 'tasks.3.body: is missing, and 1 more\n  tasks.3.body: is missing\n  priority: must be "low" or "high"',
    });
  });

  it('tell what rights are missing where API Gateway refuses', async () => {
    const api = await apiDouble({ getJob: () => ({ status: 403, body: { message: 'Forbidden' } }) });
    expect(await failing(clientFor(api).client.get('j1'))).toMatchObject({ message: expect.stringContaining('execute-api:Invoke') });
  });

  it('tell an answer of another version', async () => {
    const api = await apiDouble({ getJob: () => ({ status: 200, body: { id: 'j1' } }) });
    expect(await failing(clientFor(api).client.get('j1'))).toMatchObject({
      message: expect.stringContaining('this version of the client'),
    });
  });
});

it('ends with its signal', async () => {
  const stop = new AbortController();
  const api = await apiDouble({
    getJob: () => {
      stop.abort(new Error('enough'));
      return { status: 503 };
    },
  });
  expect(await failing(clientFor(api).client.get('j1', { signal: stop.signal }))).toMatchObject({ message: 'enough' });
  expect(api.asked).toHaveLength(1);
});

it('reads lists page by page', async () => {
  const api = await apiDouble({
    listJobs: ({ query }) =>
      query.get('after') === null
        ? reply(200, JobPage, { jobs: [job({ id: 'j2' })], next: 'x+/=' })
        : reply(200, JobPage, { jobs: [job({ id: 'j1' })] }),
  });
  const ids: string[] = [];
  for await (const { id } of clientFor(api).client.jobs({ status: 'RUNNING', from: '2026-11-27T00:00:00+01:00' })) ids.push(id);
  expect(ids).toEqual(['j2', 'j1']);
  expect(api.asked.map(({ query }) => [query.get('status'), query.get('from'), query.get('after')])).toEqual([
    ['RUNNING', '2026-11-27T00:00:00+01:00', null],
    ['RUNNING', '2026-11-27T00:00:00+01:00', 'x+/='],
  ]);
});

it('takes a conflict of its own second try to retry for what it is', async () => {
  const conflict = problem(409, { detail: 'The job is RUNNING' });
  const running = reply(200, Job, job({ life: 1 }));
  const lost = await apiDouble({ retryJob: inTurn('broken', conflict), getJob: () => running });
  expect(await clientFor(lost).client.retry('j1')).toMatchObject({ status: 'RUNNING', life: 1 });
  const real = await apiDouble({ retryJob: () => conflict, getJob: () => running });
  expect(await failing(clientFor(real).client.retry('j1'))).toMatchObject({ status: 409 });
});

/** Waiting for a job, as long as it takes. */
import { describe, expect, it } from 'vitest';
import { WaitTimeoutError } from '../../client/errors.ts';
import { Job, JobAccepted } from '../../lambdas/contract/job.ts';
import { apiDouble, clientFor, inTurn, reply } from './api-double.ts';
import { job } from './job.ts';

const running = (headers: Record<string, string> = {}, change: Partial<Job> = {}) => reply(200, Job, job(change), headers);
const done = reply(200, Job, job({ status: 'COMPLETED', message: 'all 2 tasks done', completed: 2, processed: 2 }));
const waited = { 'preference-applied': 'wait', 'retry-after': '5' };
const accepted = reply(202, JobAccepted, { id: 'j1', status: 'PENDING', message: 'accepted' }, { location: '/jobs/j1' });

describe('wait', () => {
  it('polls long, one poll after the other, and comes with the job', async () => {
    const api = await apiDouble({ getJob: inTurn(running(waited), running(waited), done) });
    const { client, clock } = clientFor(api);
    expect(await client.wait('j1')).toMatchObject({ status: 'COMPLETED', completed: 2 });
    expect(api.asked.map(({ headers }) => headers['prefer'])).toEqual(['wait=20', 'wait=20', 'wait=20']);
    expect(clock.slept).toEqual([0, 0]);
  });

  it('pauses as it is told where nobody could wait', async () => {
    const api = await apiDouble({ getJob: inTurn(running({ 'retry-after': '9' }), running(), done) });
    const { client, clock } = clientFor(api);
    await client.wait('j1');
    expect(clock.slept).toEqual([9_000, 2_000]);
  });

  it('shows every look, and looks often then', async () => {
    const api = await apiDouble({ getJob: inTurn(running(waited), done) });
    const seen: string[] = [];
    await clientFor(api).client.wait('j1', { onProgress: ({ status }) => seen.push(status) });
    expect(seen).toEqual(['RUNNING', 'COMPLETED']);
    expect(api.asked[0]?.headers['prefer']).toBe('wait=3');
  });

  it.each(['FAILED', 'CANCELLED'] as const)('ends with %s, too', async (status) => {
    const api = await apiDouble({ getJob: () => reply(200, Job, job({ status })) });
    expect(await clientFor(api).client.wait('j1')).toMatchObject({ status });
  });

  it('survives minutes without a network or an API', async () => {
    const trouble = Array.from({ length: 30 }, (_, n) => (n % 2 === 0 ? ('broken' as const) : { status: 503 }));
    const api = await apiDouble({ getJob: inTurn(running(waited), ...trouble, { status: 429, headers: { 'retry-after': '30' } }, done) });
    const { client, clock } = clientFor(api);
    expect(await client.wait('j1')).toMatchObject({ status: 'COMPLETED' });
    expect(Math.max(...clock.slept)).toBe(30_000);
    expect(clock.slept.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(5 * 60_000);
  });

  it('gives up after a quarter of an hour of nothing', async () => {
    const api = await apiDouble({ getJob: () => 'broken' });
    const { client, clock } = clientFor(api);
    await expect(client.wait('j1')).rejects.toThrow('could not be reached');
    expect(clock.slept.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(15 * 60_000);
  });

  it('leaves the places to wait to others while the job is not due', async () => {
    const runAt = new Date(Date.now() + 3_600_000).toISOString();
    const pending = running({ 'retry-after': '30' }, { status: 'PENDING', runAt });
    const api = await apiDouble({ getJob: inTurn(pending, pending, done) });
    const { client, clock } = clientFor(api);
    await client.wait('j1');
    expect(api.asked.map(({ headers }) => headers['prefer'])).toEqual(['wait=20', undefined, undefined]);
    expect(clock.slept).toEqual([30_000, 30_000]);
  });

  it('ends in time where it is asked to, with what it saw', async () => {
    const api = await apiDouble({ getJob: () => running(waited) });
    const error = await clientFor(api)
      .client.wait('j1', { timeoutSeconds: 0.3 })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WaitTimeoutError);
    expect(error).toMatchObject({ job: { id: 'j1' }, message: expect.stringMatching(/has not ended within 0.3 s.*it goes on/) });
  });

  it('ends with its signal in the middle of a poll', async () => {
    const stop = new AbortController();
    const api = await apiDouble({
      getJob: () => {
        setTimeout(() => stop.abort(new Error('enough')), 10);
        return new Promise<never>(() => {});
      },
    });
    await expect(clientFor(api).client.wait('j1', { signal: stop.signal })).rejects.toThrow('enough');
  });
});

describe('submitAndWait', () => {
  const submission = { taskGroup: 'A', tasks: [{ body: 1 }] };

  it('has a quick job in one request', async () => {
    const api = await apiDouble({ submitJob: () => done });
    expect(await clientFor(api).client.submitAndWait(submission)).toMatchObject({ status: 'COMPLETED' });
    expect(api.asked.map(({ operation, headers }) => [operation, headers['prefer']])).toEqual([['submitJob', 'wait=20']]);
  });

  it('goes on waiting for a slow one', async () => {
    const api = await apiDouble({ submitJob: () => accepted, getJob: inTurn(running(waited), done) });
    expect(await clientFor(api).client.submitAndWait(submission)).toMatchObject({ status: 'COMPLETED' });
    expect(api.asked.map(({ operation }) => operation)).toEqual(['submitJob', 'getJob', 'getJob']);
  });
});

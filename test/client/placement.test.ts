/** Jobs that state needs, limits and pools, as the client calls for them. */
import { describe, expect, it } from 'vitest';
import { SluiceApiError, SluiceClientError } from '../../client/errors.ts';
import { Job, JobAccepted, JobRequest, Problem } from '../../lambdas/contract/job.ts';
import { JobPage } from '../../lambdas/contract/job-api.ts';
import { Explanation, JobChange, Limits, PoolCapacity } from '../../lambdas/contract/lease-api.ts';
import { ReportedCapacity } from '../../lambdas/contract/placement.ts';
import { apiDouble, clientFor, inTurn, reply } from './api-double.ts';
import { job } from './job.ts';

const waiting = reply(200, Job, job({ status: 'PENDING', taskGroup: undefined, needs: {} }));
const conflict = reply(409, Problem, { type: 'docs/jobs.md#problem-conflict', title: 'Not in the state it is in', status: 409 });
const explanation = reply(200, Explanation, {
  job: { id: 'j1', status: 'PENDING' },
  text: 'waits for pool west',
  pools: [
    {
      pool: 'west',
      fits: false,
      figures: [{ limit: 'quantity', name: 'gpu', used: 4, total: 4, needed: 1, holds: true, text: 'gpu 0 free of 4' }],
    },
  ],
  limits: [{ limit: 'customer', of: 'acme', used: 5, total: 5, holds: true, text: 'customer acme 5 of 5' }],
  place: { ofCustomer: 1, overall: 3, waiting: 9 },
  ahead: [],
});
const failing = (call: Promise<unknown>) => call.then(() => undefined).catch((error: unknown) => error);
const heavy = { body: { case: 17 }, needs: { quantities: { gpu: 1 } }, customer: 'acme', affinity: { pool: 'west' }, steps: ['mesh'] };

describe('a job that states needs', () => {
  it('is submitted with all that it says, and asks for nothing first', async () => {
    const api = await apiDouble({ submitJob: () => reply(202, JobAccepted, { id: 'j1', status: 'PENDING', message: 'accepted' }) });
    await clientFor(api).client.submit({
      ...heavy,
      objective: 'cost',
      startBy: '2026-11-28T00:00:00Z',
      inputs: [{ bucket: 'cases', key: 'a' }],
    });
    expect(api.asked.map(({ operation }) => operation)).toEqual(['submitJob']);
    expect(JobRequest.parse(api.asked[0]?.body)).toMatchObject({ ...heavy, objective: 'cost', inputs: [{ bucket: 'cases', key: 'a' }] });
  });

  it.each([{ tasks: [{ body: 1 }] }, { file: { upload: 'u' } }])('has no tasks besides: %j', async (more) => {
    const api = await apiDouble({});
    expect(await failing(clientFor(api).client.submit({ ...heavy, ...more }))).toBeInstanceOf(SluiceClientError);
    expect(await failing(clientFor(api).client.dryRun({ ...heavy, ...more }))).toBeInstanceOf(SluiceClientError);
    expect(api.asked).toEqual([]);
  });

  it('may be asked about before it is handed in', async () => {
    const api = await apiDouble({ submitJob: () => explanation });
    expect(await clientFor(api).client.dryRun(heavy)).toMatchObject({ text: 'waits for pool west', place: { overall: 3 } });
    expect(api.asked[0]).toMatchObject({ body: heavy });
    expect(api.asked[0]?.query.get('dryRun')).toBe('true');
    expect(api.asked[0]?.headers['idempotency-key']).toBeUndefined();
  });

  it('is explained, changed and tried again from a step', async () => {
    const api = await apiDouble({ explainJob: () => explanation, changeJob: () => waiting, retryJob: () => waiting });
    const { client } = clientFor(api);
    expect((await client.explain('j1')).limits[0]?.text).toBe('customer acme 5 of 5');
    expect(await client.change('j1', { priority: 'high', affinity: null })).toMatchObject({ status: 'PENDING' });
    await client.retry('j1', { from: 'mesh & solve' });
    await client.retry('j1');
    expect(JobChange.parse(api.of('changeJob')[0]?.body)).toEqual({ priority: 'high', affinity: null });
    expect(api.of('retryJob').map(({ query }) => query.get('from'))).toEqual(['mesh & solve', null]);
  });

  it('is released; a conflict of its own second try is taken for what it is', async () => {
    const { client } = clientFor(await apiDouble({ releaseJob: () => waiting }));
    expect(await client.release('j1')).toMatchObject({ status: 'PENDING' });
    const lost = await apiDouble({ releaseJob: inTurn('broken', conflict), getJob: () => waiting });
    expect(await clientFor(lost).client.release('j1')).toMatchObject({ status: 'PENDING' });
    const real = await apiDouble({ releaseJob: () => conflict, getJob: () => waiting });
    expect(await failing(clientFor(real).client.release('j1'))).toBeInstanceOf(SluiceApiError);
  });

  it('is listed by customer, pool and priority', async () => {
    const api = await apiDouble({ listJobs: () => reply(200, JobPage, { jobs: [] }) });
    for await (const _job of clientFor(api).client.jobs({ customer: 'a/b', pool: 'west', priority: 'low' }));
    expect(Object.fromEntries(api.asked[0]?.query ?? [])).toMatchObject({ customer: 'a/b', pool: 'west', priority: 'low' });
  });
});

describe('limits and pools', () => {
  it('are read and set', async () => {
    const limits = { overall: { maxJobs: 40 }, customers: { acme: { maxJobs: 5 } } };
    const api = await apiDouble({ getLimits: () => reply(200, Limits, limits), putLimits: () => reply(200, Limits, limits) });
    const { client } = clientFor(api);
    expect(await client.limits()).toEqual(limits);
    expect(await client.setLimits({ customers: { acme: { maxJobs: 5 }, old: null } })).toEqual(limits);
    expect(Limits.parse(api.of('putLimits')[0]?.body)).toEqual({ customers: { acme: { maxJobs: 5 }, old: null } });
  });

  it('have their capacity reported', async () => {
    const api = await apiDouble({ reportCapacity: () => reply(200, PoolCapacity, { pool: 'west', maxJobs: 2, quantities: { gpu: 1 } }) });
    expect(await clientFor(api).client.reportCapacity('west 1', { maxJobs: 2, ttlSeconds: 60 })).toMatchObject({ maxJobs: 2 });
    expect(api.asked[0]?.path).toEqual({ group: 'west 1' });
    expect(ReportedCapacity.parse(api.asked[0]?.body)).toEqual({ maxJobs: 2, ttlSeconds: 60 });
  });
});

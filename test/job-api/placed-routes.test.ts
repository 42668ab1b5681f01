/** What is done about a placed job by hand: changed, released, cancelled, tried again; and jobs listed by what they are. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '../../lambdas/contract/job.ts';
import { waitingKey } from '../../lambdas/contract/job-table.ts';
import { placingKey } from '../../lambdas/contract/placement-table.ts';
import { stepSortKey, taskKey } from '../../lambdas/contract/task-table.ts';
import { tables } from './api-world.ts';
import { PlacedWorld } from './placed-world.ts';

let world: PlacedWorld;
beforeEach(async () => {
  world = await PlacedWorld.with();
  world.group('shop');
});

const patch = (job: string, body: unknown) => world.call('PATCH', `/jobs/${job}`, { body });
const act = (job: string, what: string) => world.call('POST', `/jobs/${job}/${what}`);
const failed = async (job: string, step?: string) => {
  await world.begin(job);
  return world.say(job, 'failure', { class: 'DATA', message: 'no', ...(step === undefined ? {} : { step }) });
};

describe('a change', () => {
  it('is of a job that waits, and moves it in the order', async () => {
    const job = await world.placed({ priority: 'normal' });
    const before = world.row(job)?.placed?.stepKeyMs ?? 0;
    world.placingHints();
    const affinity = { pool: 'west', reason: 'data_locality', required: true };
    expect(await patch(job, { priority: 'high', affinity, maxRetries: 0 })).toMatchObject({
      status: 200,
      body: { status: 'PENDING', priority: 'high', affinity, maxRetries: 0 },
    });
    const after = world.row(job)?.placed?.stepKeyMs ?? 0;
    expect(before - after).toBe(3_600_000);
    expect(world.aws.dynamodb.read(tables.jobs, placingKey(before, job))).toBeUndefined();
    expect(world.aws.dynamodb.read(tables.jobs, placingKey(after, job))).toMatchObject({ priority: 'high', affinity });
    expect(world.placingHints()).toEqual([{ kind: 'job', job }]);
    expect((await patch(job, { affinity: null })).body.affinity).toBeUndefined();
  });

  it.each(['later', 'validating'])('is also of one that is %s', async (step) => {
    const job = await world.placed(step === 'later' ? { delaySeconds: 60 } : { inputs: [{ bucket: 'theirs', key: 'a' }] });
    expect(await patch(job, { priority: 'low' })).toMatchObject({ status: 200, body: { priority: 'low' } });
    expect(world.row(job)?.placed?.step).toBe(step);
  });

  it.each<[string, (job: string) => Promise<unknown>, RegExp]>([
    ['is on a pool', (job) => world.begin(job), /The job is RUNNING \(on pool west/],
    ['has ended', (job) => act(job, 'cancel'), /The job is CANCELLED/],
  ])('is not of one that %s', async (_what, then, says) => {
    const job = await world.placed();
    await then(job);
    expect(await patch(job, { priority: 'low' })).toMatchObject({ status: 409, body: { detail: expect.stringMatching(says) } });
  });

  it.each([{}, { delaySeconds: 3_600 }])('is also of a job that names who does its tasks: %j', async (when) => {
    world.group('shop');
    const job = await world.submit(when);
    const key = () => waitingKey(world.row(job)?.priority ?? 'low', world.row(job)?.readyAtMs ?? 0, job);
    const before = key();
    expect(await patch(job, { priority: 'high' })).toMatchObject({ status: 200, body: { status: 'PENDING', priority: 'high' } });
    expect(world.aws.dynamodb.read(tables.jobs, before)).toBeUndefined();
    if (when.delaySeconds === undefined) expect(world.aws.dynamodb.read(tables.jobs, key())).toMatchObject({ job, priority: 'high' });
    expect(await patch(job, { priority: 'high' })).toMatchObject({ status: 200 });
    expect(await patch(job, { affinity: null, maxRetries: 1 })).toMatchObject({
      ...{ status: 422, body: { errors: [{ field: 'affinity' }, { field: 'maxRetries' }] } },
    });
    if (when.delaySeconds !== undefined) return;
    await world.start(job);
    expect(await patch(job, { priority: 'low' })).toMatchObject({ status: 409 });
  });

  it('is of a job that is there, and a release of one that states needs', async () => {
    world.group('shop');
    expect(await act(await world.submit(), 'release')).toMatchObject({ status: 409 });
    for (const call of [patch('id-9', { priority: 'low' }), act('id-9', 'release')]) expect(await call).toMatchObject({ status: 404 });
  });

  it.each<[unknown, string]>([
    [{}, ''],
    [{ priority: 'low', name: 'x' }, 'name'],
    [{ priority: 'urgent' }, 'priority'],
    [{ priority: null }, 'priority'],
    [{ maxRetries: -1 }, 'maxRetries'],
    [{ affinity: {} }, 'affinity.pool'],
    [{ affinity: { pool: 'north', required: true } }, 'affinity.pool'],
    [{ affinity: { pool: 'east', required: true } }, 'needs.quantities.gpu'],
  ])('that cannot be: %j', async (body, field) => {
    const job = await world.placed({ needs: { quantities: { gpu: 1 } } });
    expect(await patch(job, body)).toMatchObject({ status: 422, body: { errors: [{ field }] } });
  });
});

describe('a release', () => {
  it('frees the place and has the job wait again, without counting an attempt', async () => {
    const job = await world.placed({ needs: { quantities: { gpu: 4 } } });
    await world.begin(job);
    world.placingHints();
    expect(await act(job, 'release')).toMatchObject({ status: 200, body: { status: 'PENDING', attempts: 1 } });
    expect(world.row(job)?.placed).toMatchObject({ step: 'placing', failures: 0 });
    expect((await world.settled(world.services.placement.pool('west')))?.free).toEqual({ cpu: 16, gpu: 4 });
    expect(world.placingHints()).toEqual([{ kind: 'job', job }]);
    expect(await act(job, 'release')).toMatchObject({ status: 409, body: { detail: expect.stringContaining('on no pool') } });
  });
});

describe('a cancel', () => {
  it.each(['waits', 'is on a pool'])('of a job that %s', async (state) => {
    const job = await world.placed({ needs: { quantities: { gpu: 4 } } });
    if (state !== 'waits') await world.begin(job);
    expect(await act(job, 'cancel')).toMatchObject({ status: 200, body: { status: 'CANCELLED' } });
    expect(await act(job, 'cancel')).toMatchObject({ status: 200 });
    expect((await world.settled(world.services.placement.pool('west')))?.jobs).toBe(0);
    expect(await world.settled(world.services.placement.lease(job))).toBeUndefined();
  });

  it('comes too late for one that has ended', async () => {
    const job = await world.placed();
    await failed(job);
    expect(await act(job, 'cancel')).toMatchObject({ status: 409 });
  });
});

describe('another try', () => {
  const recorded = () =>
    world.aws.dynamodb
      .table(tables.tasks)
      .items()
      .filter(({ pk }) => pk === taskKey('@placed', 'id-1/1'))
      .map(({ sk }) => String(sk));

  beforeEach(async () => {
    const job = await world.placed({ steps: ['mesh', 'solve', 'report'] });
    await world.begin(job);
    for (const name of ['mesh', 'solve']) await world.say(job, `steps/${name}`, { result: name });
  });

  it('goes on where it failed', async () => {
    await world.say('id-1', 'failure', { class: 'DATA', message: 'no', step: 'report' });
    expect(await act('id-1', 'retry')).toMatchObject({ status: 200, body: { status: 'PENDING', life: 1, attempts: 1 } });
    expect(recorded()).toEqual([stepSortKey('mesh'), stepSortKey('solve')]);
    const token = await world.begin('id-1');
    expect(world.row('id-1')?.placed?.fence).toBe(2);
    expect(await world.say('id-1', 'result', {}, token)).toMatchObject({ status: 200 });
  });

  it('goes on from an earlier step where it is told to', async () => {
    await world.say('id-1', 'failure', { class: 'DATA', message: 'no', step: 'report' });
    expect(await act('id-1', 'retry?from=solve')).toMatchObject({ status: 200 });
    expect(recorded()).toEqual([stepSortKey('mesh')]);
  });

  it('from a step that there is not is refused, and forgets nothing', async () => {
    await world.say('id-1', 'failure', { class: 'DATA', message: 'no' });
    expect(await act('id-1', 'retry?from=polish')).toMatchObject({ status: 422, body: { errors: [{ field: 'from' }] } });
    expect(recorded()).toHaveLength(2);
    expect((await act('id-1', 'retry?from=')).status).toBe(400);
  });

  it('is of a job that has FAILED alone', async () => {
    expect(await act('id-1', 'retry')).toMatchObject({ status: 409 });
    await world.say('id-1', 'result', {});
    expect(await act('id-1', 'retry?from=mesh')).toMatchObject({ status: 409 });
    expect(recorded()).toHaveLength(2);
  });

  it('from a step is of jobs that state needs alone', async () => {
    const job = await world.submit();
    await world.start(job);
    await world.end(job, [{ n: 1, status: 'failed' }]);
    expect(await act(job, 'retry?from=mesh')).toMatchObject({ status: 422, body: { errors: [{ field: 'from' }] } });
  });
});

describe('jobs', () => {
  const ids = async (query: string) => (await world.get(`/jobs${query}`)).body.jobs.map(({ id }: Job) => id);

  it('are listed by customer, pool and priority', async () => {
    const [a, b] = [await world.placed({ customer: 'acme', priority: 'high' }), await world.placed({ customer: 'acme' })];
    const c = await world.submit({ customer: 'other', priority: 'high' });
    await world.begin(a);
    await world.begin(b, 'east');
    await failed(await world.placed({ customer: 'third' }));
    expect(await ids('?customer=acme')).toEqual([b, a]);
    expect(await ids('?priority=high')).toEqual([c, a]);
    expect(await ids('?customer=acme&priority=high')).toEqual([a]);
    expect(await ids('?pool=east')).toEqual([b]);
    expect(await ids('?pool=west')).toEqual(['id-4', a]);
    expect(await ids('?pool=west&status=RUNNING')).toEqual([a]);
    expect(await ids('?taskGroup=shop&customer=other')).toEqual([c]);
    expect(await ids('?customer=nobody')).toEqual([]);
    expect((await world.get('/jobs?pool=east')).body.jobs[0]).toMatchObject({ lease: { pool: 'east' } });
  });

  it.each(['?pool=west&taskGroup=shop', '?pool=west&function=f', '?customer=a%20b', '?priority=urgent', '?pool='])(
    '%s is refused',
    async (query) => expect(await world.get(`/jobs${query}`)).toMatchObject({ status: 400 }),
  );

  it('are filtered in bounded pieces, page by page', async () => {
    const made: string[] = [];
    for (let i = 0; i < 12; i += 1) made.push(await world.placed({ customer: i % 3 === 0 ? 'acme' : 'other' }));
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = (await world.get(`/jobs?customer=acme&limit=3${after === undefined ? '' : `&after=${encodeURIComponent(after)}`}`)).body;
      expect(page.jobs.length).toBeLessThanOrEqual(3);
      seen.push(...page.jobs.map(({ id }: Job) => id));
      after = page.next;
    } while (after !== undefined);
    expect(seen).toEqual(made.filter((_, i) => i % 3 === 0).reverse());
  });
});

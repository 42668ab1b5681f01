/** Why a job waits, or why it is where it is, and when it starts; also of a job that is only asked about. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Explanation } from '../../lambdas/contract/lease-api.ts';
import { tables } from './api-world.ts';
import { PlacedWorld } from './placed-world.ts';

let world: PlacedWorld;
beforeEach(async () => {
  world = await PlacedWorld.with();
});

const explain = async (job: string) => Explanation.parse((await world.get(`/jobs/${job}/explain`)).body);
const dryRun = (request: Record<string, unknown>) => world.post(request, '?dryRun=true');
const gpus = (gpu: number, more: Record<string, unknown> = {}) => world.placed({ needs: { quantities: { gpu } }, ...more });
/** Runs, for so long, and is done. */
const lasted = async (seconds: number) => {
  const job = await gpus(1);
  await world.begin(job);
  await world.aws.clock.advance(seconds * 1_000);
  await world.say(job, 'result', {});
};
const textsOf = ({ pools }: Explanation, pool: string) => pools.find((seen) => seen.pool === pool)?.figures.map(({ text }) => text);

describe('a job that waits', () => {
  it('starts now where it fits and nobody goes first', async () => {
    const seen = await explain(await gpus(1));
    expect(seen).toMatchObject({ text: 'it starts now, on pool west', place: { ofCustomer: 1, overall: 1, waiting: 1 }, ahead: [] });
    expect(seen.start?.pool).toBe('west');
    expect(seen.start?.latest).toBe(seen.start?.earliest);
  });

  it('is told each pool with its figures, and when one is free by how long jobs took', async () => {
    for (const seconds of [600, 600, 1_200]) await lasted(seconds);
    await world.begin(await gpus(3));
    const seen = await explain(await gpus(2, { customer: 'acme' }));
    expect(seen.text).toBe('it waits for room: on east gpu 0 free of 0, 2 needed; on west gpu 1 free of 4, 2 needed');
    expect(textsOf(seen, 'west')).toEqual(['pool west 1 of 3', 'gpu 1 free of 4, 2 needed']);
    expect(seen.pools.map(({ fits }) => fits)).toEqual([false, false]);
    expect(seen.pools[1]?.figures).toContainEqual({
      ...{ limit: 'quantity', of: 'west', name: 'gpu', used: 3, total: 4, needed: 2, holds: true },
      text: 'gpu 1 free of 4, 2 needed',
    });
    const secondsOff = (at = '') => Math.round((Date.parse(at) - world.aws.clock.nowMs()) / 1_000);
    expect(seen.start?.pool).toBe('west');
    expect(secondsOff(seen.start?.earliest)).toBeCloseTo(600, -1);
    expect(secondsOff(seen.start?.latest)).toBeCloseTo(1_200, -1);
  });

  it('has no start where nobody knows how long jobs take', async () => {
    await world.begin(await gpus(4));
    expect((await explain(await gpus(1))).start).toBeUndefined();
  });

  it.each<[string, { maxJobs?: number; perCustomerMaxJobs?: number }, string]>([
    ['overall', { maxJobs: 1 }, 'it waits: all pools 1 of 1'],
    ['customer', { perCustomerMaxJobs: 1 }, 'it waits: customer acme 1 of 1'],
  ])('is held by the limit %s', async (limit, limits, text) => {
    await world.begin(await gpus(1, { customer: 'acme' }));
    const job = await gpus(1, { customer: 'acme' });
    await world.limits(limits);
    const seen = await explain(job);
    expect(seen.text).toBe(text);
    expect(seen.limits.filter(({ holds }) => holds)).toMatchObject([{ limit, used: 1, total: 1 }]);
  });

  it('is told of pools that are not for it', async () => {
    const job = await world.placed({ needs: { labels: { os: 'linux' } }, affinity: { pool: 'west', required: true } });
    await world.pool('west', { labels: { os: 'linux' }, capacity: { maxJobs: 3, quantities: {} }, state: 'closed', why: 'it is paused' });
    await world.pool('bare', { capacity: { maxJobs: 3, quantities: {} } });
    const seen = await explain(job);
    expect(seen.text).toBe('it waits for room: on west pool west is closed: it is paused');
    expect(textsOf(seen, 'east')).toEqual(['the job is to run on west alone', 'label os is bsd, not linux', 'pool east 0 of 5']);
    expect(textsOf(seen, 'bare')).toContain('has no label os');
    await world.pool('west', { labels: { os: 'plan9' }, capacity: { maxJobs: 3, quantities: {} } });
    expect((await explain(job)).text).toBe('it waits: no pool is as it needs one');
  });

  it('is told who goes first and why', async () => {
    await world.begin(await gpus(2, { customer: 'acme' }));
    await world.begin(await gpus(2, { customer: 'other' }));
    const low = await gpus(1, { customer: 'acme', priority: 'low' });
    const high = await gpus(1, { customer: 'acme', priority: 'high' });
    const fresh = await gpus(1, { customer: 'new' });
    const seen = await explain(low);
    expect(seen.place).toEqual({ ofCustomer: 2, overall: 3, waiting: 3 });
    expect(seen.ahead).toEqual([
      { job: fresh, customer: 'new', why: "its customer uses less: a share of 0.0%, and this one's 50.0%" },
      { job: high, customer: 'acme', why: expect.stringMatching(/^priority high, waits since /) },
    ]);
  });

  it('is told of the first ten alone', async () => {
    await world.begin(await gpus(4));
    for (let i = 0; i < 12; i += 1) await gpus(1, { priority: 'critical' });
    const seen = await explain(await gpus(1));
    expect(seen.place?.overall).toBe(13);
    expect(seen.ahead).toHaveLength(10);
  });

  it('is told of a pool that is kept for another', async () => {
    await world.limits({});
    const holding = await gpus(2);
    await world.begin(holding);
    const large = await gpus(4);
    await world.aws.clock.advance(1_000_000);
    const small = await gpus(1);
    const seen = await explain(small);
    expect(textsOf(seen, 'west')).toContain(`kept free for job ${large}, which has waited long and fits nowhere`);
    expect(seen.pools.find(({ pool }) => pool === 'west')?.fits).toBe(false);
  });
});

describe('a job that does not wait for a pool', () => {
  it('is explained by its time, or by what is done with it', async () => {
    const later = await world.placed({ delaySeconds: 600 });
    expect(await explain(later)).toMatchObject({
      text: expect.stringContaining('waits for its time'),
      start: { earliest: expect.any(String) },
    });
    const looked = await world.placed({ inputs: [{ bucket: 'theirs', key: 'a' }] });
    expect(await explain(looked)).toMatchObject({ text: expect.stringContaining('inputs are looked at') });
    expect((await explain(looked)).start).toBeUndefined();
  });

  it('is explained by where it is, and why there', async () => {
    const job = await gpus(4);
    await world.begin(job);
    const seen = await explain(job);
    expect(seen.text).toMatch(/^on pool west since .*; it is there because of the pools that it fitted this was used least$/);
    expect(seen.pools).toMatchObject([{ pool: 'west', fits: true }]);
    expect([...seen.limits, ...seen.pools.flatMap(({ figures }) => figures)].some(({ holds }) => holds)).toBe(false);
    await world.say(job, 'result', {});
    expect(await explain(job)).toMatchObject({ text: 'done on pool west', pools: [], limits: [] });
  });

  it('is told which limit it waits for where it names a task group', async () => {
    world.group('shop');
    world.group('depot');
    const first = await world.submit({ customer: 'acme' });
    expect(await explain(first)).toMatchObject({ text: 'it starts now', pools: [], place: { overall: 1, waiting: 1 } });
    await world.start(first);
    const second = await world.submit({ customer: 'acme', taskGroup: 'depot' });
    await world.limits({ perCustomerMaxJobs: 1 });
    const seen = await explain(second);
    expect(seen.text).toBe('it waits: customer acme 1 of 1');
    expect(seen.limits.map(({ text }) => text)).toEqual([
      'jobs that run 1 of 20',
      'jobs on task group depot 0 of 2',
      'customer acme 1 of 1',
    ]);
    const third = await world.submit({ taskGroup: 'depot' });
    expect(await explain(third)).toMatchObject({
      text: 'it waits for its turn: place 2 of 2',
      place: { ofCustomer: 1, overall: 2, waiting: 2 },
      ahead: [{ job: second, customer: 'acme', why: expect.stringMatching(/^priority normal, waits since /) }],
    });
    expect((await explain(first)).limits).toEqual([]);
  });

  it('is not there', async () => expect(await world.get('/jobs/id-9/explain')).toMatchObject({ status: 404 }));
});

describe('a dry run', () => {
  it('tells where and when a job would start, and stores nothing', async () => {
    const answer = await dryRun({ needs: { quantities: { gpu: 4 } }, customer: 'acme' });
    expect(answer.status).toBe(200);
    const seen = Explanation.parse(answer.body);
    expect(seen).toMatchObject({ job: { status: 'PENDING' }, text: 'it starts now, on pool west', place: { waiting: 1 } });
    expect(seen.job.id).toBeUndefined();
    expect(world.objects()).toEqual([]);
    expect(
      world.aws.dynamodb
        .table(tables.jobs)
        .items()
        .filter(({ sk }) => sk === 'meta'),
    ).toEqual([]);
    expect(world.placingHints()).toEqual([]);
  });

  it('stands behind those that wait already', async () => {
    await world.begin(await gpus(4));
    await gpus(4);
    expect((await dryRun({ needs: { quantities: { gpu: 1 } } })).body).toMatchObject({ place: { overall: 2, waiting: 2 } });
  });

  it('of a job for later does not start before', async () => {
    const { body } = await dryRun({ delaySeconds: 600 });
    expect(body.text).toMatch(/^it waits for its time, .*; if that were now: it starts now/);
    expect(Date.parse(body.start.earliest) - world.aws.clock.nowMs()).toBeGreaterThan(590_000);
  });

  it('is refused as the job would be, and of a job that names who does it', async () => {
    expect(await dryRun({ needs: { quantities: { gpu: 9 } } })).toMatchObject({
      status: 422,
      body: { errors: [{ field: 'needs.quantities.gpu' }] },
    });
    world.group('shop');
    const answer = await world.call('POST', '/jobs?dryRun=true', { body: { taskGroup: 'shop', tasks: [{ body: 1 }] } });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'dryRun' }] } });
    expect((await world.post({}, '?dryRun=perhaps')).status).toBe(400);
  });
});

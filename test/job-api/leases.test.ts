/** Words of whoever works for a placed job: with the token of its lease, of an older one, after the end, and without any. */
import { beforeEach, describe, expect, it } from 'vitest';
import { stepSortKey, taskKey } from '../../lambdas/contract/task-table.ts';
import { leaseToken } from '../../lambdas/domain/placement/lease-token.ts';
import { dataBucket, tables } from './api-world.ts';
import { PlacedWorld } from './placed-world.ts';

let world: PlacedWorld;
let job: string;
beforeEach(async () => {
  world = await PlacedWorld.with();
  job = await world.placed({ needs: { quantities: { gpu: 2 } }, customer: 'acme', steps: ['mesh', 'solve'] });
  await world.begin(job);
  world.hints('events');
  world.placingHints();
});

const shown = async () => (await world.get(`/jobs/${job}`)).body;
const stepRecord = (name: string) => world.aws.dynamodb.read(tables.tasks, { pk: taskKey('@placed', `${job}/1`), sk: stepSortKey(name) });
const free = async () => (await world.settled(world.services.placement.pool('west')))?.free['gpu'];

/** Every word there is. */
const words: [string, unknown][] = [
  ['heartbeat', { holder: 'a' }],
  ['steps/mesh', { result: 1 }],
  ['result', { result: 1 }],
  ['failure', { message: 'no' }],
];

describe('a heartbeat', () => {
  it('has the lease last on, and says who works for the job and where it is', async () => {
    await world.aws.clock.advance(200_000);
    const answer = await world.say(job, 'heartbeat', { holder: 'slurm-1', step: 'mesh' });
    const expiresAt = new Date(world.aws.clock.nowMs() + 300_000).toISOString();
    expect(answer).toMatchObject({
      status: 200,
      body: { job: { id: job, status: 'RUNNING' }, message: expect.stringContaining('lasts until') },
    });
    expect(Date.parse(answer.body.expiresAt)).toBeGreaterThan(Date.parse(expiresAt) - 1_000);
    expect(await shown()).toMatchObject({
      status: 'RUNNING',
      pool: 'west',
      reason: 'spread',
      quantities: { gpu: 2 },
      attempts: 1,
      lease: { pool: 'west', fence: 1, holder: 'slurm-1', step: 'mesh', heartbeatAt: expect.any(String), expiresAt: answer.body.expiresAt },
      message: expect.stringMatching(/^on pool west since .*, at step mesh, lease until /),
    });
  });

  it('may say nothing at all', async () => {
    expect(await world.say(job, 'heartbeat', undefined)).toMatchObject({ status: 200 });
  });

  it('is one holder’s, unless the work was handed on', async () => {
    await world.say(job, 'heartbeat', { holder: 'a' });
    expect(await world.say(job, 'heartbeat', { holder: 'b' })).toMatchObject({
      status: 409,
      body: { type: 'docs/jobs.md#problem-lease-lost', detail: expect.stringContaining('a works for the job') },
    });
    await world.say(job, 'heartbeat', { holder: 'a', pending: true });
    expect(await world.say(job, 'heartbeat', { holder: 'b' })).toMatchObject({ status: 200 });
  });

  it('is also of who was handed the work, before whoever handed it on has said so', async () => {
    await world.say(job, 'heartbeat', { holder: 'a' });
    expect(await world.say(job, 'heartbeat', { holder: 'b' })).toMatchObject({ status: 409 });
    expect(await world.say(job, 'heartbeat', { holder: 'b', pending: true })).toMatchObject({ status: 200 });
    expect(await world.say(job, 'heartbeat', { holder: 'a', pending: true })).toMatchObject({ status: 200 });
    expect(await world.say(job, 'heartbeat', { holder: 'b' })).toMatchObject({ status: 200 });
  });

  it.each<[unknown, number]>([
    ['not json', 400],
    [{ holder: '' }, 422],
    [{ holder: '\ud800' }, 422],
    [{ step: 'x'.repeat(201) }, 422],
    [{ pending: 'yes' }, 422],
    [{ mood: 'good' }, 422],
  ])('that cannot be: %j', async (body, status) => expect((await world.say(job, 'heartbeat', body)).status).toBe(status));
});

describe('a step', () => {
  it('is recorded where a later attempt looks for it, and on the lease', async () => {
    expect(await world.say(job, 'steps/mesh', { result: { cells: 12 } })).toMatchObject({
      status: 200,
      body: { expiresAt: expect.any(String) },
    });
    expect(stepRecord('mesh')).toMatchObject({ json: '{"cells":12}', recordedAtMs: expect.any(Number), expiresAt: expect.any(Number) });
    expect((await shown()).lease.step).toBe('mesh');
  });

  it('may have no result, a large one, and a name of any characters', async () => {
    await world.say(job, 'steps/none', undefined);
    expect(stepRecord('none')).not.toHaveProperty('json');
    await world.say(job, 'steps/large', { result: 'x'.repeat(40_000) });
    const { objectKey } = stepRecord('large') as { objectKey: string };
    expect(objectKey).toMatch(/^steps\/@placed\/[0-9a-f]{32}\/id-\d+\.json$/);
    expect(world.aws.s3.resolve(dataBucket, objectKey)?.body).toHaveLength(40_002);
    await world.say(job, `steps/${encodeURIComponent('rüsten & los')}`, { result: null });
    expect(stepRecord('rüsten & los')).toMatchObject({ json: 'null' });
  });

  it('that is on record is told to whoever resumes, and one that is not is to be done', async () => {
    await world.say(job, 'steps/mesh', { result: { cells: 12 } });
    await world.say(job, 'steps/none', undefined);
    await world.say(job, 'steps/large', { result: 'x'.repeat(40_000) });
    const headers = { authorization: `Bearer ${world.token(job)}` };
    const step = (name: string, its = headers) => world.call('GET', `/jobs/${job}/steps/${name}`, { headers: its });
    expect(await step('mesh')).toMatchObject({
      status: 200,
      body: { name: 'mesh', result: { cells: 12 }, recordedAt: expect.any(String) },
    });
    expect((await step('none')).body).toEqual({ name: 'none', recordedAt: expect.any(String) });
    expect((await step('large')).body.result).toHaveLength(40_000);
    expect((await step('solve')).status).toBe(404);
    expect((await step('mesh', { authorization: 'Bearer 1.x' })).status).toBe(401);
    await world.call('POST', `/jobs/${job}/release`);
    expect((await step('mesh')).status).toBe(409);
  });

  it('is none with a name too long, or of half a character', async () => {
    expect(await world.say(job, `steps/${'x'.repeat(201)}`, {})).toMatchObject({ status: 400, body: { errors: [{ field: 'name' }] } });
  });
});

describe('a result', () => {
  it('ends the job, gives its place back, and is answered alike once more', async () => {
    const first = await world.say(job, 'result', { result: { drag: 0.3 } });
    expect(first).toMatchObject({ status: 200, body: { job: { id: job, status: 'COMPLETED' } } });
    expect(await shown()).toMatchObject({
      status: 'COMPLETED',
      completed: 1,
      result: { drag: 0.3 },
      pool: 'west',
      message: 'done on pool west',
    });
    expect((await shown()).lease).toBeUndefined();
    expect(await free()).toBe(4);
    expect(world.placingHints()).toEqual([{ kind: 'job', job }]);
    expect(world.hints('events')).toHaveLength(1);
    expect((await world.say(job, 'result', { result: { drag: 0.3 } })).text).toBe(first.text);
    expect(world.hints('events')).toHaveLength(0);
  });

  it('of more than a row holds is kept beside it', async () => {
    await world.say(job, 'result', { result: 'x'.repeat(40_000) });
    expect((await world.get(`/jobs/${job}/tasks`)).body.tasks).toMatchObject([{ status: 'done', resultTooLarge: true }]);
  });

  it('counts once of two at the same time', async () => {
    const both = await Promise.all([world.say(job, 'result', { result: 1 }), world.say(job, 'result', { result: 2 })]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect(await shown()).toMatchObject({ completed: 1, processed: 1 });
    expect(await free()).toBe(4);
  });
});

describe('a failure', () => {
  it('that passes is tried again, and the answer says when', async () => {
    const first = await world.say(job, 'failure', { message: 'node 17 is gone', step: 'solve' });
    expect(first).toMatchObject({ status: 200, body: { job: { status: 'PENDING' }, retried: true, retryAt: expect.any(String) } });
    const wait = Date.parse(first.body.retryAt) - world.aws.clock.nowMs();
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(2_000);
    expect(await shown()).toMatchObject({
      status: 'PENDING',
      retrying: 1,
      history: [{ attempt: 1, class: 'TRANSIENT', message: 'node 17 is gone', step: 'solve' }],
      message: `retried at ${first.body.retryAt}: attempt 1 failed in step solve, TRANSIENT: node 17 is gone`,
    });
    expect(await free()).toBe(4);
    expect((await world.say(job, 'failure', { message: 'node 17 is gone', step: 'solve' })).text).toBe(first.text);
    expect(await world.say(job, 'failure', { message: 'and another one' })).toMatchObject({ status: 409 });
  });

  it.each(['CONFIGURATION', 'DATA', 'PERMANENT'])('of class %s is not', async (errorClass) => {
    const answer = await world.say(job, 'failure', { class: errorClass, message: 'bad mesh' });
    expect(answer).toMatchObject({
      status: 200,
      body: { job: { status: 'FAILED' }, retried: false, message: expect.stringContaining('bad mesh') },
    });
    expect(answer.body.retryAt).toBeUndefined();
    expect(await shown()).toMatchObject({
      status: 'FAILED',
      failed: 1,
      deadLettered: 1,
      error: { class: errorClass, message: 'bad mesh' },
    });
  });

  it('is one too many after the last retry', async () => {
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      const answer = await world.say(job, 'failure', { class: 'RESOURCE', message: 'out of memory' });
      expect(answer.body.retried).toBe(attempt < 4);
      if (attempt === 4) break;
      await world.aws.clock.advance(60_000);
      await world.ready(job);
      await world.begin(job);
    }
    expect(await shown()).toMatchObject({ status: 'FAILED', attempts: 4, message: expect.stringContaining('3 retries are used up') });
    expect((await shown()).history).toHaveLength(4);
  });

  it('of many words is kept in part', async () => {
    await world.say(job, 'failure', { message: 'x'.repeat(10_000) });
    expect((await shown()).history[0].message).toHaveLength(1_000);
  });

  it.each<[unknown, number]>([
    ['', 400],
    [{}, 422],
    [{ message: 'x'.repeat(10_001) }, 422],
    [{ message: '\ud800' }, 422],
    [{ message: 'x', class: 'SAD' }, 422],
    [{ message: 'x', step: '' }, 422],
  ])('that cannot be: %j', async (body, status) => expect((await world.say(job, 'failure', body)).status).toBe(status));
});

describe('a lease that is over', () => {
  const cases: [string, () => Promise<unknown>, RegExp][] = [
    ['was released', () => world.call('POST', `/jobs/${job}/release`), /PENDING/],
    [
      'was released and given on',
      async () => {
        await world.call('POST', `/jobs/${job}/release`);
        await world.begin(job, 'west');
      },
      /lease 2 since, and this token is of lease 1/,
    ],
    [
      'ran out',
      async () => {
        await world.aws.clock.advance(310_000);
        await world.settled(world.services.placement.expire(job));
      },
      /PENDING/,
    ],
    ['is of a cancelled job', () => world.call('POST', `/jobs/${job}/cancel`), /CANCELLED/],
    ['failed', () => world.say(job, 'failure', { class: 'DATA', message: 'another word' }), /FAILED/],
  ];
  for (const [what, over, says] of cases)
    it.each(words)(`because it ${what}: %s is refused, and changes nothing`, async (word, body) => {
      const token = world.token(job);
      await over();
      const before = { row: world.row(job), lease: await world.settled(world.services.placement.lease(job)), free: await free() };
      const answer = await world.say(job, word, body, token);
      expect(answer).toMatchObject({ status: 409, body: { type: 'docs/jobs.md#problem-lease-lost', detail: expect.stringMatching(says) } });
      expect({ row: world.row(job), lease: await world.settled(world.services.placement.lease(job)), free: await free() }).toEqual(before);
      expect(stepRecord('mesh')).toBeUndefined();
    });

  it.each(words.filter(([word]) => word !== 'result'))('because it is done: %s is refused', async (word, body) => {
    await world.say(job, 'result', {});
    expect(await world.say(job, word, body)).toMatchObject({ status: 409, body: { detail: expect.stringContaining('COMPLETED') } });
  });
});

describe('a token', () => {
  it.each(words)('that is of nothing is refused, whatever the word is: %s', async (word, body) => {
    const other = await world.placed();
    const others: [string, string][] = [
      ['of another job', world.token(other, 1)],
      ['made with another key', leaseToken('other', job, 1)],
      ['that was changed', world.token(job).replace('1.', '2.')],
      ['that is none', 'x'],
    ];
    for (const [what, token] of others)
      expect(await world.say(job, word, body, token), what).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': 'Bearer' },
        body: { type: 'docs/jobs.md#problem-token-unknown' },
      });
    for (const authorization of ['', 'Bearer', 'Basic YTpi'])
      expect((await world.call('POST', `/jobs/${job}/${word}`, { body, headers: { authorization } })).status, authorization).toBe(401);
    expect(await shown()).toMatchObject({ status: 'RUNNING' });
  });

  it('does not tell whether there is a job', async () => {
    world.group('shop');
    const ofTasks = await world.submit();
    const texts = await Promise.all(
      ['id-99', '!', ofTasks].map((id) => world.say(encodeURIComponent(id), 'heartbeat', {}, world.token(job))),
    );
    expect(new Set(texts.map(({ text }) => text)).size).toBe(1);
    expect(texts[0]).toMatchObject({ status: 401 });
  });

  it('is asked for before the body is looked at', async () => {
    expect((await world.say(job, 'result', 'not json', 'x')).status).toBe(401);
  });
});

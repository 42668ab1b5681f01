/** POST /jobs of a job that states needs: every field, every refusal, what is stored and who hears of it. */
import { beforeEach, describe, expect, it } from 'vitest';
import { taskFileKey } from '../../lambdas/contract/data-bucket.ts';
import { laterPlacedKey, placingKey, validatingKey } from '../../lambdas/contract/placement-table.ts';
import { dataBucket, tables } from './api-world.ts';
import { PlacedWorld } from './placed-world.ts';

let world: PlacedWorld;
beforeEach(async () => {
  world = await PlacedWorld.with();
  world.group('shop');
});

const iso = (ms: number) => new Date(ms).toISOString();
const now = () => world.aws.clock.nowMs();
const read = (key: { pk: string; sk: string }) => world.aws.dynamodb.read(tables.jobs, key);

describe('a job that states needs', () => {
  it('is stored with all that it said, and its one task', async () => {
    const startBy = iso(now() + 3_600_000);
    const answer = await world.post({
      needs: { labels: { os: 'linux' }, quantities: { cpu: 8, gpu: 1 } },
      affinity: { pool: 'west', reason: 'cost' },
      objective: 'cost',
      steps: ['mesh', 'solve'],
      ...{ customer: 'acme', priority: 'high', maxRetries: 5, name: 'case 17', timeoutSeconds: 7_200, startBy },
    });
    expect(answer).toMatchObject({ status: 202, body: { status: 'PENDING', message: expect.stringContaining('waits for a pool') } });
    const row = world.row('id-1');
    expect(row).toMatchObject({ target: 'needs:', customer: 'acme', priority: 'high', maxRetries: 5, total: 1, timeoutSeconds: 7_200 });
    expect(row?.placed).toMatchObject({
      needs: { labels: { os: 'linux' }, quantities: { cpu: 8, gpu: 1 } },
      affinity: { pool: 'west', reason: 'cost' },
      objective: 'cost',
      steps: ['mesh', 'solve'],
      startByMs: Date.parse(startBy),
      step: 'placing',
      fence: 0,
    });
    expect(read(placingKey(row?.placed?.stepKeyMs ?? 0, 'id-1'))).toMatchObject({ job: 'id-1', customer: 'acme', priority: 'high' });
    expect(String(world.aws.s3.resolve(dataBucket, taskFileKey('id-1'))?.body)).toBe('{"n":1,"body":{"case":17}}\n');
    expect(world.placingHints()).toEqual([{ kind: 'job', job: 'id-1' }]);
    expect(world.hints('events')).toMatchObject([{ job: 'id-1' }]);
    expect(world.hints('dispatch')).toEqual([]);
  });

  it('may hand over any JSON, null too', async () => {
    await world.placed({ body: null });
    expect(String(world.aws.s3.resolve(dataBucket, taskFileKey('id-1'))?.body)).toBe('{"n":1,"body":null}\n');
  });

  it('has a body as the stage wants it', async () => {
    const properties = { case: { type: 'integer', minimum: 1 }, mesh: { enum: ['coarse', 'fine'] } };
    world = await PlacedWorld.with({ bodySchema: { type: 'object', properties, required: ['case'], additionalProperties: false } });
    expect(await world.post({ body: { case: 17, mesh: 'fine' } })).toMatchObject({ status: 202 });
    const fields = async (body: unknown) => (await world.post({ body })).body.errors?.map((error: { field: string }) => error.field);
    expect(await fields({ case: 0, mesh: 'rough' })).toEqual(['body.case', 'body.mesh']);
    expect(await fields({ mesh: 'fine', size: 1 })).toEqual(expect.arrayContaining(['body.case', 'body.size']));
    expect(await fields('17')).toEqual(['body']);
    const dry = await world.post({ body: { case: 'x' } }, '?dryRun=true');
    expect(dry).toMatchObject({
      status: 422,
      body: { errors: [{ field: 'body.case', message: 'must be a number' }] },
    });
  });

  it('counts as handed in sooner, the higher its priority', async () => {
    await world.placed({ priority: 'critical' });
    await world.placed({ priority: 'low' });
    const orderOf = (job: string) => world.row(job)?.placed?.stepKeyMs ?? 0;
    expect(Math.round((orderOf('id-2') - orderOf('id-1')) / 1_000)).toBe(3 * 3_600);
  });

  it('with inputs is looked at first, where the stage does so', async () => {
    const inputs = [
      { bucket: 'theirs', key: 'a', zone: 'us-west-2a' },
      { bucket: dataBucket, key: 'b' },
    ];
    await world.placed({ inputs });
    const { placed } = world.row('id-1') ?? {};
    expect(placed).toMatchObject({ step: 'validating', inputs });
    expect(read(validatingKey(placed?.stepKeyMs ?? 0, 'id-1'))).toMatchObject({ job: 'id-1' });
    expect(world.hints('validation' as 'events')).toEqual([{ job: 'id-1' }]);
    world = await PlacedWorld.with({ validateJobs: false, validatorFunction: 'look' });
    await world.placed({ inputs });
    expect(world.row('id-1')?.placed?.step).toBe('placing');
    world = await PlacedWorld.with({ validatorFunction: 'look' });
    await world.placed();
    expect(world.row('id-1')?.placed?.step).toBe('validating');
  });

  it.each([{ delaySeconds: 600 }, { runAt: iso(Date.UTC(2026, 0, 1) + 600_000) }])('waits for its time: %j', async (when) => {
    await world.placed(when);
    const { placed, runAtMs } = world.row('id-1') ?? {};
    expect(placed?.step).toBe('later');
    expect(placed?.stepKeyMs).toBe(runAtMs);
    expect(read(laterPlacedKey(runAtMs ?? 0, 'id-1'))).toMatchObject({ job: 'id-1' });
    expect((await world.get('/jobs/id-1')).body.message).toContain(`starts at ${iso(runAtMs ?? 0)}`);
  });

  it('comes once of one key', async () => {
    const first = await world.post({}, '', { 'idempotency-key': 'once' });
    expect((await world.post({}, '', { 'idempotency-key': 'once' })).body.id).toBe(first.body.id);
    expect(await world.post({ priority: 'low' }, '', { 'idempotency-key': 'once' })).toMatchObject({ status: 422 });
  });

  it('is waited for as any other', async () => {
    world.aws.clock.after(2_000, () => {
      void world.begin('id-1').then(() => world.say('id-1', 'result', { result: { drag: 0.3 } }));
    });
    expect(await world.post({}, '', { prefer: 'wait=20' })).toMatchObject({
      status: 200,
      body: { status: 'COMPLETED', result: { drag: 0.3 }, results: [{ n: 1, status: 'done', result: { drag: 0.3 } }] },
    });
  });

  it('is warned where it prefers a pool that is not there, and where none is open for it', async () => {
    await world.placed({ affinity: { pool: 'nowhere' } });
    expect((await world.get('/jobs/id-1')).body.warnings).toEqual([expect.stringContaining('nowhere')]);
    await world.pool('east', {
      labels: { os: 'bsd' },
      capacity: { maxJobs: 5, quantities: { cpu: 64 } },
      state: 'closed',
      why: 'it is paused',
    });
    await world.placed({ needs: { labels: { os: 'bsd' } } });
    expect((await world.get('/jobs/id-2')).body.warnings).toEqual([expect.stringContaining('waits for one')]);
  });
});

describe('customer and priority', () => {
  it('hold for jobs that name a task group, too', async () => {
    const id = await world.submit({ customer: 'acme', priority: 'low' });
    expect((await world.get(`/jobs/${id}`)).body).toMatchObject({ customer: 'acme', priority: 'low', taskGroup: 'shop' });
  });
});

describe('what is refused, with the field at fault', () => {
  const past = iso(Date.UTC(2025, 11, 31));
  const soon = iso(Date.UTC(2026, 0, 1, 1));
  it.each<[string, Record<string, unknown>, string]>([
    ['a task group', { taskGroup: 'shop' }, 'taskGroup'],
    ['a function', { function: 'crunch' }, 'function'],
    ['tasks', { tasks: [{ body: 1 }] }, 'tasks'],
    ['a file', { file: { upload: 'x' } }, 'file'],
    ['strict', { strict: true }, 'strict'],
    ['maxFailures', { maxFailures: 1 }, 'maxFailures'],
    ['maxConcurrent', { maxConcurrent: 1 }, 'maxConcurrent'],
    ['batchSize', { batchSize: 1 }, 'batchSize'],
    ['maxOutstanding', { maxOutstanding: 1 }, 'maxOutstanding'],
    ['startBy that is over', { startBy: past }, 'startBy'],
    ['startBy that is no time', { startBy: 'noon' }, 'startBy'],
    ['runAt after startBy', { startBy: soon, runAt: iso(Date.UTC(2026, 0, 1, 2)) }, 'runAt'],
    ['a delay beyond startBy', { startBy: soon, delaySeconds: 3_600 }, 'delaySeconds'],
    ['a step twice', { steps: ['a', 'b', 'a'] }, 'steps.2'],
    ['a step without a name', { steps: ['a', ''] }, 'steps.1'],
    ['half a character in a step', { steps: ['\ud800'] }, 'steps.0'],
    [
      'a bucket that is not listed',
      {
        inputs: [
          { bucket: 'theirs', key: 'a' },
          { bucket: 'unlisted', key: 'a' },
        ],
      },
      'inputs.1.bucket',
    ],
    ['a key of more than 1,024 bytes', { inputs: [{ bucket: 'theirs', key: 'é'.repeat(600) }] }, 'inputs.0.key'],
    ['a region that is none', { inputs: [{ bucket: 'theirs', key: 'a', region: 'moon' }] }, 'inputs.0.region'],
    ['too large a body', { body: 'x'.repeat(1_048_576) }, 'body'],
    ['a quantity below nothing', { needs: { quantities: { cpu: -1 } } }, 'needs.quantities.cpu'],
    ['a need that is none', { needs: { gpus: 1 } }, 'needs.gpus'],
    ['an objective that is none', { objective: 'luck' }, 'objective'],
    ['a reason that is none', { affinity: { pool: 'west', reason: 'mood' } }, 'affinity.reason'],
    ['a customer with a blank', { customer: 'a b' }, 'customer'],
    ['more retries than there may be', { maxRetries: 101 }, 'maxRetries'],
    ['a label that no pool has', { needs: { labels: { os: 'plan9' } } }, 'needs.labels.os'],
    ['more of a quantity than any pool has', { needs: { quantities: { gpu: 5 } } }, 'needs.quantities.gpu'],
    ['a quantity that no pool names', { needs: { quantities: { tpu: 1 } } }, 'needs.quantities.tpu'],
    ['needs that only two pools together meet', { needs: { labels: { os: 'bsd' }, quantities: { gpu: 1 } } }, 'needs'],
    ['a pool that is required and not there', { affinity: { pool: 'north', required: true } }, 'affinity.pool'],
    [
      'a need that the required pool does not meet',
      { affinity: { pool: 'east', required: true }, needs: { quantities: { gpu: 1 } } },
      'needs.quantities.gpu',
    ],
  ])('with body: %s', async (_what, fields, field) => {
    const answer = await world.post(fields);
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ field, message: expect.any(String) }] } });
    expect(world.objects()).toEqual([]);
    expect(world.row('id-1')).toBeUndefined();
  });

  it.each(['needs', 'inputs', 'affinity', 'objective', 'startBy', 'steps'])('without body: %s', async (field) => {
    const values = { needs: {}, inputs: [], affinity: { pool: 'west' }, objective: 'cost', startBy: soon, steps: ['a'] };
    const given = { [field]: values[field as keyof typeof values] };
    const answer = await world.call('POST', '/jobs', { body: { taskGroup: 'shop', tasks: [{ body: 1 }], ...given } });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ field }] } });
    expect(await world.call('POST', '/jobs', { body: given })).toMatchObject({ status: 422, body: { errors: [{ field: 'body' }] } });
  });

  it('of a stage without pools', async () => {
    world = new PlacedWorld();
    expect(await world.post({})).toMatchObject({ status: 422, body: { errors: [{ field: 'body' }] } });
  });

  it('does not count a pool as unable that is closed, or short of something for now', async () => {
    await world.pool('west', { labels: { os: 'linux' }, capacity: { maxJobs: 3, quantities: { gpu: 4 } }, state: 'closed', why: 'paused' });
    expect(await world.post({ needs: { quantities: { gpu: 4 } } })).toMatchObject({ status: 202 });
    await world.call('POST', '/pools/west/capacity', { body: { quantities: { gpu: 1 } } });
    expect(await world.post({ needs: { quantities: { gpu: 4 } } })).toMatchObject({ status: 202 });
  });
});

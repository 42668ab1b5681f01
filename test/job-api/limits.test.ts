/** Limits as they are read and written over the API, and what pools report of themselves. */
import { beforeEach, describe, expect, it } from 'vitest';
import { customerLimitsKey, overallLimitsKey } from '../../lambdas/contract/placement.ts';
import { tables } from './api-world.ts';
import { PlacedWorld } from './placed-world.ts';

let world: PlacedWorld;
beforeEach(async () => {
  world = await PlacedWorld.with();
});

const item = (taskGroup: string) => world.aws.dynamodb.read(tables.config, { taskGroup });
const put = (body: unknown) => world.call('PUT', '/limits', { body });
const defaults = { maxJobs: 10, ageingSeconds: 3_600, reserveAfterSeconds: 900 };

describe('limits', () => {
  it('are the defaults where nobody has set any', async () => {
    world.group('shop');
    expect(await world.get('/limits')).toMatchObject({ status: 200, body: { overall: defaults, customers: {} } });
  });

  it('are written as items of the config table, and hinted', async () => {
    const answer = await put({
      overall: { maxJobs: 40, perCustomer: { maxJobs: 10 } },
      customers: { acme: { maxJobs: 5, weight: 2 }, 'a/b@c': { maxJobs: null } },
    });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        overall: { ...defaults, maxJobs: 40, perCustomer: { maxJobs: 10 } },
        customers: { acme: { maxJobs: 5, weight: 2 }, 'a/b@c': {} },
      },
    });
    expect(item(overallLimitsKey)).toEqual({ taskGroup: '*limits', maxJobs: 40, perCustomer: { maxJobs: 10 } });
    expect(item(customerLimitsKey('acme'))).toEqual({ taskGroup: '*limits/acme', maxJobs: 5, weight: 2 });
    const hints = [...world.placingHints(), ...world.placingHints()];
    expect(hints).toEqual(expect.arrayContaining(['*limits', '*limits/acme', '*limits/a/b@c'].map((key) => ({ kind: 'limits', key }))));
    expect((await world.get('/limits')).body).toEqual(answer.body);
  });

  it('that are not named stay, and what is named is replaced as a whole', async () => {
    await put({ overall: { maxJobs: 40, ageingSeconds: 60 }, customers: { acme: { maxJobs: 5, weight: 2 }, other: { maxJobs: 1 } } });
    await put({ customers: { acme: { maxJobs: 6 } } });
    expect((await world.get('/limits')).body).toEqual({
      overall: { ...defaults, maxJobs: 40, ageingSeconds: 60 },
      customers: { acme: { maxJobs: 6 }, other: { maxJobs: 1 } },
    });
    await put({ overall: { maxJobs: 41 } });
    expect((await world.get('/limits')).body.overall).toEqual({ ...defaults, maxJobs: 41 });
  });

  it('of a customer go with null', async () => {
    await put({ customers: { acme: { maxJobs: 5 } } });
    await put({ customers: { acme: null, nobody: null } });
    expect(item(customerLimitsKey('acme'))).toBeUndefined();
    expect((await world.get('/limits')).body.customers).toEqual({});
  });

  it('that somebody wrote wrong by hand are not shown as if they held', async () => {
    world.aws.dynamodb.put(tables.config, { taskGroup: '*limits', maxJobs: 'many' });
    world.aws.dynamodb.put(tables.config, { taskGroup: '*limits/acme', weight: 0 });
    expect((await world.get('/limits')).body).toEqual({ overall: defaults, customers: {} });
  });

  it('are stored though nobody could be hinted', async () => {
    world.aws.log.plant({ fits: ({ operation }) => operation === 'SendMessage', nth: 1, when: 'before', effect: new Error('no') });
    expect(await put({ overall: { maxJobs: 1 } })).toMatchObject({ status: 200 });
    expect(item(overallLimitsKey)).toMatchObject({ maxJobs: 1 });
  });

  it.each<[unknown, number, string]>([
    [[], 422, ''],
    [{ overal: {} }, 422, 'overal'],
    [{ overall: { maxJobs: -1 } }, 422, 'overall.maxJobs'],
    [{ overall: { maxJobs: null } }, 422, 'overall.maxJobs'],
    [{ overall: { perCustomer: { weight: 1 } } }, 422, 'overall.perCustomer.weight'],
    [{ overall: { ageingSeconds: 0 } }, 422, 'overall.ageingSeconds'],
    [{ customers: { acme: { weight: 0 } } }, 422, 'customers.acme.weight'],
    [{ customers: { acme: { maxJobs: 1.5 } } }, 422, 'customers.acme.maxJobs'],
    [{ customers: { 'a b': {} } }, 422, 'customers.a b'],
  ])('that cannot be: %j', async (body, status, field) => {
    expect(await put(body)).toMatchObject({ status, body: { errors: [{ field, message: expect.any(String) }] } });
    expect(world.aws.dynamodb.table(tables.config).items()).toEqual([]);
  });
});

it('says what is wrong with the name of a customer', async () => {
  expect((await put({ customers: { 'a b': {} } })).body.detail).toContain('the name must be 1-128 letters');
});

describe('a report of capacity', () => {
  const report = (group: string, body: unknown) => world.call('POST', `/pools/${group}/capacity`, { body });
  const pool = async () => world.settled(world.services.placement.pool('west'));

  it('counts where it is smaller than what the item says', async () => {
    expect(await report('west', { maxJobs: 2, quantities: { gpu: 1, cpu: 99, tpu: 4 } })).toMatchObject({
      status: 200,
      body: { pool: 'west', maxJobs: 2, quantities: { gpu: 1, cpu: 16 } },
    });
    expect(await pool()).toMatchObject({
      maxJobs: 2,
      capacity: { gpu: 1, cpu: 16 },
      free: { gpu: 1, cpu: 16 },
      configured: { maxJobs: 3 },
    });
    expect(world.placingHints()).toEqual([{ kind: 'pool', taskGroup: 'west' }]);
  });

  it('is replaced by the next one, and holds for as long as it says', async () => {
    await report('west', { maxJobs: 0 });
    const { body } = await report('west', { quantities: { gpu: 2 }, ttlSeconds: 600 });
    expect(body).toMatchObject({ maxJobs: 3, quantities: { gpu: 2, cpu: 16 } });
    const left = Date.parse(body.heldUntil) - world.aws.clock.nowMs();
    expect(left).toBeGreaterThan(599_000);
    expect((await report('west', {})).body).toEqual({ pool: 'west', maxJobs: 3, quantities: { gpu: 4, cpu: 16 } });
  });

  it('leaves what is used of the pool as it is', async () => {
    const job = await world.placed({ needs: { quantities: { gpu: 3 } } });
    await world.begin(job);
    await report('west', { quantities: { gpu: 2 } });
    expect(await pool()).toMatchObject({ jobs: 1, capacity: { gpu: 2 }, free: { gpu: -1 } });
    await world.say(job, 'result', {});
    expect(await pool()).toMatchObject({ jobs: 0, free: { gpu: 2 } });
  });

  it('is of a pool that there is', async () => {
    expect(await report('nowhere', {})).toMatchObject({ status: 404 });
    await world.pool('west', { capacity: { maxJobs: 3, quantities: {} }, state: 'gone', why: 'its item is gone' });
    expect(await report('west', {})).toMatchObject({ status: 404 });
  });

  it.each<[unknown, string]>([
    [{ maxJobs: -1 }, 'maxJobs'],
    [{ quantities: { gpu: -1 } }, 'quantities.gpu'],
    [{ quantities: { '1gpu': 1 } }, 'quantities.1gpu'],
    [{ ttlSeconds: 0 }, 'ttlSeconds'],
    [{ capacity: {} }, 'capacity'],
  ])('that cannot be: %j', async (body, field) =>
    expect(await report('west', body)).toMatchObject({ status: 422, body: { errors: [{ field }] } }),
  );
});

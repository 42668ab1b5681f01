/** GET /concurrency/stats, of jobs that state needs: per pool, per customer, in all. */
import { beforeEach, expect, it } from 'vitest';
import { ConcurrencyStats } from '../../lambdas/contract/job-api-stage.ts';
import { ApiWorld } from './api-world.ts';
import { PlacedWorld } from './placed-world.ts';

let world: PlacedWorld;
beforeEach(async () => {
  world = await PlacedWorld.with();
});

const placement = async () => ConcurrencyStats.parse((await world.get('/concurrency/stats')).body).placement;
const gpus = (gpu: number, customer: string) => world.placed({ needs: { quantities: { gpu } }, customer });

it('is absent of a stage without pools', async () => {
  const answer = await new ApiWorld().call('GET', '/concurrency/stats');
  expect(answer.body.placement).toBeUndefined();
});

it('counts what waits, runs, comes back and failed, and what is used of each quantity', async () => {
  const running = await gpus(3, 'acme');
  await world.begin(running);
  const again = await gpus(1, 'other');
  await world.begin(again);
  await world.say(again, 'failure', { message: 'busy' });
  const bad = await gpus(1, 'other');
  await world.begin(bad);
  await world.say(bad, 'failure', { class: 'DATA', message: 'no' });
  await gpus(4, 'acme');
  await world.aws.clock.advance(60_000);
  await world.placed({ needs: { quantities: { cpu: 32 } } });
  await world.settled(world.services.placement.putCustomer({ customer: 'acme', weight: 2, maxJobs: 5, jobs: 0 }));

  const seen = await placement();
  expect(seen).toMatchObject({ ready: 2, inProgress: 1, retrying: 1, failed: 1, maxJobs: 10, oldestWaitSeconds: 60, areMinimums: false });
  expect(seen?.quantities).toEqual({ cpu: { used: 0, total: 80 }, gpu: { used: 3, total: 4 } });
  expect(seen?.pools).toEqual([
    {
      pool: 'east',
      state: 'open',
      ready: 1,
      inProgress: 0,
      retrying: 0,
      failed: 0,
      maxJobs: 5,
      quantities: { cpu: { used: 0, total: 64 } },
    },
    {
      ...{ pool: 'west', state: 'open', ready: 1, inProgress: 1, retrying: 1, failed: 1, maxJobs: 3 },
      quantities: { cpu: { used: 0, total: 16 }, gpu: { used: 3, total: 4 } },
    },
  ]);
  expect(seen?.customers).toEqual([
    { ready: 1, inProgress: 0, retrying: 0, failed: 0, weight: 1, share: 0, oldestWaitSeconds: 0 },
    { customer: 'acme', ready: 1, inProgress: 1, retrying: 0, failed: 0, maxJobs: 5, weight: 2, share: 0.375, oldestWaitSeconds: 60 },
    { customer: 'other', ready: 0, inProgress: 0, retrying: 1, failed: 1, weight: 1, share: 0 },
  ]);
});

it('says of a pool that is not open why, and of one that shrank that more is used than there is', async () => {
  await world.begin(await gpus(4, 'acme'));
  await world.call('POST', '/pools/west/capacity', { body: { quantities: { gpu: 1 } } });
  await world.pool('east', { capacity: { maxJobs: 5, quantities: { cpu: 64 } }, state: 'closed', why: 'it is paused' });
  const seen = await placement();
  expect(seen?.pools).toMatchObject([
    { pool: 'east', state: 'closed', why: 'it is paused' },
    { pool: 'west', quantities: { gpu: { used: 4, total: 1 } } },
  ]);
  // What a closed pool offers is nobody's to use.
  expect(seen?.quantities['cpu']).toEqual({ used: 0, total: 16 });
});

it('shows a customer with limits of its own, and none that once had a job', async () => {
  const job = await gpus(1, 'gone');
  await world.begin(job);
  await world.say(job, 'result', {});
  await world.settled(world.services.placement.putCustomer({ customer: 'idle', weight: 1, maxJobs: 3, jobs: 0 }));
  await world.limits({ perCustomerMaxJobs: 7 });
  await gpus(1, 'new');
  expect((await placement())?.customers).toMatchObject([
    { customer: 'idle', maxJobs: 3 },
    { customer: 'new', maxJobs: 7 },
  ]);
});

/**
 * Two schedulers at the very same moment, one that dies between any two of its calls, and words whose taker does: limits
 * hold in every order of their writes, and whoever comes next goes on.
 */
import { describe, expect, it } from 'vitest';
import { customerLimitsKey, overallLimitsKey } from '../../../lambdas/contract/placement.ts';
import { noMishaps } from '../jobs/mishaps.ts';
import { PlacementStage } from './placement-stage.ts';

/** Jobs that wait, and nobody has been told of it. */
async function crowd(seed: number): Promise<PlacementStage> {
  const stage = new PlacementStage({ seed, mishaps: { hintLost: 1 } });
  await stage.limits(overallLimitsKey, { maxJobs: 5 });
  await stage.limits(customerLimitsKey('acme'), { maxJobs: 2 });
  await stage.pool('west', { maxJobs: 3, quantities: { cpu: 4 }, workMs: () => 20_000 });
  await stage.pool('east', { maxJobs: 4, quantities: { cpu: 5 }, workMs: () => 20_000 });
  for (let n = 0; n < 10; n += 1)
    await stage.submit({ needs: { quantities: { cpu: n % 3 } }, ...(n % 2 === 0 ? { customer: 'acme' } : {}) });
  return stage;
}

const sweep = { kind: 'sweep' } as const;

describe('two schedulers at the same moment', () => {
  it('pass no limit, and leave nothing that fits', async () => {
    for (let seed = 1; seed <= 25; seed += 1) {
      const stage = await crowd(seed);
      await stage.wait(Promise.all([stage.call(stage.scheduler, sweep), stage.call(stage.rival, sweep)]));
      expect(stage.watch.wrong).toEqual([]);
      expect(stage.watch.recount()).toEqual([]);
      expect(stage.watch.leases.size).toBe(5);
      expect(await stage.startable()).toBeUndefined();
    }
  });

  it('take turns: each knows what the other was told', async () => {
    const stage = await crowd(1);
    await stage.wait(stage.call(stage.scheduler, sweep));
    await stage.wait(stage.call(stage.rival, sweep));
    const late = await stage.submit({ customer: 'zeta' });
    await stage.wait(stage.call(stage.rival, { kind: 'job', job: late }));
    const [first = ''] = stage.watch.leases.keys();
    await stage.ask((placement) => placement.cancel(first));
    await stage.wait(stage.call(stage.scheduler, { kind: 'job', job: first }));
    expect(stage.row(late).status).toBe('RUNNING');
    expect(await stage.startable()).toBeUndefined();
  });

  it('whose memory is old read it anew in the same invocation', async () => {
    const stage = await crowd(1);
    await stage.wait(stage.call(stage.scheduler, sweep));
    const leases = [...stage.watch.leases.keys()];
    // Freed and taken again behind its back: it is told of the first half alone.
    const { placement } = stage.services;
    await stage.ask(() => placement.cancel(leases[0] ?? ''));
    const [pool, overall] = [await stage.wait(placement.pool('east')), await stage.wait(placement.overall())];
    const waiting = stage.jobs.filter((job) => stage.row(job).placed?.step === 'placing' && stage.row(job).customer === undefined);
    if (pool === undefined || overall === undefined) throw new Error('there are no limits');
    const start = placement.start({ job: { job: waiting[0] ?? '', affinity: undefined }, pool, reason: 'only', overall });
    expect((await stage.wait(start)).kind).toBe('started');
    await stage.ask(() => placement.cancel(leases[1] ?? ''));
    await stage.wait(stage.call(stage.scheduler, { kind: 'job', job: leases[0] ?? '' }));
    expect(stage.watch.leases.size).toBe(5);
    expect(await stage.startable()).toBeUndefined();
    expect(stage.watch.wrong).toEqual([]);
  });
});

describe('a scheduler that dies', () => {
  /** Everything there is to sweep: who waits, who is due, who was silent, who is too late, what was not sent. */
  async function mess(seed: number): Promise<PlacementStage> {
    const stage = await crowd(seed);
    const silent = stage.workers.get('east');
    if (silent !== undefined)
      silent.plan = { ...silent.plan, ending: ({ fence }) => (fence === 1 ? 'silent' : 'done'), workMs: () => 2_000 };
    stage.mishaps = { ...stage.mishaps, sendThrottled: 0.5 };
    await stage.wait(stage.call(stage.scheduler, sweep));
    stage.mishaps = { ...noMishaps, hintLost: 1 };
    await stage.submit({ startBy: new Date(stage.nowMs + 10_000).toISOString() });
    await stage.submit({ delaySeconds: 20 });
    await stage.pass(50);
    return stage;
  }

  it('after any of its calls leaves what the next one goes on with', async () => {
    let died = 0;
    for (let nth = 1; nth <= 50; nth += 1) {
      const stage = await mess(nth);
      stage.aws.log.plant({ fits: ({ caller }) => caller.startsWith('poolScheduler'), nth, when: 'after', effect: 'crash' });
      const result = await stage.wait(stage.call(stage.scheduler, sweep));
      if (result.kind === 'killed') died += 1;
      stage.aws.log.clearFaults();
      expect(stage.watch.recount()).toEqual([]);
      await stage.wait(stage.call(stage.rival, sweep));
      expect(await stage.startable()).toBeUndefined();
      stage.mishaps = noMishaps;
      await stage.endAll(900);
      await stage.pass(65);
      expect(stage.leftOver(), `call ${nth}`).toEqual([]);
    }
    expect(died).toBeGreaterThan(30);
  });

  it('keeps everybody waiting for as long as its hints are hidden, and no longer', async () => {
    const stage = new PlacementStage();
    await stage.pool('west', { maxJobs: 5, workMs: () => 600_000 });
    await stage.pass(5);
    const isStart = ({ caller, operation }: { caller: string; operation: string }) =>
      caller.startsWith('poolScheduler') && operation === 'TransactWrite';
    stage.aws.log.plant({ fits: isStart, nth: 1, when: 'before', effect: 'crash' });
    await stage.submit({});
    await stage.pass(2);
    await stage.submit({});
    await stage.pass(10);
    expect(stage.statuses()).toEqual(['PENDING', 'PENDING']);
    await stage.pass(33);
    expect(stage.statuses()).toEqual(['RUNNING', 'RUNNING']);
    expect(stage.watch.wrong).toEqual([]);
  });
});

it('a scheduler with more to sweep than it has time for starts jobs all the same, and comes back for the rest', async () => {
  const stage = new PlacementStage({ mishaps: { hintLost: 1 }, schedulerSeconds: 14 });
  await stage.pool('west', { maxJobs: 5, workMs: () => 600_000 });
  for (let n = 0; n < 150; n += 1) await stage.submit({ delaySeconds: 30 });
  await stage.pass(40);
  const answers: unknown[] = [];
  for (let calls = 0; calls < 3; calls += 1) {
    const result = await stage.wait(stage.call(stage.scheduler, sweep));
    answers.push(result.kind === 'ok' ? result.answer : result);
    expect(stage.watch.leases.size).toBe(5);
  }
  expect(answers).toEqual([{ batchItemFailures: [{ itemIdentifier: 'called' }] }, expect.anything(), { batchItemFailures: [] }]);
  expect(stage.jobs.every((job) => stage.row(job).placed?.step !== 'later')).toBe(true);
});

describe('a taker of words that dies', () => {
  it.each(['done', 'transient', 'permanent'] as const)('at any of its calls: a word that is %s counts once', async (ending) => {
    for (const when of ['before', 'after'] as const)
      for (let nth = 1; nth <= 7; nth += 1) {
        const stage = new PlacementStage({ seed: nth, settings: { leaseSeconds: 300 } });
        const west = await stage.pool('west', {
          maxJobs: 1,
          workMs: () => 1_000,
          ending: ({ failures }) => (failures === 0 ? ending : 'done'),
        });
        stage.aws.log.plant({ fits: ({ caller }) => caller.startsWith('jobProgress'), nth, when, effect: 'crash' });
        const job = await stage.submit({});
        await stage.endAll(300);
        expect(stage.row(job).status).toBe(ending === 'permanent' ? 'FAILED' : 'COMPLETED');
        expect(west.works).toHaveLength(ending === 'transient' ? 2 : 1);
        expect(stage.leftOver()).toEqual([]);
      }
  });
});

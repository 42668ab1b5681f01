/**
 * Placed jobs when everything goes wrong at once: each ends, nobody works for one beside another, and what a step came to
 * is kept over leases. Processes die at any call, answers are lost, messages come twice, heartbeats do not get through.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { defineConsumer, RateLimited, type TaskContext } from '../../consumer/index.ts';
import { ConsumerStage, type Mishaps, noMishaps, type Process } from './consumer-stage.ts';
import { LeaseKeeper } from './lease-keeper.ts';

interface Plan {
  /** Milliseconds a step takes, at most. */
  slowness: number;
  /** Chances of a step: that it fails, is refused by its target, or takes longer than its invocation. */
  fails: number;
  limited: number;
  overruns: number;
  /** Of a heartbeat: that it is lost, and that its process is cut off from then on. */
  deaf: number;
  cut: number;
}

const steps = ['fetch', 'render', 'store'];

function life(seed: number, mishaps: Mishaps, plan: Plan, { maxRetries = 1_000, leaseSeconds = 15 } = {}) {
  const keeper = new LeaseKeeper({ jobs: 6, leaseSeconds, maxRetries, deaf: plan.deaf, cut: plan.cut });
  /** Who works for a job right now. */
  const atWork = new Map<string, Process>();
  const passed = new Set<string>();
  const wrong: string[] = [];

  async function step(job: string, name: string, { sleep }: TaskContext): Promise<void> {
    if (passed.has(`${job} ${name}`)) wrong.push(`${job} runs ${name} again`);
    const { random } = stage.aws;
    await sleep(random() * (random() < plan.overruns ? 90_000 : plan.slowness));
    if (random() < plan.limited) throw new RateLimited(1 + Math.floor(random() * 40));
    if (random() < plan.fails) throw new Error('no');
  }

  async function work(process: Process, context: TaskContext): Promise<string> {
    const job = context.job ?? '';
    const other = atWork.get(job);
    if (other?.caller.alive) wrong.push(`two work for ${job}`);
    atWork.set(job, process);
    try {
      for (const name of steps) {
        await context.step(name, () => step(job, name, context));
        passed.add(`${job} ${name}`);
      }
      return job;
    } finally {
      if (atWork.get(job) === process) atWork.delete(job);
    }
  }

  const stage: ConsumerStage = new ConsumerStage({
    ...{ seed, mishaps, slots: 4, batch: 1, jobLeases: keeper.leasesFor },
    consumer: (process) => defineConsumer({ metrics: false, task: (_body, context) => work(process, context) }),
  });
  return { stage, keeper, wrong, passed };
}

const anyMishaps: fc.Arbitrary<Mishaps> = fc.record({
  dies: fc.constantFrom(0, 0.05, 0.3),
  diesAtCall: fc.constantFrom(0, 0.02),
  throttled: fc.constantFrom(0, 0.3),
  twice: fc.constantFrom(0, 0.2),
  untold: fc.constantFrom(0, 0.1, 0.4),
  answerLost: fc.constantFrom(0, 0.05),
});
const anyPlan: fc.Arbitrary<Plan> = fc.record({
  slowness: fc.constantFrom(50, 5_000),
  fails: fc.constantFrom(0, 0.2),
  limited: fc.constantFrom(0, 0.1),
  overruns: fc.constantFrom(0, 0.1),
  deaf: fc.constantFrom(0, 0.1, 0.5),
  cut: fc.constantFrom(0, 0.05),
});

it('whatever goes wrong, each job is done, by one at a time, and no step that is on record runs again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), anyMishaps, anyPlan, async (seed, mishaps, plan) => {
      const { stage, keeper, wrong } = life(seed, mishaps, plan);
      await keeper.run(stage, 48);
      expect(keeper.jobs.filter(({ status }) => status !== 'done')).toEqual([]);
      expect(wrong).toEqual([]);
      expect(stage.deadLetters.messages()).toEqual([]);
    }),
    { numRuns: 100 },
  );
}, 180_000);

it('when all goes well, one lease each is enough', async () => {
  const { stage, keeper } = life(
    1,
    noMishaps,
    { slowness: 5_000, fails: 0, limited: 0, overruns: 0, deaf: 0, cut: 0 },
    { leaseSeconds: 60 },
  );
  await keeper.run(stage, 1);
  expect(keeper.jobs.map(({ status, fence, failures }) => [status, fence, failures])).toEqual(keeper.jobs.map(() => ['done', 1, 0]));
});

it('a job that only ever fails ends with its retries', async () => {
  const { stage, keeper } = life(
    1,
    noMishaps,
    { slowness: 50, fails: 1, limited: 0, overruns: 0, deaf: 0, cut: 0 },
    { maxRetries: 3, leaseSeconds: 60 },
  );
  await keeper.run(stage, 1);
  expect(keeper.jobs.map(({ status, fence, failures }) => [status, fence, failures])).toEqual(keeper.jobs.map(() => ['failed', 4, 4]));
});

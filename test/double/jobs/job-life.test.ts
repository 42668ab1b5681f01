/**
 * Jobs when everything goes wrong at once: dispatcher and progress die at any call, answers, hints and reports are lost,
 * doubled and late, sends are throttled and taken in part, consumers die. Whatever happens, each job ends once, each task
 * counts once, and no task is lost.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasEnded, type Priority } from '../../../lambdas/contract/job.ts';
import { DispatchStage } from './dispatch-stage.ts';
import type { Mishaps } from './mishaps.ts';
import { countsOf, differences, jobRow, slotsOf, taskRow, waitingOf } from './recount.ts';
import type { Ending } from './wire-consumer.ts';

interface JobPlan {
  tasks: number;
  priority: Priority;
  /** Of its tasks, so many in a hundred are to start some seconds later. */
  later: number;
  maxFailures: number;
}

interface World {
  seed: number;
  mishaps: Mishaps;
  jobs: JobPlan[];
  fifo: boolean;
}

/** Half of the time not at all. */
const chance = (most: number) => fc.integer({ min: -100, max: 100 }).map((percent) => (Math.max(0, percent) * most) / 100);

const anyMishaps: fc.Arbitrary<Mishaps> = fc.record({
  diesAtCall: chance(0.02),
  answerLost: chance(0.02),
  answerLostForGood: chance(0.02),
  conflict: chance(0.1),
  sendThrottled: chance(0.2),
  entryFailed: chance(0.2),
  hintLost: chance(0.5),
  hintTwice: chance(0.3),
  reportTwice: chance(0.3),
  reportLate: chance(0.3),
  consumerDies: chance(0.05),
});

const anyWorld: fc.Arbitrary<World> = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  mishaps: anyMishaps,
  jobs: fc.array(
    fc.record({
      tasks: fc.integer({ min: 1, max: 90 }),
      priority: fc.constantFrom('critical' as const, 'high' as const, 'normal' as const, 'low' as const),
      later: fc.constantFrom(0, 0, 30, 100),
      maxFailures: fc.constantFrom(0, 3, 1_000),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  fifo: fc.boolean(),
});

const startMs = Date.UTC(2026, 0, 1);

/** By the task alone, so that it ends alike however often it runs. */
function endingOf(n: number, attempt: number): Ending {
  if (n % 11 === 5) return 'permanent';
  if (n % 7 === 3) return attempt <= 2 ? 'transient' : 'done';
  return n % 23 === 1 ? 'transient' : 'done';
}

async function live({ seed, mishaps, jobs, fifo }: World) {
  const stage = new DispatchStage({ seed, mishaps, settings: { maxParallelJobs: 3 } });
  const groups = ['one', 'two'].map((name, i) =>
    stage.group(name, {
      fifo: fifo && i === 0,
      concurrency: 3,
      batchSize: 2,
      taskMs: () => 200 + stage.aws.random() * 1_000,
      ending: ({ n, attempt }) => endingOf(n, attempt),
    }),
  );
  const ids: string[] = [];
  for (const [i, { tasks, priority, later, maxFailures }] of jobs.entries()) {
    const some = Array.from({ length: tasks }, (_, n) => ((n * 37) % 100 < later ? { delaySeconds: 1 + ((n * 13) % 90) } : {}));
    ids.push(await stage.submit({ taskGroup: i % 2 === 0 ? 'one' : 'two', priority, maxFailures }, some));
    await stage.pass(stage.aws.random() * 20);
  }
  await stage.end(ids, 2 * 3_600);
  return { stage, ids, groups };
}

/** Attempts that begin anew after a failure are meant to run again. */
const runsMeant = (n: number) => {
  let attempt = 1;
  while (endingOf(n, attempt) === 'transient' && attempt <= 3) attempt += 1;
  return attempt;
};

/** What somebody does to jobs meanwhile, at which second. */
interface Deed {
  atSeconds: number;
  job: number;
  what: 'cancel' | 'retry';
}

const anyDeed: fc.Arbitrary<Deed> = fc.record({
  atSeconds: fc.integer({ min: 1, max: 600 }),
  job: fc.nat(3),
  what: fc.constantFrom('cancel' as const, 'retry' as const, 'retry' as const),
});

async function doTo(stage: DispatchStage, job: string, what: Deed['what']): Promise<void> {
  const { status } = jobRow(stage.aws, job);
  if (what === 'cancel' && !hasEnded(status)) await stage.cancel(job);
  if (what === 'retry' && hasEnded(status) && status !== 'CANCELLED' && countsOf(stage.aws, job).failed > 0) await stage.retry(job);
}

describe('jobs on groups and functions that people cancel and try again', () => {
  it('end once in each life, with each task counted once, and leave nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(anyWorld, fc.array(anyDeed, { maxLength: 6 }), async ({ seed, mishaps, jobs }, deeds) => {
        const stage = new DispatchStage({ seed, mishaps, settings: { functions: ['work'], maxParallelJobs: 3 } });
        stage.group('acme', { concurrency: 3, taskMs: () => 300, ending: ({ n, attempt }) => endingOf(n, attempt) });
        const work = stage.function('work', {
          taskMs: () => stage.aws.random() * 2_000,
          ending: ({ n, invocation: { attempt } }) =>
            endingOf(n, attempt) === 'done' ? { status: 'done' } : n % 11 === 5 ? { status: 'failed', message: 'no' } : 'givenUp',
        });
        let most = 0;
        stage.aws.clock.every(100, () => {
          most = Math.max(most, work.running);
        });
        const ids: string[] = [];
        for (const [i, { tasks, priority, later }] of jobs.slice(0, 4).entries()) {
          const some = Array.from({ length: tasks }, (_, n) => ((n * 37) % 100 < later ? { delaySeconds: 1 + ((n * 13) % 90) } : {}));
          const target = i % 2 === 0 ? { taskGroup: 'acme' } : { function: 'work', maxOutstanding: 5 };
          ids.push(await stage.submit({ ...target, priority }, some));
        }
        for (const { atSeconds, job, what } of deeds.toSorted((a, b) => a.atSeconds - b.atSeconds)) {
          await stage.pass(Math.max(0, atSeconds - (stage.nowMs - startMs) / 1_000));
          const id = ids[job % ids.length];
          if (id !== undefined) await doTo(stage, id, what);
        }
        // Attempts that a dead dispatcher claimed are tried again after 15 minutes each.
        await stage.end(ids, 8 * 3_600);
        for (const job of ids) {
          const row = jobRow(stage.aws, job);
          expect(hasEnded(row.status), `${job} is ${row.status}`).toBe(true);
          if (row.status !== 'CANCELLED') expect(differences(stage.aws, job)).toEqual([]);
        }
        // Where an answer is lost an invocation is made again, and may run on when its task has ended.
        if (mishaps.answerLost + mishaps.answerLostForGood === 0) expect(most).toBeLessThanOrEqual(5 * 2);
        expect(slotsOf(stage.aws).running).toEqual({});
        expect(waitingOf(stage.aws)).toEqual([]);
        expect(stage.watch.wrong).toEqual([]);
      }),
      { numRuns: 12 },
    );
  });
});

describe('jobs on task groups', () => {
  it('end once, with each task counted once and none lost', async () => {
    await fc.assert(
      fc.asyncProperty(anyWorld, async (world) => {
        const { stage, ids, groups } = await live(world);
        for (const [i, job] of ids.entries()) {
          const { tasks, maxFailures } = world.jobs[i] as JobPlan;
          const failed = Array.from({ length: tasks }, (_, n) => n + 1).filter((n) => endingOf(n, 4) !== 'done').length;
          const counts = countsOf(stage.aws, job);
          expect(jobRow(stage.aws, job).status).toBe(counts.failed > maxFailures ? 'FAILED' : 'COMPLETED');
          expect(differences(stage.aws, job)).toEqual([]);
          // A send that is refused for good fails its task; that is told of it.
          const refused = Array.from({ length: tasks }, (_, n) => taskRow(stage.aws, job, n + 1)).filter((row) => row?.unsent).length;
          expect(counts.failed).toBeLessThanOrEqual(failed + refused);
          expect(counts.failed).toBeGreaterThanOrEqual(failed);
          for (let n = 1; n <= tasks; n += 1) {
            const runs = groups.flatMap((group) => group.runsOf(job, n)).filter(({ died }) => !died);
            if (taskRow(stage.aws, job, n)?.unsent) continue;
            expect(runs.length, `runs of task ${n} of ${job}`).toBeGreaterThan(0);
            // An attempt whose process died is spent, too.
            expect(runs.length, `runs of task ${n} of ${job}`).toBeLessThanOrEqual(runsMeant(n));
          }
        }
        expect(slotsOf(stage.aws).running).toEqual({});
        expect(waitingOf(stage.aws)).toEqual([]);
        expect(stage.watch.wrong).toEqual([]);
      }),
      { numRuns: 12 },
    );
  });
});

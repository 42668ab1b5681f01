/**
 * What a job hears when everything goes wrong at once: of each task at least one end, and never two that differ. Processes
 * die at any call, answers are lost, messages come twice. The runtime, its ports and the rules of SQS and DynamoDB are the
 * real ones.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineConsumer, PermanentError, RateLimited } from '../../consumer/index.ts';
import { jobStateKey } from '../../lambdas/contract/task-table.ts';
import { jobTaskId, Report } from '../../lambdas/contract/task-wire.ts';
import { ConsumerStage, type Mishaps, noMishaps, type Process } from './consumer-stage.ts';

const job = '01JOB';
const tasks = 12;

type Ending = 'done' | 'transient' | 'permanent' | 'limited' | 'crash';

interface Run {
  task: string;
  atMs: number;
  ending: Ending;
}

interface Plan {
  endings: Partial<Record<Ending, number>>;
  /** Milliseconds a task takes, at most. */
  slowness: number;
  /** Chance that it takes longer than its invocation. */
  overruns: number;
  duplicates: 'recorded' | 'allowed';
}

function life(seed: number, mishaps: Mishaps, { endings, slowness, overruns, duplicates }: Plan) {
  const runs: Run[] = [];
  const choices = Object.entries(endings).flatMap(([ending, weight]) => Array<Ending>(weight).fill(ending as Ending));
  const task = async (taskId: string, process: Process, sleep: (ms: number) => Promise<void>) => {
    const { random } = stage.aws;
    const ending = choices[Math.floor(random() * choices.length)] ?? 'done';
    const run = { task: taskId, atMs: stage.nowMs, ending };
    runs.push(run);
    await sleep(random() * (random() < overruns ? 60_000 : slowness));
    if (ending === 'crash') process.caller.kill();
    if (ending === 'transient') throw new Error('transient');
    if (ending === 'permanent') throw new PermanentError('permanent');
    if (ending === 'limited') throw new RateLimited(1 + Math.floor(random() * 5));
    return { run: runs.indexOf(run) };
  };
  const stage: ConsumerStage = new ConsumerStage({
    ...{ seed, mishaps, slots: 3, batch: 3 },
    consumer: (process) =>
      defineConsumer({
        ...(duplicates === 'allowed' ? { duplicates: false } : {}),
        metrics: false,
        task: (_body, { taskId, sleep }) => task(taskId, process, sleep),
      }),
  });
  return { stage, runs };
}

/** Some are sent twice: by a dispatcher whose first answer was lost. */
const sentTwice = (n: number) => n % 4 === 0;

function submit(stage: ConsumerStage): string[] {
  const numbers = Array.from({ length: tasks }, (_, n) => n + 1);
  for (const n of numbers)
    for (let copy = 0; copy < (sentTwice(n) ? 2 : 1); copy += 1) stage.send({ n }, jobTaskId(job, n), { 'sluice.job': job });
  return numbers.map((n) => jobTaskId(job, n));
}

const heard = (stage: ConsumerStage) => stage.reports.messages().map(({ body }) => Report.parse(JSON.parse(body)));

/** What must be the same whenever a task's end is told. */
const told = ({ status, attempt, result, class: errorClass, message }: Report) =>
  JSON.stringify({ status, attempt, result, errorClass, message });

function finalReports(stage: ConsumerStage): Map<string, Report[]> {
  const final = heard(stage).filter(({ status }) => status !== 'retrying');
  return Map.groupBy(final, ({ task, redrives }) => `${task} ${redrives}`);
}

const anyMishaps: fc.Arbitrary<Mishaps> = fc.record({
  dies: fc.constantFrom(0, 0.05, 0.3),
  diesAtCall: fc.constantFrom(0, 0.04, 0.1),
  throttled: fc.constantFrom(0, 0.3),
  twice: fc.constantFrom(0, 0.2),
  untold: fc.constantFrom(0, 0.1, 0.4),
  answerLost: fc.constantFrom(0, 0.05),
});
const anyPlan: fc.Arbitrary<Plan> = fc.record({
  endings: fc.constantFrom<Plan['endings'][]>(
    { done: 1 },
    { done: 6, transient: 2, permanent: 1, limited: 1, crash: 1 },
    { transient: 1, crash: 1 },
    { permanent: 1 },
  ),
  slowness: fc.constantFrom(10, 3_000),
  overruns: fc.constantFrom(0, 0.1),
  duplicates: fc.constant('recorded'),
});

describe('whatever goes wrong', () => {
  it('each task of a job is reported to its end, and always to the same one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), anyMishaps, anyPlan, async (seed, mishaps, plan) => {
        const { stage, runs } = life(seed, mishaps, plan);
        const ids = submit(stage);
        await stage.drain();
        const final = finalReports(stage);
        for (const id of ids) expect([id, final.get(`${id} 0`)?.length ?? 0]).not.toEqual([id, 0]);
        for (const [life, reports] of final) expect([life, ...new Set(reports.map(told))]).toHaveLength(2);
        for (const { task, status, result } of [...final.values()].flat()) {
          if (status !== 'done') continue;
          const { run } = JSON.parse(result ?? '{}');
          expect(runs[run]).toMatchObject({ task, ending: expect.stringMatching('done') });
        }
      }),
      { numRuns: 150 },
    );
  }, 180_000);

  it('where duplicates do not matter, each is reported to an end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), anyMishaps, anyPlan, async (seed, mishaps, plan) => {
        const { stage } = life(seed, mishaps, { ...plan, duplicates: 'allowed' });
        const ids = submit(stage);
        await stage.drain();
        const ended = new Set([...finalReports(stage).values()].flat().map(({ task }) => task));
        expect(ids.filter((id) => !ended.has(id))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  }, 180_000);

  it('none starts once its job is cancelled, and each that ran to an end is reported', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        anyMishaps,
        anyPlan,
        fc.constantFrom<Plan['duplicates'][]>('recorded', 'allowed'),
        async (seed, mishaps, plan, duplicates) => {
          const { stage, runs } = life(seed, mishaps, { ...plan, duplicates });
          submit(stage);
          const cancelMs = stage.nowMs + 2_000;
          stage.aws.clock.after(2_000, () => {
            stage.aws.dynamodb.put('tasks', { ...jobStateKey(job), cancelledAtMs: cancelMs, expiresAt: 4e9 });
          });
          await stage.drain();
          // The word may be a second old, and its answer was on its way.
          expect(runs.filter(({ atMs }) => atMs > cancelMs + 1_100)).toEqual([]);
          for (const [life, reports] of finalReports(stage))
            if (duplicates === 'recorded') expect([life, ...new Set(reports.map(told))]).toHaveLength(2);
          // Nobody ran it: nobody says that it is done.
          const ran = new Set(runs.map(({ task }) => task));
          expect(heard(stage).filter(({ task }) => !ran.has(task))).toEqual([]);
        },
      ),
      { numRuns: 100 },
    );
  }, 180_000);
});

it('reports of tasks that end together go together', async () => {
  const { stage } = life(1, noMishaps, { endings: { done: 1 }, slowness: 0, overruns: 0, duplicates: 'allowed' });
  submit(stage);
  await stage.drain();
  expect(heard(stage)).toHaveLength(tasks + tasks / 4);
  const sends = stage.aws.log.since(0, ({ operation }) => operation.startsWith('SendMessage')).length;
  expect(sends).toBeLessThanOrEqual(Math.ceil((tasks + tasks / 4) / 2));
});

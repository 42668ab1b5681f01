/** What the seed tells of one worker and of three, and of requests that wait and that do not, with jobs of one long task. */
import { performance } from 'node:perf_hooks';
import type { Job } from '../../client/index.ts';
import { type Line, progress, seconds } from '../report.ts';
import { addGroup, type Stage } from './stage.ts';

const taskMs = 5_000;
/** For a start, an end and its news. */
const spareMs = 2_000;
/** "Gets response in < 1 second". */
const answerMs = 1_000;

export async function scenarios(stage: Stage): Promise<Line[]> {
  await Promise.all([addGroup(stage, 'one worker', 1), addGroup(stage, 'three workers', 3)]);
  // Long enough that every worker has one: the first invocation of an environment starts it.
  await Promise.all(['one worker', 'three workers'].map((group) => together(stage, group, group === 'one worker' ? 1 : 3, 2_000)));
  return [...(await asynchronous(stage)), ...(await parallel(stage)), ...(await synchronous(stage))];
}

/** Two posts at once to one worker: both answered at once, their jobs done one after the other. */
async function asynchronous(stage: Stage): Promise<Line[]> {
  progress('two jobs, one worker');
  const { answeredMs, endedMs } = await together(stage, 'one worker', 2, taskMs);
  return [
    atMost('two asynchronous posts at once, both answered after', Math.max(...answeredMs), answerMs),
    between('  one worker: the first ends after', endedMs[0] ?? Number.NaN, taskMs),
    between('  one worker: the second, which waited for it', endedMs[1] ?? Number.NaN, 2 * taskMs),
  ];
}

/** Four posts at once where three jobs may run: the fourth waits PENDING until one is free. */
async function parallel(stage: Stage): Promise<Line[]> {
  progress('four jobs, three workers');
  const { answeredMs, endedMs, jobs } = await together(stage, 'three workers', 4, taskMs);
  const [first, last] = [firstEnd(jobs), jobs.map(({ startedAt }) => Date.parse(startedAt ?? '')).sort((a, b) => b - a)[0] ?? Number.NaN];
  return [
    atMost('four asynchronous posts at once, all answered after', Math.max(...answeredMs), answerMs),
    between('  three workers: three end in parallel, the third after', endedMs[2] ?? Number.NaN, taskMs),
    between('  three workers: the fourth', endedMs[3] ?? Number.NaN, 2 * taskMs),
    { what: '  the fourth began after a free place for', ...within(last - first, 0, spareMs) },
  ];
}

/** The same two posts, waiting: what the seed calls blocking. Each is answered when its job has ended. */
async function synchronous({ sluice }: Stage): Promise<Line[]> {
  progress('two jobs, one worker, waiting');
  const started = performance.now();
  const took = await Promise.all(
    [1, 2].map(async () => {
      await sluice.submitAndWait({ taskGroup: 'one worker', tasks: [{ body: { ms: taskMs } }] });
      return performance.now() - started;
    }),
  );
  const [first, second] = took.sort((a, b) => a - b);
  return [
    between('two synchronous posts at once, one worker: the first answered after', first ?? Number.NaN, taskMs),
    between('  the second', second ?? Number.NaN, 2 * taskMs),
  ];
}

interface Together {
  answeredMs: number[];
  /** From the first post, in order. */
  endedMs: number[];
  jobs: Job[];
}

async function together({ sluice }: Stage, taskGroup: string, count: number, ms: number): Promise<Together> {
  const [started, startedAt] = [performance.now(), Date.now()];
  const answers = await Promise.all(
    Array.from({ length: count }, async () => {
      const { id } = await sluice.submit({ taskGroup, tasks: [{ body: { ms } }] });
      return { id, ms: performance.now() - started };
    }),
  );
  const jobs = await Promise.all(answers.map(({ id }) => sluice.wait(id, { timeoutSeconds: 120 })));
  const failed = jobs.find(({ status }) => status !== 'COMPLETED');
  if (failed) throw new Error(`job ${failed.id} is ${failed.status}: ${failed.message}`);
  return {
    answeredMs: answers.map((answer) => answer.ms),
    endedMs: jobs.map(({ endedAt }) => Date.parse(endedAt ?? '') - startedAt).sort((a, b) => a - b),
    jobs,
  };
}

const firstEnd = (jobs: readonly Job[]) => Math.min(...jobs.map(({ endedAt }) => Date.parse(endedAt ?? '')));

const atMost = (what: string, value: number, boundMs: number): Line => ({
  ...{ what, figure: seconds(value), target: `≤ ${seconds(boundMs)}`, met: value <= boundMs },
});

const between = (what: string, value: number, fromMs: number): Line => ({ what, ...within(value, fromMs, fromMs + spareMs) });

const within = (value: number, fromMs: number, toMs: number) => ({
  figure: seconds(value),
  target: `${seconds(fromMs)} - ${seconds(toMs)}`,
  met: value >= fromMs && value <= toMs,
});

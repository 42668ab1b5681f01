/** Jobs on a Lambda function: as many at once as the job may have, tried again as it says, whatever becomes of results. */
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { AwsError } from '../aws/errors.ts';
import { standIn } from '../stage-steps.ts';
import { DispatchStage, type StageOptions } from './dispatch-stage.ts';
import type { FunctionPlan } from './played-function.ts';
import { countsOf, differences, jobRow, taskRow } from './recount.ts';

const tasks = (count: number) => Array.from({ length: count }, () => ({}));

function stageWith(plan: Partial<FunctionPlan>, options: StageOptions = {}) {
  const stage = new DispatchStage({ ...options, settings: { functions: ['work'], ...options.settings } });
  const work = stage.function('work', plan);
  let most = 0;
  stage.aws.clock.every(50, () => {
    most = Math.max(most, work.running);
  });
  return { stage, work, most: () => most };
}

describe('a job on a function', () => {
  it('has no more accepted at once than it may, and all of them soon', async () => {
    const { stage, work, most } = stageWith({ taskMs: () => 1_000, ending: ({ n }) => ({ status: 'done', result: { n } }) });
    const job = await stage.submit({ function: 'work', maxOutstanding: 30 }, tasks(300));
    expect(await stage.end([job], 600)).toEqual(['COMPLETED']);
    expect(most()).toBeLessThanOrEqual(30);
    expect(work.runs).toHaveLength(300);
    const [start] = stage.watch.started;
    const [end] = stage.watch.ended;
    // 10 s of work, were it handed out without a pause.
    expect(((end?.atMs ?? 0) - (start?.atMs ?? 0)) / 1_000).toBeLessThan(25);
    expect(taskRow(stage.aws, job, 7)).toMatchObject({ status: 'done', attempt: 1, result: '{"n":7}' });
    expect(differences(stage.aws, job)).toEqual([]);
  });

  it('tries again what is TRANSIENT, later each time, and gives the rest up', async () => {
    const failed = (errorClass: 'TRANSIENT' | 'DATA') => ({ status: 'failed' as const, class: errorClass, message: 'no' });
    const { stage, work } = stageWith({
      ending: ({ n, invocation }) =>
        n === 1
          ? failed('TRANSIENT')
          : n === 2
            ? failed('DATA')
            : n === 3 && invocation.attempt < 3
              ? failed('TRANSIENT')
              : { status: 'done' },
    });
    const job = await stage.submit({ function: 'work', maxRetries: 4 }, tasks(10));
    expect(await stage.end([job], 600)).toEqual(['FAILED']);
    const runsOf = (n: number) => work.runs.filter((run) => run.n === n);
    expect([1, 2, 3, 4].map((n) => runsOf(n).length)).toEqual([5, 1, 3, 1]);
    expect(runsOf(1).map(({ invocation }) => invocation.attempt)).toEqual([1, 2, 3, 4, 5]);
    const gaps = runsOf(1)
      .slice(1)
      .map((run, i) => run.atMs - (runsOf(1)[i]?.atMs ?? 0));
    for (const [i, gap] of gaps.entries()) expect(gap).toBeGreaterThanOrEqual(500 + 1_000 * 2 ** i);
    expect(countsOf(stage.aws, job)).toMatchObject({ completed: 8, failed: 2, retrying: 0, queued: 0 });
    expect(differences(stage.aws, job)).toEqual([]);
  });

  it('tries again what gave no result by its deadline, and what Lambda gave up', async () => {
    const { stage, work } = stageWith({
      ending: ({ n, invocation }) => (invocation.attempt > 1 || n > 2 ? { status: 'done' } : n === 1 ? 'silent' : 'givenUp'),
    });
    const job = await stage.submit({ function: 'work' }, tasks(5));
    await stage.pass(60);
    expect(countsOf(stage.aws, job)).toMatchObject({ completed: 4 });
    expect(await stage.end([job], 1_200)).toEqual(['COMPLETED']);
    expect(work.runs.filter(({ n }) => n === 1).map(({ invocation }) => invocation.attempt)).toEqual([1, 2]);
    expect(((work.runs.findLast(({ n }) => n === 1)?.atMs ?? 0) - (work.runs[0]?.atMs ?? 0)) / 1_000).toBeGreaterThan(900);
    expect(differences(stage.aws, job)).toEqual([]);
  });

  it('that never gives a result ends all the same', async () => {
    const { stage, work } = stageWith({ ending: () => 'silent' });
    const job = await stage.submit({ function: 'work', maxRetries: 2, maxOutstanding: 2 }, [
      { timeoutSeconds: 30 },
      { timeoutSeconds: 60 },
      { timeoutSeconds: 45 },
    ]);
    expect(await stage.end([job], 1_200)).toEqual(['FAILED']);
    expect(work.runs).toHaveLength(9);
    expect(taskRow(stage.aws, job, 3)?.error).toEqual({ class: 'TRANSIENT', message: 'the function gave no result by the deadline' });
    expect(differences(stage.aws, job)).toEqual([]);
  });

  it('takes a result that is late where the task has not ended, and no second one', async () => {
    const { stage, work } = stageWith({ taskMs: ({ invocation }) => (invocation.attempt === 1 ? 950_000 : 600_000) });
    const job = await stage.submit({ function: 'work' }, tasks(1));
    expect(await stage.end([job], 3_600)).toEqual(['COMPLETED']);
    await stage.pass(1_200);
    // The first attempt's came after its deadline, while the second was under way.
    expect(work.answers).toEqual([
      { n: 1, attempt: 1, recorded: true },
      { n: 1, attempt: 2, recorded: false },
    ]);
    expect(differences(stage.aws, job)).toEqual([]);
  });

  it('invokes soon what it could not while Lambda throttled, and no more at once than it may', async () => {
    const { stage, work, most } = stageWith({ taskMs: () => 2_000 });
    let throttled = true;
    standIn(stage.aws.lambda.operations, InvokeCommand, (_input, usual) => {
      if (throttled) throw new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429);
      return usual();
    });
    const job = await stage.submit({ function: 'work', maxOutstanding: 8 }, tasks(40));
    await stage.pass(90);
    expect(work.runs).toEqual([]);
    throttled = false;
    // Well before the deadline of what was claimed.
    expect(await stage.end([job], 240)).toEqual(['COMPLETED']);
    expect(work.runs).toHaveLength(40);
    expect(most()).toBeLessThanOrEqual(8);
    expect(differences(stage.aws, job)).toEqual([]);
  });

  it('whose dispatcher dies has none lost, and no more at once than it may', async () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const { stage, work, most } = stageWith({ taskMs: () => 800 }, { seed });
      const job = await stage.submit({ function: 'work', maxOutstanding: 12 }, [...tasks(60), { delaySeconds: 20 }, { delaySeconds: 45 }]);
      stage.mishaps = { ...stage.mishaps, diesAtCall: 0.02, hintLost: 0.2 };
      await stage.pass(60);
      stage.mishaps = { ...stage.mishaps, diesAtCall: 0, hintLost: 0 };
      expect(await stage.end([job], 4_000)).toEqual(['COMPLETED']);
      expect(most()).toBeLessThanOrEqual(12);
      expect(new Set(work.runs.map(({ n }) => n)).size).toBe(62);
      expect(jobRow(stage.aws, job).dispatched).toBe(62);
      expect(differences(stage.aws, job)).toEqual([]);
    }
  });

  it('two of them share the function, each within its own bound', async () => {
    const { stage, most } = stageWith({ taskMs: () => 500 });
    const both = [
      await stage.submit({ function: 'work', maxOutstanding: 5 }, tasks(50)),
      await stage.submit({ function: 'work', maxOutstanding: 7, priority: 'high' }, tasks(50)),
    ];
    expect(await stage.end(both, 600)).toEqual(['COMPLETED', 'COMPLETED']);
    expect(most()).toBeLessThanOrEqual(12);
    expect(most()).toBeGreaterThan(7);
  });
});

/** Results files: how many calls one takes, when none is written, and what becomes of one that cannot be. */
import { describe, expect, it } from 'vitest';
import type { AnyTask } from './any-job.ts';
import { putTasks } from './any-job.ts';
import { ResultsWorld, smallSizes } from './results-world.ts';

const done = (count: number): AnyTask[] =>
  Array.from({ length: count }, (_, i) => ({ id: undefined, body: i, end: 'done', result: { i } }));

describe('a file', () => {
  it('of 1,000 tasks takes one request, and is not written again', async () => {
    const world = new ResultsWorld();
    putTasks(world.stage, done(1_000));
    expect(await world.written()).toHaveLength(1_000);
    await world.written();
    expect({ put: world.calls('PutObject'), uploads: world.calls('CreateMultipartUpload') }).toEqual({ put: 1, uploads: 0 });
  });

  it('of failed tasks is empty where none failed', async () => {
    const world = new ResultsWorld();
    putTasks(world.stage, done(3));
    expect(await world.written('failed')).toEqual([]);
    expect(world.calls('PutObject')).toBe(1);
  });

  it('is written once though it is asked for again and again while it is being written', async () => {
    const world = new ResultsWorld({ sizes: smallSizes });
    putTasks(world.stage, done(200));
    for (let i = 0; i < 5; i += 1) await world.hint();
    await world.stage.aws.clock.run();
    expect(world.lines()).toHaveLength(200);
    expect(world.calls('CompleteMultipartUpload')).toBe(1);
    expect(world.calls('CreateMultipartUpload')).toBe(1);
  });

  it('goes on in another run, and reads what was read no second time', async () => {
    const world = new ResultsWorld({ sizes: { partBytes: () => 2_000, tasksAtOnce: 10 }, runMs: 40 });
    putTasks(world.stage, done(400));
    expect((await world.written()).map(({ n }) => n)).toEqual(Array.from({ length: 400 }, (_, i) => i + 1));
    expect(world.results.tally.ok).toBeGreaterThan(2);
    // 16 parts of the table by task number, of which ten tasks are in ten; and what a run read ahead.
    expect(world.calls('Query')).toBeLessThan(400 + world.results.tally.ok * 20);
  });

  it('tells what the rows say where the task file is gone', async () => {
    const world = new ResultsWorld();
    world.stage.putJob({ job: 'job1', total: 2 });
    world.stage.putTaskRow('job1', { n: 1, status: 'failed', error: { class: 'DATA', message: 'no' } });
    expect(await world.written()).toEqual([
      { n: 1, status: 'failed', attempts: 1, error: { class: 'DATA', message: 'no' } },
      { n: 2, status: 'cancelled' },
    ]);
  });

  it('takes no result from an object of another job', async () => {
    const world = new ResultsWorld();
    world.stage.putJob({ job: 'job1', total: 1 });
    world.stage.putObject('results/job10/1-0.json', '"secret"');
    world.stage.putTaskRow('job1', { n: 1, status: 'done', resultKey: 'results/job10/1-0.json' });
    expect(await world.written()).toEqual([{ n: 1, status: 'done', resultLost: true }]);
  });
});

describe('none is written', () => {
  it.each([
    ['of a job that runs', () => ({ status: 'RUNNING' as const })],
    ['of a job that is tried again since', () => ({ status: 'FAILED' as const, life: 1 })],
    ['of a job whose tasks were never all known', () => ({ status: 'FAILED' as const, total: undefined })],
  ])('%s', async (_, fields) => {
    const world = new ResultsWorld();
    putTasks(world.stage, done(3));
    const { total, ...rest } = { total: 3, ...fields() };
    world.stage.putJob({ job: 'job1', ...rest });
    if (total === undefined) world.stage.forgetTotal('job1');
    await world.hint();
    await world.stage.aws.clock.run();
    expect(world.calls('PutObject')).toBe(0);
    expect(world.stage.job('job1')?.resultsFiles).toEqual({});
  });

  it('of a job that is gone', async () => {
    const world = new ResultsWorld();
    await world.hint();
    await world.stage.aws.clock.run();
    expect(world.results.tally).toMatchObject({ ok: 1, error: 0 });
  });

  it('of a job that is tried again while it is being written, and its upload is dropped', async () => {
    const world = new ResultsWorld({ sizes: smallSizes });
    const { aws } = world.stage;
    putTasks(world.stage, done(100));
    aws.log.watch = ({ operation }) => {
      if (operation === 'UploadPart') world.stage.putJob({ job: 'job1', total: 100, life: 1 }, 'PENDING');
    };
    await world.hint();
    await aws.clock.run();
    expect(world.stage.job('job1')?.resultsFiles).toEqual({});
    expect(aws.s3.uploads.open).toBe(0);
    expect(world.calls('CompleteMultipartUpload')).toBe(0);
  });
});

it('is given up after some hours where it cannot be written, and the job says so', async () => {
  const world = new ResultsWorld();
  world.stage.putJob({ job: 'job1', total: 1 });
  world.stage.putObject('jobs/job1/tasks.ndjson', 'this is no task\n');
  await world.hint();
  await world.stage.aws.clock.run();
  expect(world.stage.job('job1')?.warnings).toEqual([expect.stringContaining('could not be written')]);
  expect(world.stage.logged.filter(({ message }) => message === 'results not written')).toHaveLength(200);
  expect(world.progress()).toMatchObject({ heldUntilMs: 0 });
});

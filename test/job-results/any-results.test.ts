/** Whatever a job's tasks have come to, its file tells each once, in order; in one run or many, in one piece or parts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyTasks, expectedFailed, expectedLines, putTasks } from './any-job.ts';
import { type ResultsOptions, ResultsWorld, smallSizes } from './results-world.ts';

const ways: Record<string, ResultsOptions> = {
  'in one run and one piece': {},
  'in one run, in parts': { sizes: smallSizes },
  'in many runs and one piece': { sizes: { partBytes: () => 1_000_000, tasksAtOnce: 4 }, runMs: 12 },
  'in many runs, in parts': { sizes: smallSizes, runMs: 12 },
};

describe.each(Object.keys(ways))('%s', (way) => {
  it('has every task', async () => {
    await fc.assert(
      fc.asyncProperty(anyTasks, async (tasks) => {
        const world = new ResultsWorld(ways[way]);
        putTasks(world.stage, tasks);
        expect(await world.written()).toEqual(expectedLines(tasks));
        expect(world.stage.aws.s3.uploads.open).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('has every failed task that can be submitted again', async () => {
    await fc.assert(
      fc.asyncProperty(anyTasks, async (tasks) => {
        const world = new ResultsWorld(ways[way]);
        putTasks(world.stage, tasks);
        expect(await world.written('failed')).toEqual(expectedFailed(tasks));
      }),
      { numRuns: 40 },
    );
  });
});

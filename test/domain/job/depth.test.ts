/** How much of each job is on a queue: little, never dry, shared by weight, none of it idle. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { priorities } from '../../../lambdas/contract/job.ts';
import { allowances, depthBeside, depthFor, firstDepth, type Sharer, smoothedRate } from '../../../lambdas/domain/job/depth.ts';

const sharer = (change: Partial<Sharer>): Sharer => ({ job: 'a', priority: 'normal', outstanding: 0, left: 1_000_000, ...change });

describe('the depth', () => {
  it.each([
    ['a few rounds with nothing measured', firstDepth({ concurrency: 3, batchSize: 2 }), 24],
    ['no more than ten seconds of an allowed rate', firstDepth({ concurrency: 10, batchSize: 1, ratePerSecond: 3 }), 30],
    ['two rounds at least', firstDepth({ concurrency: 10, batchSize: 1, ratePerSecond: 0.1 }), 20],
    ['ten seconds of what was measured', depthFor({ concurrency: 2, batchSize: 1 }, { ratePerSecond: 7, depth: 20 }, false), 70],
    ['twice as much where it ran dry', depthFor({ concurrency: 2, batchSize: 1 }, { ratePerSecond: 7, depth: 200 }, true), 400],
    ['with what comes back never above 100,000', depthBeside(99_950, 70), 50],
    ['nothing more beside 100,000 that come back', depthBeside(100_010, 70), 0],
    ['never above 100,000', depthFor({ concurrency: 1_000, batchSize: 10 }, { ratePerSecond: 90_000, depth: 9 }, false), 100_000],
    ['never more than a day of work', depthFor({ concurrency: 1, batchSize: 1 }, { ratePerSecond: 0.0001, depth: 90 }, true), 9],
  ])('%s', (_, depth, expected) => expect(depth).toBe(expected));

  it('follows a rate that changed within seconds, and is not thrown off by one short measure', () => {
    expect(smoothedRate(undefined, 50, 5)).toBe(10);
    expect(smoothedRate(10, 1_000, 10)).toBeGreaterThan(60);
    expect(smoothedRate(10, 0, 0.5)).toBeGreaterThan(9);
  });
});

describe('who may send how much', () => {
  it.each<[string, Sharer[], number, number[]]>([
    ['one job has it all', [sharer({})], 100, [100]],
    ['what is outstanding counts', [sharer({ outstanding: 30 })], 100, [70]],
    ['by weight', [sharer({ priority: 'high' }), sharer({ job: 'b', priority: 'low' })], 100, [80, 20]],
    ['what one does not need goes to the other', [sharer({ left: 1 }), sharer({ job: 'b' })], 100, [1, 99]],
    [
      'a new job gets one in, whatever the others have',
      [sharer({ outstanding: 200 }), sharer({ job: 'b', priority: 'low', left: 1 })],
      100,
      [0, 1],
    ],
    ['its own bound holds', [sharer({ most: 20, outstanding: 5 })], Number.POSITIVE_INFINITY, [15]],
    ['its bound holds also with nothing else to do', [sharer({ most: 20, outstanding: 20 })], Number.POSITIVE_INFINITY, [0]],
  ])('%s', (_, sharers, depth, expected) => {
    expect([...allowances(sharers, depth).values()]).toEqual(expected);
  });

  const anySharers = fc.uniqueArray(
    fc.record({
      job: fc.uuid(),
      priority: fc.constantFrom(...priorities),
      outstanding: fc.nat(200),
      left: fc.nat(500),
      most: fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }),
    }),
    { selector: ({ job }) => job, minLength: 1, maxLength: 8 },
  );

  test('nobody sends more than he has, nor above his bound; the depth is kept but for a first task each; nothing that fits is held back', () => {
    fc.assert(
      fc.property(anySharers, fc.integer({ min: 1, max: 1_000 }), (sharers, depth) => {
        const allowed = allowances(sharers, depth);
        let sent = 0;
        for (const { job, outstanding, left, most = Number.POSITIVE_INFINITY } of sharers) {
          const may = allowed.get(job) ?? Number.NaN;
          expect(may).toBeGreaterThanOrEqual(0);
          expect(may).toBeLessThanOrEqual(Math.min(left, Math.max(0, most - outstanding)));
          sent += may;
        }
        const onQueue = sharers.reduce((sum, { outstanding }) => sum + outstanding, 0);
        expect(sent).toBeLessThanOrEqual(Math.max(0, depth) + sharers.length);
        // With nothing outstanding, all of the depth is used as far as there is anything to fill it with.
        if (onQueue === 0) {
          const wanted = sharers.reduce((sum, { left, most = Number.POSITIVE_INFINITY }) => sum + Math.min(left, most), 0);
          expect(sent).toBeGreaterThanOrEqual(Math.min(depth, wanted) - sharers.length);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

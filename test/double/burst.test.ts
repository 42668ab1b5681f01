/**
 * A burst on a group with concurrency 1: AWS takes no MaximumConcurrency below 2, so two pollers meet one reserved slot.
 * Nothing that was never tried may end in the dead-letter queue.
 */
import { describe, expect, it } from 'vitest';
import { visibilityTimeoutsPerFunctionTimeout } from '../../lambdas/contract/limits.ts';
import { between, seededRandom } from './aws/random.ts';
import { ConsumerPipeline, type ConsumerSettings } from './consumer-world.ts';
import { VirtualClock } from './virtual-clock.ts';

const timeoutSeconds = 30;
const oneSlot = { visibilitySeconds: visibilityTimeoutsPerFunctionTimeout * timeoutSeconds, maxReceiveCount: 10 };

async function burst(tasks: number, change: Partial<ConsumerSettings> = {}) {
  const clock = new VirtualClock(0);
  const random = seededRandom(7);
  const pipeline = new ConsumerPipeline(clock, random, {
    ...oneSlot,
    reserved: 1,
    maximumConcurrency: 2,
    taskMs: () => (random() < 0.02 ? between(random, 20_000, 29_000) : between(random, 500, 3_500)),
    gapMs: { min: 10, max: 40 },
    throttledRetryMs: (tries) => Math.min(30_000, 500 * 2 ** tries) * between(random, 0.5, 1),
    receives: 'any',
    ...change,
  });
  pipeline.submit(tasks);
  await clock.run(() => pipeline.finished);
  return { pipeline, days: (pipeline.finishedAtMs - pipeline.startedAtMs) / 86_400_000 };
}

describe('a burst of 100,000 tasks on a concurrency-1 group', () => {
  it('ends with every task done, one at a time, none in the dead-letter queue', async () => {
    const { pipeline, days } = await burst(100_000);
    expect(pipeline.done).toBe(100_000);
    expect(pipeline.deadLetters).toEqual({ tried: 0, neverTried: 0 });
    expect(pipeline.peak).toBe(1);
    expect(pipeline.utilisation(1)).toBeGreaterThan(0.95);
    expect(days).toBeLessThan(14);
    // The model does what it is about: throttled batches came back with a receive spent.
    expect(pipeline.throttles).toBeGreaterThan(1_000);
    expect(pipeline.spentReceives).toBeGreaterThan(10);
  }, 20_000);

  it('even when a throttled batch never gets the slot before its visibility ends', async () => {
    const { pipeline } = await burst(20_000, { throttledRetryMs: () => 1_000_000 });
    expect(pipeline.spentReceives).toBeGreaterThan(100);
    expect(pipeline.deadLetters).toEqual({ tried: 0, neverTried: 0 });
  }, 20_000);
});

describe('a queue that always gives the oldest message first', () => {
  // Harsher than SQS, whose standard queues sample: here the poller that was throttled gets its own message back at once.
  it('loses nothing with the 1,000 receives that the library has', async () => {
    const { pipeline } = await burst(20_000, { receives: 'oldest', maxReceiveCount: 1_000 });
    expect(pipeline.deadLetters).toEqual({ tried: 0, neverTried: 0 });
  }, 20_000);

  it('loses about one task in two thousand with the 10 receives of a plain consumer', async () => {
    const { pipeline } = await burst(20_000, { receives: 'oldest' });
    expect(pipeline.deadLetters.neverTried).toBeLessThan(20);
  }, 20_000);
});

describe('the same burst with settings that lose tasks (the test can fail)', () => {
  it.each([
    ['maxReceiveCount 1', { maxReceiveCount: 1 }],
    [
      'a visibility of one timeout and maxReceiveCount 2',
      { maxReceiveCount: 2, visibilitySeconds: timeoutSeconds, throttledRetryMs: () => 1_000_000 },
    ],
    ['ten pollers on one slot, maxReceiveCount 3', { maximumConcurrency: 10, maxReceiveCount: 3 }],
  ])('%s', async (_what, change) => {
    const { pipeline } = await burst(5_000, change);
    expect(pipeline.deadLetters.neverTried).toBeGreaterThan(0);
  });
});

/** While there is no room for a reservation: what can be done is done, and the limit holds all the same. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DesiredPipeline } from '../../lambdas/domain/desired.ts';
import type { Observed } from '../../lambdas/domain/observed.ts';
import { planPipeline, withoutRoom } from '../../lambdas/domain/plan.ts';
import { anyFields } from './arbitraries.ts';
import { performAll, worldOf } from './aws-model.ts';
import { item, observedOf, proven, type RawItem, wish } from './builders.ts';

function brought(desired: DesiredPipeline, seen: Observed) {
  const most = withoutRoom(desired, seen);
  const plan = planPipeline(most, seen, proven(desired));
  return { types: plan.map(({ type }) => type), seen: performAll(worldOf(desired, seen), plan).seen };
}

const from = (before: RawItem, wished: RawItem) => brought(wish(wished), observedOf(wish(before)));

describe('a group without room', () => {
  it('gets its queues when it is new, and nothing that runs', () => {
    expect(brought(wish(), { mappings: [] }).types).toEqual(['createQueue', 'createQueue']);
  });

  it('keeps the limit it has, and takes every other change', () => {
    const { types, seen } = from({ concurrency: 3 }, { concurrency: 9, function: { memorySize: 512 }, batch: { size: 5 } });
    expect(types).toEqual(['updateFunctionConfiguration', 'awaitFunction', 'updateMapping']);
    expect([seen.function?.reservedConcurrency, seen.mappings[0]?.maximumConcurrency]).toEqual([3, 3]);
  });

  it('can be paused and resumed', () => {
    expect(from({ concurrency: 3 }, { concurrency: 9, paused: true }).seen.mappings[0]?.enabled).toBe(false);
    expect(from({ concurrency: 3, paused: true }, { concurrency: 9 }).seen.mappings[0]?.enabled).toBe(true);
  });

  it('goes on capped by its mapping alone where it was before', () => {
    const { seen } = from({ concurrency: 5, reserve: false }, { concurrency: 8 });
    expect(seen.mappings[0]).toMatchObject({ enabled: true, maximumConcurrency: 5 });
  });

  it('takes a lower limit at once', () => {
    const { seen } = from({ concurrency: 5, reserve: false }, { concurrency: 3 });
    expect(seen.mappings[0]).toMatchObject({ enabled: true, maximumConcurrency: 3 });
  });

  it('stands still where only a reservation can hold its limit of 1', () => {
    expect(from({ concurrency: 5, reserve: false }, { concurrency: 1 }).seen.mappings[0]?.enabled).toBe(false);
  });

  it('does not start when a crash, or AWS, left it without its reservation', () => {
    const { reservedConcurrency: _refused, ...fn } = observedOf(wish({ concurrency: 1 })).function as NonNullable<Observed['function']>;
    const { seen } = brought(wish({ concurrency: 1 }), { ...observedOf(wish({ concurrency: 1 })), function: fn, mappings: [] });
    expect(seen.mappings.filter(({ enabled }) => enabled)).toEqual([]);
  });

  it('never runs more than it wishes or did, from any other wish', () => {
    fc.assert(
      fc.property(anyFields(fc.constant(false)), anyFields(fc.constant(false)), (before, wished) => {
        const desired = wish({ ...wished, reserve: true });
        const { seen } = brought(desired, observedOf(wish(before)));
        const [mapping] = seen.mappings;
        const runs = mapping?.enabled ? Math.min(mapping.maximumConcurrency ?? 1_250, seen.function?.reservedConcurrency ?? 1_000) : 0;
        expect(runs).toBeLessThanOrEqual(item(wished).concurrency);
        expect(planPipeline(withoutRoom(desired, seen), seen, proven(desired))).toEqual([]);
      }),
    );
  });
});

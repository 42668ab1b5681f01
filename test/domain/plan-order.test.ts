/** The order AWS needs, and in which the group's limit holds at every step. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Action } from '../../lambdas/domain/actions.ts';
import type { DesiredPipeline } from '../../lambdas/domain/desired.ts';
import type { Observed } from '../../lambdas/domain/observed.ts';
import { planPipeline } from '../../lambdas/domain/plan.ts';
import { anyFields } from './arbitraries.ts';
import { perform, type World, worldOf } from './aws-model.ts';
import { item, observedOf, proven, type RawItem, wish, wishWithoutCode } from './builders.ts';

const planFrom = (observed: Observed, after: DesiredPipeline) => planPipeline(after, observed, proven(after));
const typesFrom = (observed: Observed, after: DesiredPipeline) => planFrom(observed, after).map(({ type }) => type);
const change = (before: RawItem, after: RawItem, version?: string) => typesFrom(observedOf(wish(before)), wish(after, version));

describe('the order of a plan', () => {
  it.each<[string, RawItem, RawItem, Action['type'][]]>([
    [
      'visibility rises before the timeout',
      {},
      { function: { timeout: 60 } },
      ['setQueueAttributes', 'updateFunctionConfiguration', 'awaitFunction'],
    ],
    [
      'visibility falls after the timeout',
      {},
      { function: { timeout: 6 } },
      ['updateFunctionConfiguration', 'awaitFunction', 'setQueueAttributes'],
    ],
    ['raising: concurrency, then mapping', { concurrency: 2 }, { concurrency: 9 }, ['putConcurrency', 'updateMapping']],
    ['lowering: mapping, then concurrency', { concurrency: 9 }, { concurrency: 2 }, ['updateMapping', 'putConcurrency']],
    ['to no reservation, higher', { concurrency: 2 }, { concurrency: 9, reserve: false }, ['deleteConcurrency', 'updateMapping']],
    ['to no reservation, lower', { concurrency: 9 }, { concurrency: 2, reserve: false }, ['updateMapping', 'deleteConcurrency']],
    ['to a lower reservation', { concurrency: 9, reserve: false }, { concurrency: 2 }, ['updateMapping', 'putConcurrency']],
    [
      'pausing comes first',
      {},
      { paused: true, concurrency: 9, function: { timeout: 60 } },
      ['setQueueAttributes', 'updateMapping', 'updateFunctionConfiguration', 'awaitFunction', 'putConcurrency'],
    ],
    [
      'starting comes last, also with a lower limit',
      { paused: true, concurrency: 9 },
      { concurrency: 1, function: { memorySize: 512 } },
      ['updateFunctionConfiguration', 'awaitFunction', 'putConcurrency', 'updateMapping'],
    ],
    [
      'configuration, then code, each waited for',
      {},
      { function: { memorySize: 512, architecture: 'x86_64' } },
      ['updateFunctionConfiguration', 'awaitFunction', 'updateFunctionCode', 'awaitFunction'],
    ],
  ])('%s', (_what, before, after, expected) => expect(change(before, after)).toEqual(expected));

  it('makes the dead-letter queue before the queue that names it', () => {
    const created = planFrom({ mappings: [] }, wishWithoutCode()).map(
      (action) => action.type === 'createQueue' && action.queue.name.endsWith('-dlq'),
    );
    expect(created).toEqual([true, false]);
  });

  it('takes tags away before it adds others, as both together may be too many', () => {
    const many = (name: string) => Object.fromEntries(Array.from({ length: 48 }, (_, i) => [`${name}${i}`, '']));
    const after = wish({ tags: many('b') });
    const world = worldOf(after, observedOf(wish({ tags: many('a') })));
    expect(planFrom(world.seen, after).reduce(perform, world).seen.function?.tags).toEqual(after.tags);
  });

  it('waits for a function that a crash left pending before it changes it', () => {
    const seen = observedOf(wish());
    const pending: Observed = { ...seen, function: { ...(seen.function as NonNullable<Observed['function']>), state: 'Pending' } };
    expect(typesFrom(pending, wish({ function: { memorySize: 512 } }))).toEqual([
      'awaitFunction',
      'updateFunctionConfiguration',
      'awaitFunction',
    ]);
  });

  it('takes a mapping that outlived its function away, so that the new function has its limit before its first task', () => {
    const { function: _gone, ...rest } = observedOf(wish({ concurrency: 1 }));
    expect(typesFrom(rest, wish({ concurrency: 1 }))).toEqual([
      'deleteMapping',
      'awaitMappingGone',
      'createFunction',
      'awaitFunction',
      'putConcurrency',
      'createMapping',
    ]);
    expect(typesFrom(rest, wishWithoutCode({ concurrency: 1 }))).toEqual(['deleteMapping', 'awaitMappingGone']);
  });

  it('waits for a mapping on its way out before it makes the next', () => {
    const seen = observedOf(wish());
    const going = { ...seen, mappings: seen.mappings.map((mapping) => ({ ...mapping, state: 'Deleting', enabled: false })) };
    expect(typesFrom(going, wish())).toEqual(['awaitMappingGone', 'createMapping']);
  });

  it('does not mind the order in which AWS gives a VPC back', () => {
    const vpc = (subnetIds: string[], securityGroupIds: string[]) => wish({ function: { vpc: { subnetIds, securityGroupIds } } });
    expect(
      typesFrom(observedOf(vpc(['subnet-2', 'subnet-1'], ['sg-2', 'sg-1'])), vpc(['subnet-1', 'subnet-2', 'subnet-1'], ['sg-1', 'sg-2'])),
    ).toEqual([]);
  });

  it('gives a VPC whole when a part of it changes', () => {
    const vpc = (subnetIds: string[]) => wish({ function: { vpc: { subnetIds, securityGroupIds: ['sg-1'] } } });
    const [update] = planFrom(observedOf(vpc(['subnet-1'])), vpc(['subnet-2']));
    expect(update).toMatchObject({ changes: { SubnetIds: ['subnet-2'], SecurityGroupIds: ['sg-1'] } });
  });

  it('takes JSON attributes as equal whatever their spelling', () => {
    const seen = observedOf(wish());
    const attributes = { ...seen.queue?.attributes };
    attributes['RedrivePolicy'] = JSON.stringify({
      maxReceiveCount: '10',
      deadLetterTargetArn: JSON.parse(attributes['RedrivePolicy'] ?? '').deadLetterTargetArn,
    });
    attributes['Policy'] = JSON.stringify(JSON.parse(attributes['Policy'] ?? ''), null, 2);
    expect(typesFrom({ ...seen, queue: { ...(seen.queue as NonNullable<Observed['queue']>), attributes } }, wish())).toEqual([]);
  });
});

/** Tasks that may run at once now; nothing runs without an enabled mapping and a function. */
function mayRun({ seen }: World): number {
  if (!seen.function) return 0;
  const polled = seen.mappings
    .filter(({ enabled, state }) => enabled && state !== 'Deleting')
    .reduce((sum, { maximumConcurrency }) => sum + (maximumConcurrency ?? 1_250), 0);
  return Math.min(polled, seen.function.reservedConcurrency ?? 1_000);
}

const withLimits = fc.tuple(anyFields(fc.constant(false)), anyFields(fc.constant(false)));

describe('the limit at every step of a plan', () => {
  it('is never above both the old and the new one, and a paused group starts nothing', () => {
    fc.assert(
      fc.property(withLimits, ([before, after]) => {
        const [from, to] = [item(before), item(after)];
        let world = worldOf(wish(after), observedOf(wish(before)));
        const most = Math.max(from.paused ? 0 : from.concurrency, to.paused ? 0 : to.concurrency);
        for (const action of planFrom(world.seen, wish(after))) {
          world = perform(world, action);
          expect(mayRun(world)).toBeLessThanOrEqual(most);
        }
        expect(mayRun(world)).toBe(to.paused ? 0 : to.concurrency);
      }),
      { numRuns: 300 },
    );
  });

  it('never leaves more pollers than the reservation lets through, which would spend receives', () => {
    fc.assert(
      fc.property(withLimits, ([before, after]) => {
        let world = worldOf(wish(after), observedOf(wish(before)));
        for (const action of planFrom(world.seen, wish(after))) {
          world = perform(world, action);
          const reserved = Math.max(2, world.seen.function?.reservedConcurrency ?? 1_000);
          for (const mapping of world.seen.mappings) if (mapping.enabled) expect(mapping.maximumConcurrency).toBeLessThanOrEqual(reserved);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('holds from the first task of a new pipeline', () => {
    fc.assert(
      fc.property(anyFields(), (fields) => {
        let world = worldOf(wish(fields), { mappings: [] });
        for (const action of planPipeline(wish(fields), world.seen, { provenFor: [] })) {
          world = perform(world, action);
          expect(mayRun(world)).toBeLessThanOrEqual(item(fields).concurrency);
        }
      }),
      { numRuns: 200 },
    );
  });
});

/** From anything there may be, with a crash after any call, repeated looks reach the wish and then do nothing. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DesiredPipeline } from '../../lambdas/domain/desired.ts';
import { planPipeline } from '../../lambdas/domain/plan.ts';
import type { PlanContext } from '../../lambdas/domain/plan-function.ts';
import { anyFields, anySeen, anyVersion } from './arbitraries.ts';
import { later, performAll, type World, worldOf } from './aws-model.ts';
import { observedOf, proven, shaOf, wish, wishWithoutCode } from './builders.ts';

const anyWish = fc
  .tuple(anyFields(), anyVersion, fc.boolean())
  .map(([fields, version, hasCode]) => (hasCode ? wish(fields, version) : wishWithoutCode(fields)));
const anyCase = anyWish.chain((desired) =>
  fc.record({
    desired: fc.constant(desired),
    seen: anySeen(desired),
    recorded: anyRecord,
    crashes: fc.array(fc.nat(12), { maxLength: 3 }),
  }),
);

/** What our own row says of the release that runs; it may be right, old or missing. */
const anyRecord = fc.option(
  fc
    .record({ key: fc.constantFrom('consumer.zip', 'other.zip'), version: anyVersion })
    .map((code) => ({ ...code, codeSha256: shaOf(code) })),
  { nil: undefined },
);

const recordOf = ({ code }: DesiredPipeline, { seen }: World): PlanContext['recorded'] =>
  code && seen.function ? { ...code, codeSha256: seen.function.codeSha256 } : undefined;

const planIn = (desired: DesiredPipeline, world: World, recorded: PlanContext['recorded']) =>
  planPipeline(desired, world.seen, { ...(recorded ? { recorded } : {}), provenFor: world.provenFor });

describe('repeated looks', () => {
  it('reach the wish whatever was there, whenever they crash, and then call nothing', () => {
    fc.assert(
      fc.property(anyCase, ({ desired, seen, recorded, crashes }) => {
        let world = worldOf(desired, seen);
        for (const after of crashes) world = later(performAll(world, planIn(desired, world, recorded).slice(0, after)));
        world = later(performAll(world, planIn(desired, world, recorded)));
        expect(planIn(desired, world, recordOf(desired, world) ?? recorded)).toEqual([]);
      }),
      { numRuns: 600 },
    );
  });

  it('make what was wished', () => {
    fc.assert(
      fc.property(anyCase, ({ desired, seen, recorded }) => {
        fc.pre(desired.code !== undefined);
        const world = performAll(worldOf(desired, seen), planIn(desired, worldOf(desired, seen), recorded));
        const { function: fn, queue, deadLetterQueue, mappings } = world.seen;
        expect(fn?.configuration).toEqual(desired.configuration);
        expect([fn?.architecture, fn?.codeSha256, fn?.reservedConcurrency]).toEqual([
          desired.architecture,
          desired.code && shaOf(desired.code),
          desired.reservedConcurrency,
        ]);
        expect(queue?.attributes).toMatchObject(withoutKind(desired.queue.attributes));
        expect(deadLetterQueue?.attributes).toMatchObject(withoutKind(desired.deadLetterQueue.attributes));
        expect(mappings.filter(({ state }) => state !== 'Deleting')).toEqual([
          expect.objectContaining({ ...desired.mapping, queueName: desired.queue.name }),
        ]);
        for (const tags of [fn?.tags, queue?.tags, deadLetterQueue?.tags]) expect(tags).toEqual(desired.tags);
      }),
      { numRuns: 300 },
    );
  });

  it('plan nothing for what is as wished', () => {
    fc.assert(
      fc.property(anyWish, (desired) => {
        expect(planPipeline(desired, observedOf(desired), proven(desired))).toEqual([]);
      }),
    );
  });

  it('say why, of every call', () => {
    fc.assert(
      fc.property(anyCase, ({ desired, seen, recorded }) => {
        for (const { reason } of planIn(desired, worldOf(desired, seen), recorded)) expect(reason.length).toBeGreaterThan(5);
      }),
      { numRuns: 200 },
    );
  });
});

/** A queue's kind is in its name. */
const withoutKind = ({ FifoQueue: _kind, ...rest }: Record<string, string>) => rest;

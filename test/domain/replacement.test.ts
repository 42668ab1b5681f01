/** `queue.fifo` changed: the old queue is worked off under the new wish, then the mapping moves; whatever else changes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DesiredPipeline, desiredPipeline } from '../../lambdas/domain/desired.ts';
import type { Observed } from '../../lambdas/domain/observed.ts';
import { planPipeline } from '../../lambdas/domain/plan.ts';
import { planFormerQueueRemoval } from '../../lambdas/domain/plan-removal.ts';
import { anyFields } from './arbitraries.ts';
import { later, performAll, type World, worldOf } from './aws-model.ts';
import { item, observedOf, proven, type RawItem, release, stage, wish, wishWithoutCode } from './builders.ts';

const fifo = { queue: { fifo: true } };

/** What a look for the other kind sees of a pipeline as wished. */
function asFormer(before: DesiredPipeline, messages: number, mapped = true): Observed {
  const { queue, deadLetterQueue, mappings, ...rest } = observedOf(before);
  if (!queue || !deadLetterQueue) throw new Error('a wish has queues');
  return { ...rest, formerQueue: { ...queue, messages }, formerDeadLetterQueue: deadLetterQueue, mappings: mapped ? mappings : [] };
}

const planFor = (desired: DesiredPipeline, { seen, provenFor }: World) =>
  planPipeline(desired, seen, { provenFor: [...provenFor, ...proven(desired).provenFor] });
const step = (desired: DesiredPipeline, world: World) => later(performAll(world, planFor(desired, world)));
const mapped = ({ seen }: World) =>
  seen.mappings.map(({ queueName, enabled, maximumConcurrency }) => ({ fifo: queueName.endsWith('.fifo'), enabled, maximumConcurrency }));

/** The former queue's tasks run, where anything runs them, and then it goes. */
function drained(world: World): World {
  const { formerQueue } = world.seen;
  if (!formerQueue) return world;
  const worked =
    formerQueue.messages === 0 || world.seen.mappings.some(({ queueName, enabled }) => enabled && queueName === formerQueue.name);
  expect(worked, 'nothing works the former queue off').toBe(true);
  const empty = { ...world, seen: { ...world.seen, formerQueue: { ...formerQueue, messages: 0 } } };
  return performAll(empty, planFormerQueueRemoval(empty.seen, () => false).actions);
}

describe('a queue that is being replaced', () => {
  it('keeps its mapping, and the new one has none, until it is drained', () => {
    const world = step(wish(fifo), worldOf(wish(fifo), asFormer(wish(), 3)));
    expect(mapped(world)).toEqual([{ fifo: false, enabled: true, maximumConcurrency: 5 }]);
    expect(mapped(step(wish(fifo), drained(world)))).toEqual([{ fifo: true, enabled: true, maximumConcurrency: 5 }]);
  });

  it.each<[string, RawItem, RawItem, { enabled: boolean; maximumConcurrency: number }]>([
    ['pauses with its group', {}, { ...fifo, paused: true }, { enabled: false, maximumConcurrency: 5 }],
    ['goes on when its group is resumed', { paused: true }, fifo, { enabled: true, maximumConcurrency: 5 }],
    ['takes a lower limit', {}, { ...fifo, concurrency: 3 }, { enabled: true, maximumConcurrency: 3 }],
    ['takes a higher limit', {}, { ...fifo, concurrency: 8 }, { enabled: true, maximumConcurrency: 8 }],
    [
      'takes a lower limit without a reservation',
      { reserve: false },
      { ...fifo, reserve: false, concurrency: 3 },
      { enabled: true, maximumConcurrency: 3 },
    ],
  ])('%s', (_what, before, after, expected) => {
    const world = step(wish(after), worldOf(wish(after), asFormer(wish(before), 3)));
    expect(mapped(world)).toEqual([{ fifo: false, ...expected }]);
  });

  it('gets a mapping where it never had one: the code came later', () => {
    const waiting = asFormer(wishWithoutCode(), 3, false);
    const world = step(wish(fifo), worldOf(wish(fifo), waiting));
    expect(mapped(world)).toEqual([{ fifo: false, enabled: true, maximumConcurrency: 5 }]);
  });

  it('gets its mapping back when somebody deleted it', () => {
    const world = step(wish(fifo), worldOf(wish(fifo), asFormer(wish(), 3, false)));
    expect(mapped(world)).toEqual([{ fifo: false, enabled: true, maximumConcurrency: 5 }]);
  });

  it('gets no mapping when it is empty: it would outlive the queue', () => {
    const world = step(wish(fifo), worldOf(wish(fifo), asFormer(wish(), 0, false)));
    expect(mapped(world)).toEqual([]);
  });

  it('takes its turn first when the kind is changed back while both hold tasks', () => {
    const [standard, replaced] = [wish(), step(wish(fifo), worldOf(wish(fifo), asFormer(wish(), 3)))];
    const { queue, deadLetterQueue, formerQueue, formerDeadLetterQueue, ...rest } = replaced.seen;
    const back = {
      ...rest,
      queue: formerQueue,
      deadLetterQueue: formerDeadLetterQueue,
      formerQueue: queue && { ...queue, messages: 2 },
      formerDeadLetterQueue: deadLetterQueue,
    };
    const world = step(standard, worldOf(standard, back as Observed));
    expect(mapped(world)).toEqual([
      { fifo: false, enabled: false, maximumConcurrency: 5 },
      { fifo: true, enabled: true, maximumConcurrency: 5 },
    ]);
    expect(mapped(step(standard, drained(world)))).toEqual([{ fifo: false, enabled: true, maximumConcurrency: 5 }]);
  });

  it('reaches the wish from any other, in steps AWS takes, however often it crashes', () => {
    const anyCase = fc.record({
      before: anyFields(fc.constant(false)),
      after: anyFields(fc.constant(true)),
      reversed: fc.boolean(),
      messages: fc.nat(2),
      crashes: fc.array(fc.nat(8), { maxLength: 2 }),
    });
    fc.assert(
      fc.property(anyCase, ({ before, after, reversed, messages, crashes }) => {
        const [from, to] = reversed ? [wish(after), wish(before)] : [wish(before), wish(after)];
        let world = worldOf(to, asFormer(from, messages));
        for (const count of crashes) world = later(performAll(world, planFor(to, world).slice(0, count)));
        world = step(to, world);
        if (to.mapping.enabled || messages === 0) {
          world = step(to, drained(world));
          const { formerDeadLetterQueue: _kept, ...seen } = world.seen;
          expect(planPipeline(to, seen, proven(to))).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is hidden from a function that runs longer than its tasks stay invisible', () => {
    const to = wish({ ...fifo, function: { timeout: 600 } });
    expect(planPipeline(to, asFormer(wish(), 1), proven(to))).toContainEqual(
      expect.objectContaining({ type: 'setQueueAttributes', attributes: { VisibilityTimeout: '3600' } }),
    );
  });

  it('has names of its own, so that both can exist', () => {
    const [standard, first] = [desiredPipeline(item(), release, stage), desiredPipeline(item(fifo), release, stage)];
    expect(standard.functionName).toBe(first.functionName);
    expect(new Set([standard.queue.name, first.queue.name, standard.deadLetterQueue.name, first.deadLetterQueue.name]).size).toBe(4);
  });
});

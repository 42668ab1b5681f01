/** Taking a pipeline away: mapping, function, queues; again after any crash; dead letters are kept where they are to be. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Observed } from '../../lambdas/domain/observed.ts';
import { planFormerQueueRemoval, planRemoval } from '../../lambdas/domain/plan-removal.ts';
import { anySeen } from './arbitraries.ts';
import { performAll, worldOf } from './aws-model.ts';
import { observedOf, queueOf, wish } from './builders.ts';

const desired = wish();
const former = wish({ queue: { fifo: true } });
const discard = { why: 'discarded', keepDeadLetters: () => false } as const;
const drained = { why: 'drained', keepDeadLetters: ({ messages }: { messages: number }) => messages > 0 } as const;

const bothKinds: Observed = {
  ...observedOf(desired),
  formerQueue: queueOf(former.queue, former.tags),
  formerDeadLetterQueue: { ...queueOf(former.deadLetterQueue, former.tags), messages: 2 },
};

describe('removing a pipeline', () => {
  it('takes the mapping first and waits for it, as it outlives the rest', () => {
    const { actions, kept } = planRemoval(desired.functionName, observedOf(desired), discard);
    expect(actions.map(({ type }) => type)).toEqual(['deleteMapping', 'awaitMappingGone', 'deleteFunction', 'deleteQueue', 'deleteQueue']);
    expect(kept).toEqual([]);
  });

  it('only waits for a mapping that goes already', () => {
    const seen = observedOf(desired);
    const going = { ...seen, mappings: seen.mappings.map((mapping) => ({ ...mapping, state: 'Deleting' })) };
    expect(planRemoval(desired.functionName, going, discard).actions[0]?.type).toBe('awaitMappingGone');
  });

  it('keeps a dead-letter queue that holds something, of either kind', () => {
    const { actions, kept } = planRemoval(desired.functionName, bothKinds, drained);
    expect(kept.map(({ name }) => name)).toEqual([former.deadLetterQueue.name]);
    expect(actions.filter(({ type }) => type === 'deleteQueue')).toHaveLength(3);
  });

  it('takes everything when told to discard', () => {
    const { actions, kept } = planRemoval(desired.functionName, bothKinds, discard);
    expect(kept).toEqual([]);
    expect(actions.filter(({ type }) => type === 'deleteQueue')).toHaveLength(4);
  });

  it('ends with nothing, from whatever there is and whenever it crashes', () => {
    fc.assert(
      fc.property(anySeen(desired), fc.array(fc.nat(6), { maxLength: 3 }), (seen, crashes) => {
        let world = worldOf(desired, seen);
        const plan = () => planRemoval(desired.functionName, world.seen, discard).actions;
        for (const count of crashes) world = performAll(world, plan().slice(0, count));
        world = performAll(world, plan());
        expect(world.seen).toEqual({ mappings: [] });
        expect(plan()).toEqual([]);
      }),
    );
  });
});

describe('removing a replaced queue', () => {
  it('leaves the function and the new queues alone', () => {
    const mappings = [...observedOf(former).mappings.map((mapping) => ({ ...mapping, id: 'former' })), ...observedOf(desired).mappings];
    const { actions, kept } = planFormerQueueRemoval({ ...bothKinds, mappings }, ({ messages }) => messages > 0);
    expect(actions).toEqual([
      expect.objectContaining({ type: 'deleteMapping', id: 'former' }),
      expect.objectContaining({ type: 'awaitMappingGone', id: 'former' }),
      expect.objectContaining({ type: 'deleteQueue', url: bothKinds.formerQueue?.url }),
    ]);
    expect(kept).toEqual([bothKinds.formerDeadLetterQueue]);
  });

  it('takes its dead-letter queue along when it is empty', () => {
    const { actions } = planFormerQueueRemoval(bothKinds, () => false);
    expect(actions.filter(({ type }) => type === 'deleteQueue')).toHaveLength(2);
  });
});

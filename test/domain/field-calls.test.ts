/** A changed field costs exactly the calls its line in the table promises, in that order. */
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { ConfigItem } from '../../lambdas/contract/config-item.ts';
import { type DesiredPipeline, desiredPipeline, wishHash } from '../../lambdas/domain/desired.ts';
import type { Observed } from '../../lambdas/domain/observed.ts';
import { planPipeline } from '../../lambdas/domain/plan.ts';
import { group, item, observedOf, proven, release, stage, wish } from './builders.ts';
import { creationCalls, fieldCalls } from './field-calls.ts';

const nothing: Observed = { mappings: [] };
const types = (desired: DesiredPipeline, observed: Observed) => planPipeline(desired, observed, proven(desired)).map(({ type }) => type);

const desiredFor = (fields: Record<string, unknown> = {}) => {
  const effective = item(fields);
  return desiredPipeline(effective, effective.code.version ?? release, stage);
};

/** With `queue.fifo` changed, the queues of the other kind are what is there. */
function seen(before: DesiredPipeline, after: DesiredPipeline): Observed {
  const { queue, deadLetterQueue, ...rest } = observedOf(before);
  if (before.queue.name === after.queue.name) return observedOf(before);
  return { ...rest, ...(queue ? { formerQueue: queue } : {}), ...(deadLetterQueue ? { formerDeadLetterQueue: deadLetterQueue } : {}) };
}

describe('calls by field', () => {
  it.each(fieldCalls)('$field, $change', ({ before, after, calls }) => {
    const [from, to] = [desiredFor(before), desiredFor(after)];
    expect(types(to, seen(from, to))).toEqual(calls);
  });

  it('has a line for every field of the item', () => {
    const lines = new Set(fieldCalls.map(({ field }) => field));
    const missing = leaves(ConfigItem).filter((path) => path !== 'taskGroup' && !lines.has(path) && !lines.has(path.split('.')[0] ?? ''));
    expect(missing).toEqual([]);
  });

  it('has no line for a field there is not', () => {
    const known = new Set(leaves(ConfigItem).flatMap((path) => [path, ...path.split('.').slice(0, 1)]));
    expect(fieldCalls.filter(({ field }) => !known.has(field) && field !== 'function.vpc')).toEqual([]);
  });

  it('tells every change by the hash of the wish but for the release', () => {
    for (const { before, after, field } of fieldCalls) {
      const [from, to] = [item(before), item(after)];
      expect.soft(wishHash(to, desiredPipeline(to, release, stage)), field).not.toBe(wishHash(from, desiredPipeline(from, release, stage)));
      expect(wishHash(to, desiredPipeline(to, release, stage))).toBe(wishHash(to, desiredPipeline(to, 'v9', stage)));
    }
  });
});

describe('a new pipeline', () => {
  it('is made in this order', () => {
    const desired = wish();
    expect(planPipeline(desired, nothing, { provenFor: [] }).map(({ type }) => type)).toEqual(creationCalls);
  });

  it('takes at most three writes of the Lambda control plane', () => {
    const writes = planPipeline(wish(), nothing, { provenFor: [] }).filter(
      ({ type }) => /Function$|Concurrency$|Mapping$/.test(type) && !/^(await|prove)/.test(type),
    );
    expect(writes.map(({ type }) => type)).toEqual(['createFunction', 'putConcurrency', 'createMapping']);
  });

  it('names its group in what it makes', () => {
    for (const action of planPipeline(wish(), nothing, { provenFor: [] })) {
      if (action.type === 'createQueue' || action.type === 'createMapping')
        expect(action.tags).toMatchObject({ 'sluice:task-group': group });
    }
  });
});

/** Paths of the item's fields: a nested object's own, a map or list as one. */
function leaves(schema: z.ZodObject, path = ''): string[] {
  return Object.entries(schema.shape).flatMap(([name, field]) => {
    const here = path ? `${path}.${name}` : name;
    const inner = unwrapped(field as z.ZodType);
    return 'shape' in inner && here !== 'function.vpc' ? leaves(inner as z.ZodObject, here) : [here];
  });
}

function unwrapped(field: z.ZodType): z.ZodType {
  return 'unwrap' in field && typeof field.unwrap === 'function' ? unwrapped(field.unwrap() as z.ZodType) : field;
}

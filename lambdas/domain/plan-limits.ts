/**
 * The part of a plan about reserved concurrency and the mapping. Pure.
 *
 * Raising: room in the function first, then more pollers; lowering: fewer pollers first, so that none meets a closed
 * door and spends a task's receives. Pausing comes before everything else, starting after everything else.
 */
import type { Action } from './actions.ts';
import type { DesiredMapping, DesiredPipeline } from './desired.ts';
import type { Observed, ObservedMapping } from './observed.ts';

export interface LimitsPlan {
  before: Action[];
  concurrency: Action[];
  after: Action[];
}

export function planLimits(desired: DesiredPipeline, observed: Observed): LimitsPlan {
  const { functionName } = desired;
  const [current, ...doubles] = liveMappings(desired, observed);
  const going = observed.mappings.filter((mapping) => mapping.queueName === desired.queue.name && mapping.state === 'Deleting');
  const removed = [
    ...doubles.map((mapping): Action => ({ type: 'deleteMapping', id: mapping.id, reason: 'a second mapping of the same queue' })),
    ...(current
      ? []
      : going.map(
          (mapping): Action => ({ type: 'awaitMappingGone', id: mapping.id, reason: 'AWS takes no new mapping while the old one goes' }),
        )),
  ];
  if (!observed.function && !desired.code) return { before: [], concurrency: [], after: removed };

  const concurrency = planConcurrency(desired, observed);
  const mapping = current
    ? planMappingUpdate(desired.mapping, current)
    : observed.formerQueue
      ? [] // The queue being replaced is worked off first: one mapping at a time keeps the order of a FIFO queue.
      : ([
          {
            type: 'createMapping',
            functionName,
            queueName: desired.queue.name,
            mapping: desired.mapping,
            tags: desired.tags,
            reason: 'the mapping is missing',
          },
        ] satisfies Action[]);

  const first = current !== undefined && (lowers(desired, observed, current) || (current.enabled && !desired.mapping.enabled));
  return first ? { before: [...mapping, ...removed], concurrency, after: [] } : { before: removed, concurrency, after: mapping };
}

/** The mappings of the wished queue that are not on their way out. */
export const liveMappings = (desired: DesiredPipeline, observed: Observed) =>
  observed.mappings.filter((mapping) => mapping.queueName === desired.queue.name && mapping.state !== 'Deleting');

function planConcurrency(desired: DesiredPipeline, observed: Observed): Action[] {
  const { functionName, reservedConcurrency: wished } = desired;
  const seen = observed.function?.reservedConcurrency;
  if (wished === seen) return [];
  return wished === undefined
    ? [{ type: 'deleteConcurrency', functionName, reason: `reserved concurrency is ${seen}, none is wished` }]
    : [{ type: 'putConcurrency', functionName, reserved: wished, reason: `reserved concurrency is ${seen ?? 'not set'}, not ${wished}` }];
}

function planMappingUpdate(desired: DesiredMapping, observed: ObservedMapping): Action[] {
  const differing = [
    desired.batchSize !== observed.batchSize && 'batch size',
    desired.windowSeconds !== observed.windowSeconds && 'batch window',
    desired.maximumConcurrency !== observed.maximumConcurrency && 'maximum concurrency',
    desired.enabled !== observed.enabled && (desired.enabled ? 'paused' : 'not paused'),
    !observed.reportsItemFailures && 'item failures not reported',
  ].filter((name) => name !== false);
  return differing.length === 0
    ? []
    : [{ type: 'updateMapping', id: observed.id, mapping: desired, reason: `mapping differs: ${differing.join(', ')}` }];
}

function lowers(desired: DesiredPipeline, observed: Observed, current: ObservedMapping): boolean {
  const seen = observed.function?.reservedConcurrency;
  return (
    desired.mapping.maximumConcurrency < (current.maximumConcurrency ?? Number.POSITIVE_INFINITY) ||
    (desired.reservedConcurrency !== undefined && seen !== undefined && desired.reservedConcurrency < seen)
  );
}

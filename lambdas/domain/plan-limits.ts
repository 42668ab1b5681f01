/**
 * The part of a plan about reserved concurrency and the mapping. Pure.
 *
 * Raising: room in the function first, then more pollers; lowering: fewer pollers first, so that none meets a closed
 * door and spends a task's receives. Pausing comes before everything else, starting after everything else.
 */
import { mappingLimits } from '../contract/limits.ts';
import type { Action } from './actions.ts';
import type { DesiredMapping, DesiredPipeline } from './desired.ts';
import { isChanging, type Observed, type ObservedMapping, type ObservedQueue } from './observed.ts';

export interface LimitsPlan {
  before: Action[];
  concurrency: Action[];
  after: Action[];
}

export function planLimits(desired: DesiredPipeline, observed: Observed): LimitsPlan {
  const { formerQueue } = observed;
  const none: LimitsPlan = { before: [], concurrency: [], after: [] };
  const former = formerQueue ? planMapping(desired, observed, formerMappingWish(desired, observed, formerQueue)) : none;
  const own = planMapping(desired, observed, ownMappingWish(desired, observed));
  const willRun = observed.function !== undefined || desired.code !== undefined;
  return {
    before: [...own.before, ...former.before, ...(formerQueue ? [] : planOrphans(desired, observed))],
    concurrency: willRun ? planConcurrency(desired, observed) : [],
    after: willRun ? [...own.after, ...former.after] : [],
  };
}

/** Mappings of a former queue that was deleted by hand: they would outlive it for ever. */
const planOrphans = (desired: DesiredPipeline, { mappings }: Observed): Action[] =>
  mappings
    .filter((mapping) => mapping.queueName !== desired.queue.name && mapping.state !== 'Deleting')
    .map((mapping): Action => ({ type: 'deleteMapping', id: mapping.id, reason: 'its queue is gone' }));

/** The mappings of the wished queue that are not on their way out. */
export const liveMappings = (desired: DesiredPipeline, observed: Observed) => liveMappingsOf(desired.queue.name, observed);

const liveMappingsOf = (queueName: string, { mappings }: Observed) =>
  mappings.filter((mapping) => mapping.queueName === queueName && mapping.state !== 'Deleting');

/** Whether AWS would refuse part of the plan, as it still changes the mapping that is to be changed. */
export function meetsChangingMapping(plan: readonly Action[], { mappings }: Observed): boolean {
  const changing = new Set(mappings.filter(isChanging).map(({ id }) => id));
  return plan.some((action) => (action.type === 'updateMapping' || action.type === 'deleteMapping') && changing.has(action.id));
}

interface MappingWish {
  queueName: string;
  mapping: DesiredMapping;
  /** Whether one is made where there is none. */
  make: boolean;
}

/** While another queue is worked off first this one waits: two mappings at once would run twice the limit, and out of order. */
function ownMappingWish(desired: DesiredPipeline, observed: Observed): MappingWish {
  const { formerQueue: former } = observed;
  const waits = former !== undefined && (former.messages > 0 || liveMappingsOf(former.name, observed).length > 0);
  const mapping = { ...desired.mapping, enabled: desired.mapping.enabled && !waits };
  return { queueName: desired.queue.name, mapping, make: former === undefined };
}

/** A queue being replaced is worked off under the wished limit, in batches its own kind takes. */
function formerMappingWish(desired: DesiredPipeline, observed: Observed, former: ObservedQueue): MappingWish {
  const [current] = liveMappingsOf(former.name, observed);
  const fifo = former.name.endsWith('.fifo');
  const batch = current ?? {
    batchSize: fifo ? Math.min(mappingLimits.batchSize.fifo, desired.mapping.batchSize) : desired.mapping.batchSize,
    windowSeconds: fifo ? 0 : desired.mapping.windowSeconds,
  };
  const mapping = { ...desired.mapping, batchSize: batch.batchSize, windowSeconds: batch.windowSeconds };
  return { queueName: former.name, mapping, make: former.messages > 0 };
}

function planMapping(desired: DesiredPipeline, observed: Observed, wish: MappingWish): Pick<LimitsPlan, 'before' | 'after'> {
  const live = liveMappingsOf(wish.queueName, observed);
  // One that outlived its function would spend the tasks' receives, and hand them to a new one before its limits hold.
  const current = observed.function ? live[0] : undefined;
  const surplus = live.filter((mapping) => mapping !== current);
  const going = current ? [] : observed.mappings.filter((mapping) => mapping.queueName === wish.queueName);
  const removed = [
    ...surplus.map(
      (mapping): Action => ({
        type: 'deleteMapping',
        id: mapping.id,
        reason: current ? 'a second mapping of the same queue' : 'it outlived its function',
      }),
    ),
    ...going.map(
      (mapping): Action => ({ type: 'awaitMappingGone', id: mapping.id, reason: 'AWS takes no new mapping while the old one goes' }),
    ),
  ];
  if (current) {
    const update = planMappingUpdate(wish.mapping, current);
    return goesFirst(desired, observed, wish, current)
      ? { before: [...update, ...removed], after: [] }
      : { before: removed, after: update };
  }
  const { queueName, mapping } = wish;
  const reason = 'the mapping is missing';
  const created: Action = { type: 'createMapping', functionName: desired.functionName, queueName, mapping, tags: desired.tags, reason };
  return { before: removed, after: wish.make ? [created] : [] };
}

/** A disabled mapping has no pollers to take back, and must not be enabled before the rest is as wished. */
function goesFirst(desired: DesiredPipeline, observed: Observed, { queueName, mapping }: MappingWish, current: ObservedMapping): boolean {
  return current.enabled === true && takesChanges(desired, observed, queueName) && (!mapping.enabled || lowers(desired, observed, current));
}

/** AWS refuses every change of a mapping whose queue is gone, or (just made anew) hides tasks for less than the function's timeout as it still is. */
function takesChanges({ queue }: DesiredPipeline, observed: Observed, queueName: string): boolean {
  const seen = [observed.queue, observed.formerQueue].find((one) => one?.name === queueName);
  const visibility = Math.max(Number(seen?.attributes.VisibilityTimeout ?? 0), Number(queue.attributes.VisibilityTimeout));
  return visibility >= (observed.function?.configuration.Timeout ?? 0);
}

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
    // While AWS does not tell, it is taken to become as it was last told; a later look compares.
    observed.enabled !== undefined && desired.enabled !== observed.enabled && (desired.enabled ? 'disabled' : 'not disabled'),
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

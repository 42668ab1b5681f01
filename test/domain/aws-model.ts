/** AWS as a pure function over what a look sees: an action done, or refused as AWS would refuse it. */
import { pipelineNames } from '../../lambdas/contract/names.ts';
import type { Action } from '../../lambdas/domain/actions.ts';
import type { DesiredPipeline, DesiredQueue } from '../../lambdas/domain/desired.ts';
import type { Observed, ObservedFunction, ObservedMapping, ObservedQueue } from '../../lambdas/domain/observed.ts';
import { group, prefix, queueOf, shaOf } from './builders.ts';

/** The account around one group's resources. */
export interface World {
  seen: Observed;
  /** Names of this group's queues by slot, as `observePipeline` would look for them. */
  names: Record<QueueSlot, string>;
  /** An update that AWS still works on. */
  inProgress: boolean;
  provenFor: string[];
  mappingsMade: number;
}

const slots = ['queue', 'deadLetterQueue', 'formerQueue', 'formerDeadLetterQueue'] as const;
export type QueueSlot = (typeof slots)[number];

export class Refused extends Error {}

function refuseIf(wrong: unknown, why: string): void {
  if (wrong) throw new Refused(why);
}

/** What a look for `desired` sees, and nothing else. */
export function worldOf(desired: DesiredPipeline, seen: Observed): World {
  const fifo = desired.queue.name.endsWith('.fifo');
  const [names, former] = [pipelineNames(prefix, group, fifo), pipelineNames(prefix, group, !fifo)];
  const { queue, deadLetterQueue } = names;
  return {
    seen,
    names: { queue, deadLetterQueue, formerQueue: former.queue, formerDeadLetterQueue: former.deadLetterQueue },
    inProgress: false,
    provenFor: [],
    mappingsMade: 0,
  };
}

export const performAll = (world: World, actions: readonly Action[]) => actions.reduce(perform, world);

/** Between two looks AWS ends what it was at. */
export const later = (world: World): World => ({ ...world, inProgress: false });

export function perform(world: World, action: Action): World {
  const { seen } = world;
  switch (action.type) {
    case 'createQueue':
      return { ...world, seen: createQueue(world, action.queue, action.tags) };
    case 'setQueueAttributes':
      return withQueue(world, action.url, (queue) => setAttributes(world, queue, action.attributes));
    case 'tagQueue':
      return withQueue(world, action.url, (queue) => ({ ...queue, tags: tagged(queue.tags, action.tags) }));
    case 'untagQueue':
      return withQueue(world, action.url, (queue) => ({ ...queue, tags: untagged(queue.tags, action.keys) }));
    case 'deleteQueue':
      return { ...world, seen: withoutQueue(seen, slotOf(seen, action.url)) };
    case 'createFunction':
      refuseIf(seen.function, 'the function exists');
      return { ...world, seen: { ...seen, function: made(action) } };
    case 'updateFunctionConfiguration':
      refuseIf(
        action.changes.Timeout && visibilities(seen).some((seconds) => seconds < (action.changes.Timeout ?? 0)),
        'timeout above visibility',
      );
      refuseIf((action.changes.SubnetIds === undefined) !== (action.changes.SecurityGroupIds === undefined), 'half a VPC');
      return { ...updated(world, (fn) => ({ ...fn, configuration: { ...fn.configuration, ...action.changes } })), inProgress: true };
    case 'updateFunctionCode':
      return {
        ...updated(world, (fn) => ({
          ...fn,
          architecture: action.architecture,
          codeSha256: shaOf(action.code),
          ...(fn.code ? { code: action.code } : {}),
        })),
        inProgress: true,
      };
    case 'awaitFunction':
      return { ...settled(world), inProgress: false };
    case 'proveFunction':
      refuseIf(existing(world).state === 'Pending' || world.inProgress, 'not to be invoked yet');
      return { ...world, provenFor: [...world.provenFor, action.provenFor] };
    case 'putConcurrency':
      return withFunction(world, (fn) => ({ ...fn, reservedConcurrency: action.reserved }));
    case 'deleteConcurrency':
      return withFunction(world, ({ reservedConcurrency: _gone, ...fn }) => fn);
    case 'tagFunction':
      return updated(world, (fn) => ({ ...fn, tags: tagged(fn.tags, action.tags) }));
    case 'untagFunction':
      return updated(world, (fn) => ({ ...fn, tags: untagged(fn.tags, action.keys) }));
    case 'deleteFunction': {
      const { function: _gone, ...rest } = seen;
      return { ...world, seen: rest };
    }
    case 'createMapping':
      return {
        ...world,
        mappingsMade: world.mappingsMade + 1,
        seen: { ...seen, mappings: [...seen.mappings, createMapping(world, action)] },
      };
    case 'updateMapping':
      return withMapping(world, action.id, (mapping) => configured(world, mapping, action.mapping));
    case 'deleteMapping':
      return withMapping(world, action.id, (mapping) => ({ ...mapping, state: 'Deleting', enabled: false }));
    case 'awaitMappingGone':
      refuseIf(
        seen.mappings.some(({ id, state }) => id === action.id && state !== 'Deleting'),
        'it does not go by itself',
      );
      return { ...world, seen: { ...seen, mappings: seen.mappings.filter(({ id }) => id !== action.id) } };
  }
}

function createQueue({ seen, names }: World, queue: DesiredQueue, tags: Record<string, string>): Observed {
  const slot = slots.find((name) => names[name] === queue.name);
  refuseIf(slot === undefined, `a queue of another group: ${queue.name}`);
  refuseIf(slot && seen[slot], 'the queue exists');
  refuseIf(Object.keys(tags).length > 50, 'too many tags');
  refuseIf(
    queue.attributes['RedrivePolicy'] && !deadLetterTargetExists(seen, queue.attributes['RedrivePolicy']),
    'no such dead-letter queue',
  );
  return { ...seen, [slot as QueueSlot]: queueOf(queue, tags) };
}

const deadLetterTargetExists = (seen: Observed, policy: string) =>
  [seen.deadLetterQueue, seen.formerDeadLetterQueue].some((queue) => queue && policy.includes(`:${queue.name}"`));

function setAttributes({ seen }: World, queue: ObservedQueue, attributes: Record<string, string>): ObservedQueue {
  refuseIf('FifoQueue' in attributes, 'FifoQueue cannot be set afterwards');
  refuseIf(
    Number(attributes['VisibilityTimeout'] ?? 43_200) < (pollsFor(seen, queue.name)?.configuration.Timeout ?? 0),
    'visibility below the timeout',
  );
  refuseIf(attributes['RedrivePolicy'] && !deadLetterTargetExists(seen, attributes['RedrivePolicy']), 'no such dead-letter queue');
  return { ...queue, attributes: { ...queue.attributes, ...attributes } };
}

const pollsFor = (seen: Observed, name: string) => (seen.mappings.some(({ queueName }) => queueName === name) ? seen.function : undefined);

/** Visibility of the queues that a mapping reads. */
const visibilities = (seen: Observed) =>
  [seen.queue, seen.formerQueue]
    .filter((queue) => queue && pollsFor(seen, queue.name))
    .map((queue) => Number(queue?.attributes['VisibilityTimeout']));

function tagged(tags: Record<string, string>, more: Record<string, string>): Record<string, string> {
  const all = { ...tags, ...more };
  refuseIf(Object.keys(all).length > 50, 'too many tags');
  return all;
}

const untagged = (tags: Record<string, string>, keys: string[]) =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key)));

function slotOf(seen: Observed, url: string): QueueSlot {
  const slot = slots.find((name) => seen[name]?.url === url);
  if (!slot) throw new Refused(`no queue ${url}`);
  return slot;
}

function withQueue(world: World, url: string, change: (queue: ObservedQueue) => ObservedQueue): World {
  const slot = slotOf(world.seen, url);
  return { ...world, seen: { ...world.seen, [slot]: change(world.seen[slot] as ObservedQueue) } };
}

function withoutQueue(seen: Observed, slot: QueueSlot): Observed {
  const { [slot]: _gone, ...rest } = seen;
  return rest as Observed;
}

function made({ wish, code }: Extract<Action, { type: 'createFunction' }>): ObservedFunction {
  return {
    configuration: structuredClone(wish.configuration),
    architecture: wish.architecture,
    codeSha256: shaOf(code),
    code,
    tags: { ...wish.tags },
    state: 'Pending',
    updating: false,
  };
}

function existing({ seen }: World): ObservedFunction {
  if (!seen.function) throw new Refused('no function');
  return seen.function;
}

const withFunction = (world: World, change: (fn: ObservedFunction) => ObservedFunction): World => ({
  ...world,
  seen: { ...world.seen, function: change(existing(world)) },
});

/** What AWS refuses of a function that is pending or being updated. */
function updated(world: World, change: (fn: ObservedFunction) => ObservedFunction): World {
  refuseIf(existing(world).state === 'Pending' || world.inProgress, 'an update is in progress');
  return withFunction(world, change);
}

const settled = (world: World) => withFunction(world, (fn) => ({ ...fn, state: 'Active' }));

type MappingSettings = Extract<Action, { type: 'updateMapping' }>['mapping'];

function createMapping(world: World, { queueName, mapping, functionName }: Extract<Action, { type: 'createMapping' }>): ObservedMapping {
  refuseIf(
    world.seen.mappings.some((other) => other.queueName === queueName),
    `a mapping of ${queueName} exists`,
  );
  refuseIf(existing(world).state === 'Pending', `${functionName} is pending`);
  const id = `made-${world.mappingsMade + 1}`;
  return configured(
    world,
    { id, queueName, state: '', batchSize: 10, windowSeconds: 0, reportsItemFailures: false, enabled: true },
    mapping,
  );
}

function configured({ seen }: World, mapping: ObservedMapping, to: MappingSettings): ObservedMapping {
  const queue = [seen.queue, seen.formerQueue].find((one) => one?.name === mapping.queueName);
  const fifo = mapping.queueName.endsWith('.fifo');
  refuseIf(mapping.state === 'Deleting', 'it is being deleted');
  refuseIf(!queue, `no queue ${mapping.queueName}`);
  refuseIf(Number(queue?.attributes['VisibilityTimeout']) < (seen.function?.configuration.Timeout ?? 0), 'visibility below the timeout');
  refuseIf(to.maximumConcurrency < 2 || to.maximumConcurrency > 1_000, 'maximum concurrency');
  refuseIf(to.batchSize > 10 && (fifo || to.windowSeconds < 1), 'batch size');
  refuseIf(fifo && to.windowSeconds > 0, 'a window on FIFO');
  const { batchSize, windowSeconds, maximumConcurrency, enabled } = to;
  return {
    ...mapping,
    batchSize,
    windowSeconds,
    maximumConcurrency,
    enabled,
    state: enabled ? 'Enabled' : 'Disabled',
    reportsItemFailures: true,
  };
}

function withMapping(world: World, id: string, change: (mapping: ObservedMapping) => ObservedMapping): World {
  const { mappings } = world.seen;
  refuseIf(!mappings.some((mapping) => mapping.id === id), `no mapping ${id}`);
  return { ...world, seen: { ...world.seen, mappings: mappings.map((mapping) => (mapping.id === id ? change(mapping) : mapping)) } };
}

/**
 * The calls that take a pipeline away. Pure. Order: mapping, then function, then queues, as a mapping outlives both and
 * would make the next one fail.
 */
import type { Action } from './actions.ts';
import type { Observed, ObservedQueue } from './observed.ts';

export interface RemovalPlan {
  actions: Action[];
  /** Dead-letter queues that stay because they hold something. */
  kept: ObservedQueue[];
}

export interface RemovalMode {
  why: 'discarded' | 'drained';
  /** True keeps dead-letter queues that hold something, or did in a look before: counts are approximate. */
  keepDeadLetters: (queue: ObservedQueue) => boolean;
}

export function planRemoval(functionName: string, observed: Observed, mode: RemovalMode): RemovalPlan {
  const reason = `the group is ${mode.why}`;
  const queues = [observed.queue, observed.formerQueue].filter((queue) => queue !== undefined);
  const deadLetterQueues = [observed.deadLetterQueue, observed.formerDeadLetterQueue].filter((queue) => queue !== undefined);
  const kept = deadLetterQueues.filter(mode.keepDeadLetters);
  return {
    actions: [
      ...removeMappings(observed, reason),
      ...(observed.function ? [{ type: 'deleteFunction' as const, functionName, reason }] : []),
      ...[...queues, ...deadLetterQueues.filter((queue) => !kept.includes(queue))].map(
        (queue): Action => ({ type: 'deleteQueue', url: queue.url, reason }),
      ),
    ],
    kept,
  };
}

/** Takes a drained queue of the other kind away; the function stays, the new queue's mapping follows. */
export function planFormerQueueRemoval(observed: Observed, keepDeadLetters: (queue: ObservedQueue) => boolean): RemovalPlan {
  const { formerQueue, formerDeadLetterQueue } = observed;
  const reason = 'the queue of the former kind is drained';
  const mappings = observed.mappings.filter((mapping) => mapping.queueName === formerQueue?.name);
  const keeps = formerDeadLetterQueue !== undefined && keepDeadLetters(formerDeadLetterQueue);
  return {
    actions: [
      ...removeMappings({ ...observed, mappings }, reason),
      ...(formerQueue ? [{ type: 'deleteQueue' as const, url: formerQueue.url, reason }] : []),
      ...(formerDeadLetterQueue && !keeps ? [{ type: 'deleteQueue' as const, url: formerDeadLetterQueue.url, reason }] : []),
    ],
    kept: keeps ? [formerDeadLetterQueue] : [],
  };
}

function removeMappings(observed: Observed, reason: string): Action[] {
  const deleting = observed.mappings.filter((mapping) => mapping.state !== 'Deleting');
  return [
    ...deleting.map((mapping): Action => ({ type: 'deleteMapping', id: mapping.id, reason })),
    ...observed.mappings.map(
      (mapping): Action => ({ type: 'awaitMappingGone', id: mapping.id, reason: 'a mapping outlives its queue and function' }),
    ),
  ];
}

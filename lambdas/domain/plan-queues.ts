/** The part of a plan about the queue and its dead-letter queue. Pure. */
import { canonicalJson } from '../contract/names.ts';
import type { Tags } from '../contract/tags.ts';
import type { Action } from './actions.ts';
import type { DesiredPipeline, DesiredQueue } from './desired.ts';
import type { Observed, ObservedQueue } from './observed.ts';
import { planTags } from './plan-tags.ts';

/** `before` the function's own changes, `after` them: only a falling visibility has to wait. */
export function planQueues(desired: DesiredPipeline, observed: Observed): { before: Action[]; after: Action[] } {
  const main = planQueue(desired.queue, observed.queue, desired.tags);
  const visibilityFalls =
    observed.queue !== undefined &&
    Number(desired.queue.attributes.VisibilityTimeout) < Number(observed.queue.attributes.VisibilityTimeout);
  return {
    // The dead-letter queue first: a redrive policy may only name one that exists.
    before: [
      ...planQueue(desired.deadLetterQueue, observed.deadLetterQueue, desired.tags),
      ...(visibilityFalls ? [] : main),
      ...planFormerQueue(desired, observed.formerQueue),
    ],
    after: visibilityFalls ? main : [],
  };
}

/** A queue being replaced stays as it is, unless the function may run longer than its tasks stay invisible. */
function planFormerQueue({ queue, configuration }: DesiredPipeline, former: ObservedQueue | undefined): Action[] {
  if (!former || Number(former.attributes.VisibilityTimeout) >= configuration.Timeout) return [];
  const attributes = { VisibilityTimeout: queue.attributes.VisibilityTimeout ?? '' };
  return [{ type: 'setQueueAttributes', url: former.url, attributes, reason: `VisibilityTimeout of ${former.name} is below the timeout` }];
}

function planQueue(desired: DesiredQueue, observed: ObservedQueue | undefined, tags: Tags): Action[] {
  if (!observed) return [{ type: 'createQueue', queue: desired, tags, reason: `queue ${desired.name} is missing` }];
  const changed = changedAttributes(desired, observed);
  const names = Object.keys(changed);
  return [
    ...(names.length === 0
      ? []
      : [
          {
            type: 'setQueueAttributes' as const,
            url: observed.url,
            attributes: changed,
            reason: `${names.join(', ')} of ${desired.name} differ`,
          },
        ]),
    ...planTags(tags, observed.tags).map(
      (change): Action =>
        change.kind === 'set'
          ? { type: 'tagQueue', url: observed.url, tags: change.tags, reason: `tags of ${desired.name} differ` }
          : { type: 'untagQueue', url: observed.url, keys: change.keys, reason: `${desired.name} has tags nobody wishes` },
    ),
  ];
}

function changedAttributes(desired: DesiredQueue, observed: ObservedQueue): Record<string, string> {
  const different = Object.entries(desired.attributes).filter(([name, value]) => !sameValue(value, observed.attributes[name]));
  // A queue's kind is in its name and cannot be set afterwards.
  return Object.fromEntries(different.filter(([name]) => name !== 'FifoQueue'));
}

function sameValue(wished: string, seen: string | undefined): boolean {
  if (wished === seen) return true;
  if (seen === undefined || !wished.startsWith('{')) return false;
  try {
    return canonicalJson(textual(JSON.parse(wished))) === canonicalJson(textual(JSON.parse(seen)));
  } catch {
    return false;
  }
}

/** SQS gives a number of a JSON attribute back as the text or the number it was. */
const textual = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_key, inner) => (typeof inner === 'number' ? String(inner) : inner));

/**
 * From what is wished and what was seen to the calls that close the gap, in the order AWS needs. Pure: plain data in,
 * plain data out. Nothing wished differs from what was seen ⇒ no action.
 *
 * Order: queues, then the function, then its limits, then the mapping, so that nothing runs before its limits hold;
 * visibility rises before the function's timeout and falls after it; each function update is waited for.
 */
import { mappingLimits } from '../contract/limits.ts';
import type { Action } from './actions.ts';
import type { DesiredPipeline } from './desired.ts';
import type { Observed, ObservedFunction } from './observed.ts';
import { type PlanContext, planFunction } from './plan-function.ts';
import { planLimits } from './plan-limits.ts';
import { planQueues } from './plan-queues.ts';

export function planPipeline(desired: DesiredPipeline, seen: Observed, context: PlanContext): Action[] {
  const { observed, first } = withoutFailedFunction(desired, seen);
  const queues = planQueues(desired, observed);
  const fn = planFunction(desired, observed, context);
  const limits = planLimits(desired, observed);
  return [
    ...first,
    ...queues.before,
    ...limits.before,
    ...fn.create,
    ...fn.update,
    ...queues.after,
    ...limits.concurrency,
    ...fn.prove,
    ...limits.after,
    ...fn.tags,
  ];
}

/** A function whose creation failed takes no change: it is made anew (LDG/functions-states). */
function withoutFailedFunction(desired: DesiredPipeline, seen: Observed): { observed: Observed; first: Action[] } {
  if (seen.function?.state !== 'Failed' || !desired.code) return { observed: seen, first: [] };
  const { function: _failed, ...observed } = seen;
  return { observed, first: [{ type: 'deleteFunction', functionName: desired.functionName, reason: 'its creation failed' }] };
}

/**
 * The wish as far as it goes while there is no room for its reservation: a new group gets its queues, a running one
 * keeps the limit it has (never more than it wishes) and every other change.
 */
export function withoutRoom(desired: DesiredPipeline, observed: Observed): DesiredPipeline {
  const { code, reservedConcurrency: wished = Number.POSITIVE_INFINITY, ...rest } = desired;
  if (!observed.function) return rest;
  const seen = observed.function.reservedConcurrency;
  const held = seen === undefined ? undefined : Math.min(seen, wished);
  const { min } = mappingLimits.maximumConcurrency;
  const current = observed.mappings.find((mapping) => mapping.state !== 'Deleting');
  const kept = current?.maximumConcurrency ?? Math.max(min, held ?? min);
  // Without a reservation the mapping alone is the cap, and there is none below 2; what never ran does not start without either.
  const capped = held !== undefined || (current !== undefined && wished >= min);
  return {
    ...rest,
    ...(code ? { code } : {}),
    ...(held === undefined ? {} : { reservedConcurrency: held }),
    mapping: {
      ...desired.mapping,
      maximumConcurrency: Math.min(kept, desired.mapping.maximumConcurrency),
      enabled: desired.mapping.enabled && capped,
    },
  };
}

/** Only what brings the wished release to a function that is as wished otherwise: what a rollout does. */
export function planRelease(desired: DesiredPipeline, fn: ObservedFunction, recorded: PlanContext['recorded']): Action[] {
  const { update } = planFunction(desired, { function: fn, mappings: [] }, { ...(recorded ? { recorded } : {}), provenFor: [] });
  return update.filter((action) => action.type === 'updateFunctionCode');
}

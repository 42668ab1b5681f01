/**
 * The order in which the rate and concurrency of a running group may change. Pure.
 *
 * An invocation spaces its starts c / r seconds apart, as its environment said when it began; a group starts at most
 * (invocations at once) / (shortest spacing) tasks a second. So what makes it slower comes first, and what makes it
 * faster follows when every invocation that began before has ended: one function timeout later.
 *
 * - Both grow (concurrency raised at about the same rate): the spacing, one timeout, then the concurrency.
 * - Both shrink: the concurrency, one timeout, then the spacing.
 * - The spacing grows, the concurrency does not: each step alone makes it slower; nothing waits.
 * - The spacing shrinks, the concurrency does not: each step alone stays below the new pair, which is the new rate.
 * - The rate goes: there is none left to exceed. A rate comes: its spacing grows from 0.
 * - Paused: once the mapping is disabled nothing begins, and nothing waits; resuming is a concurrency that grows from 0.
 * - There is no function yet: nothing runs that would have to end.
 */
import { consumerEnvironment as keys } from '../contract/consumer-env.ts';
import { mappingLimits } from '../contract/limits.ts';
import type { FormerLimit, LimitsMemory } from '../contract/pipeline-row.ts';
import type { Action } from './actions.ts';
import type { DesiredPipeline } from './desired.ts';
import {
  alive,
  isCloser,
  type LimitsInForce,
  leastSpacing,
  limitsSeen,
  limitsSet,
  mostConcurrency,
  noteLimits,
  spacingOf,
} from './limits-in-force.ts';
import type { Observed } from './observed.ts';

export interface Step {
  /** As far as the wish may go now. */
  desired: DesiredPipeline;
  /** Absent where no rate is held, nor was. */
  memory?: LimitsMemory;
}

/** What to make of the wish now. The row must have `memory` before the first call is made. */
export function stepTowards(desired: DesiredPipeline, observed: Observed, before: LimitsMemory | undefined, nowMs: number): Step {
  const current = limitsSeen(observed);
  if (spacingOf(desired.configuration.Environment) === 0 && current.spacingSeconds === 0) return { desired };
  const memory = noteLimits(before, current, nowMs);
  return { desired: heldBack(desired, observed, current, holdsOf(desired, current, memory, nowMs)), memory };
}

export interface StepTaken {
  memory?: LimitsMemory;
  waiting?: Waiting;
}

/** What is known, and what has to wait still, once `plan` has brought the group as far as `step`. */
export function afterStep(desired: DesiredPipeline, step: Step, plan: readonly Action[], observed: Observed, nowMs: number): StepTaken {
  if (!step.memory) return {};
  const current = observed.function || step.desired.code ? limitsSet(step.desired, plan) : limitsSeen(observed);
  const memory = noteLimits(step.memory, current, nowMs);
  const waiting = waitingFor(desired, current, memory, nowMs);
  return { memory, ...(waiting ? { waiting } : {}) };
}

interface Holds {
  spacing: boolean;
  concurrency: boolean;
}

/** Which part of the wish has to wait, with `current` in force. */
function holdsOf(desired: DesiredPipeline, current: LimitsInForce, memory: LimitsMemory, nowMs: number): Holds {
  if (current.timeoutSeconds === 0) return { spacing: false, concurrency: false };
  const [spacing, concurrency, { enabled }] = [spacingOf(desired.configuration.Environment), concurrencyOf(desired), desired.mapping];
  // A mapping that is being disabled goes on for seconds; once it is, nothing begins that would have to wait.
  const most = enabled ? mostConcurrency(memory, nowMs) : memory.concurrency;
  return {
    spacing: spacing > 0 && isCloser(spacing, memory.spacingSeconds) && most > concurrency,
    concurrency: (enabled || most > 0) && concurrency > current.concurrency && isCloser(leastSpacing(memory, nowMs), spacing),
  };
}

const concurrencyOf = ({ reservedConcurrency, mapping }: DesiredPipeline) =>
  Math.min(reservedConcurrency ?? mapping.maximumConcurrency, mapping.maximumConcurrency);

/** The wish without the part that has to wait. */
function heldBack(desired: DesiredPipeline, observed: Observed, current: LimitsInForce, holds: Holds): DesiredPipeline {
  const spaced = holds.spacing ? withSpacing(desired, observed) : desired;
  return holds.concurrency ? withConcurrency(spaced, observed, current.concurrency) : spaced;
}

const spacingKeys = [keys.ratePerSecond, keys.concurrency, keys.batchSize];

/** The environment is given to Lambda whole: only our own three of it stay as they are. */
function withSpacing(desired: DesiredPipeline, { function: fn, queue }: Observed): DesiredPipeline {
  if (!fn) return desired;
  const { configuration } = desired;
  const kept = Object.entries(fn.configuration.Environment).filter(([key]) => spacingKeys.some((own) => own === key));
  const others = Object.entries(configuration.Environment).filter(([key]) => !spacingKeys.some((own) => own === key));
  // The longer spacing was made for the longer timeout: an invocation must have room to hold it.
  const Timeout = Math.max(configuration.Timeout, fn.configuration.Timeout);
  const visibility = Math.max(Number(desired.queue.attributes.VisibilityTimeout), Number(queue?.attributes.VisibilityTimeout ?? 0));
  return {
    ...desired,
    configuration: { ...configuration, Timeout, Environment: Object.fromEntries([...others, ...kept]) },
    queue: { ...desired.queue, attributes: { ...desired.queue.attributes, VisibilityTimeout: String(visibility) } },
  };
}

/** As many at once as now; a mapping that is disabled or missing is not enabled. */
function withConcurrency(desired: DesiredPipeline, { function: fn, mappings }: Observed, concurrency: number): DesiredPipeline {
  const { reservedConcurrency: wished, mapping, ...rest } = desired;
  const idle = concurrency === 0;
  const seen = fn?.reservedConcurrency;
  // Also where none is wished any more: below a mapping's least only a reservation caps.
  const reserved = wished === undefined ? seen : Math.min(wished, idle ? (seen ?? wished) : concurrency);
  const polled = idle ? Math.max(...mappings.map(({ maximumConcurrency = 0 }) => maximumConcurrency)) : concurrency;
  const maximumConcurrency = Math.min(mapping.maximumConcurrency, Math.max(mappingLimits.maximumConcurrency.min, polled));
  return {
    ...rest,
    ...(reserved === undefined ? {} : { reservedConcurrency: reserved }),
    mapping: { ...mapping, maximumConcurrency, enabled: mapping.enabled && !idle },
  };
}

export interface Waiting {
  untilMs: number;
  message: string;
}

/** AWS changes a mapping within seconds; only a look tells when it is done. */
const mappingLookMs = 5_000;

/** Until when what is held has to wait, and how the status says it; undefined: nothing is held. */
function waitingFor(desired: DesiredPipeline, current: LimitsInForce, memory: LimitsMemory, nowMs: number): Waiting | undefined {
  const holds = holdsOf(desired, current, memory, nowMs);
  if (!holds.spacing && !holds.concurrency) return undefined;
  const [spacing, concurrency] = [spacingOf(desired.configuration.Environment), concurrencyOf(desired)];
  const shorter = holds.concurrency ? alive(memory.formerSpacings, nowMs).filter(({ value }) => isCloser(value, spacing)) : [];
  const higher = holds.spacing ? alive(memory.formerConcurrencies, nowMs).filter(({ value }) => value > concurrency) : [];
  const disabling = holds.concurrency && !desired.mapping.enabled;
  const lowering = holds.spacing && memory.concurrency > concurrency;
  const unsettled = disabling || lowering || (holds.concurrency && isCloser(memory.spacingSeconds, spacing));
  const untilMs = unsettled ? nowMs + mappingLookMs : last([...shorter, ...higher]);
  const sentences = [
    holds.concurrency && !desired.mapping.enabled && `the mapping must be disabled before concurrency rises to ${concurrency}`,
    holds.concurrency &&
      desired.mapping.enabled &&
      `the new spacing must be in force for one timeout before concurrency rises from ${current.concurrency} to ${concurrency}`,
    holds.spacing &&
      `the lower concurrency must be in force for one timeout before starts of an invocation come closer, from ${told(memory.spacingSeconds)} s to ${told(spacing)} s`,
  ].filter((sentence) => sentence !== false);
  return { untilMs, message: `${sentences.join('; ')}, until ${timeOfDay(untilMs)}` };
}

const last = (formers: readonly FormerLimit[]) => Math.max(...formers.map(({ untilMs }) => untilMs));
const told = (seconds: number) => Math.round(seconds * 1_000) / 1_000;

/** To the second, rounded up. */
export const timeOfDay = (atMs: number) => `${new Date(Math.ceil(atMs / 1_000) * 1_000).toISOString().slice(11, 19)}Z`;

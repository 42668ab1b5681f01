/**
 * Which limits the invocations of a group may still run under: those in force now, and earlier ones that whoever began
 * under them keeps to its end. Pure; the row remembers it between looks (contract/pipeline-row.ts, `limits`).
 *
 * A look notes what it sees before it changes anything, and what it set after AWS has taken it over. So whatever came
 * between (a crash, a lost row, a change by hand), a limit is never believed to be over too early, only too late.
 */
import { consumerEnvironment as keys } from '../contract/consumer-env.ts';
import { lambdaLimits, mappingLimits } from '../contract/limits.ts';
import type { FormerLimit, LimitsMemory } from '../contract/pipeline-row.ts';
import type { Action } from './actions.ts';
import type { DesiredPipeline } from './desired.ts';
import { isChanging, type Observed } from './observed.ts';

export interface LimitsInForce {
  /** Seconds between two starts in one invocation: c / r as the function's environment says; 0: none are kept. */
  spacingSeconds: number;
  /** Invocations at once; 0: none can begin. */
  concurrency: number;
  timeoutSeconds: number;
  /** AWS takes a new configuration over: invocations may still begin under the one before. */
  updating: boolean;
  /** AWS changes the mapping that caps the concurrency: more may still begin than it says. */
  changing: boolean;
}

const nothing: LimitsInForce = { spacingSeconds: 0, concurrency: 0, timeoutSeconds: 0, updating: false, changing: false };

export function limitsSeen({ function: fn, mappings }: Observed): LimitsInForce {
  if (!fn) return nothing;
  const cap = mappings
    .filter(({ enabled, state }) => enabled !== false && state !== 'Deleting')
    .reduce((sum, { maximumConcurrency = most }) => sum + maximumConcurrency, 0);
  const { Environment, Timeout } = fn.configuration;
  const concurrency = Math.min(fn.reservedConcurrency ?? most, cap);
  return {
    spacingSeconds: spacingOf(Environment),
    concurrency,
    timeoutSeconds: Timeout,
    updating: fn.updating,
    changing: fn.reservedConcurrency !== concurrency && mappings.some((mapping) => isChanging(mapping) || mapping.state === 'Deleting'),
  };
}

/** What holds once `plan` has made of what was seen what `desired` says. */
export function limitsSet({ configuration, reservedConcurrency, mapping }: DesiredPipeline, plan: readonly Action[]): LimitsInForce {
  const concurrency = mapping.enabled ? Math.min(reservedConcurrency ?? most, mapping.maximumConcurrency) : 0;
  return {
    spacingSeconds: spacingOf(configuration.Environment),
    concurrency,
    timeoutSeconds: configuration.Timeout,
    // A plan waits for each update of the function, but not for the mapping.
    updating: false,
    changing: reservedConcurrency !== concurrency && plan.some(({ type }) => type === 'updateMapping' || type === 'deleteMapping'),
  };
}

const most = mappingLimits.maximumConcurrency.max;

export function spacingOf(environment: Record<string, string>): number {
  const [concurrency, rate] = [Number(environment[keys.concurrency]), Number(environment[keys.ratePerSecond])];
  return concurrency > 0 && rate > 0 ? concurrency / rate : 0;
}

/** Both are quotients of the same kind of numbers: what differs less is rounding. */
export const isCloser = (a: number, b: number) => a < b * (1 - 1e-9);

/** What is known once `seen` holds at `nowMs`. Of a group without a function nothing runs. */
export function noteLimits(before: LimitsMemory | undefined, seen: LimitsInForce, nowMs: number): LimitsMemory {
  if (seen.timeoutSeconds === 0) return { spacingSeconds: 0, concurrency: 0, timeoutSeconds: 0 };
  const last = before ?? anything(seen, nowMs);
  // Who began under a longer timeout may outlast it; of an update under way the worse of both counts.
  const timeoutSeconds = seen.updating ? Math.max(last.timeoutSeconds, seen.timeoutSeconds) : seen.timeoutSeconds;
  const overMs = Math.max(nowMs + 1_000 * Math.max(last.timeoutSeconds, timeoutSeconds), last.overMs ?? 0);
  const spacingSeconds = seen.updating ? Math.min(last.spacingSeconds, seen.spacingSeconds) : seen.spacingSeconds;
  const concurrency = seen.changing ? Math.max(last.concurrency, seen.concurrency) : seen.concurrency;
  const idle = mostConcurrency(last, nowMs) === 0;
  const spacings = idle ? [] : alive(last.formerSpacings, nowMs);
  const concurrencies = alive(last.formerConcurrencies, nowMs);
  const left = { value: last.spacingSeconds, untilMs: overMs };
  const formerSpacings =
    !idle && isCloser(last.spacingSeconds, spacingSeconds) ? [...spacings.filter(({ value }) => value < left.value), left] : spacings;
  const formerConcurrencies =
    concurrency < last.concurrency
      ? [...concurrencies.filter(({ value }) => value > last.concurrency), { value: last.concurrency, untilMs: overMs }]
      : concurrencies;
  const outlasted = last.timeoutSeconds > timeoutSeconds ? overMs : (last.overMs ?? 0);
  return {
    spacingSeconds,
    concurrency,
    timeoutSeconds,
    ...(formerSpacings.length > 0 ? { formerSpacings } : {}),
    ...(formerConcurrencies.length > 0 ? { formerConcurrencies } : {}),
    ...(outlasted > nowMs ? { overMs: outlasted } : {}),
  };
}

/**
 * Nothing is on record of a function that exists: it held no rate so far; or the row was lost, and invocations may run
 * under any limits for as long as Lambda lets any run.
 */
function anything({ spacingSeconds, timeoutSeconds }: LimitsInForce, nowMs: number): LimitsMemory {
  if (spacingSeconds === 0) return { spacingSeconds: 0, concurrency: most, timeoutSeconds };
  const untilMs = nowMs + 1_000 * lambdaLimits.timeoutSeconds.max;
  const formerConcurrencies = [{ value: most, untilMs }];
  return { spacingSeconds, concurrency: most, timeoutSeconds, formerSpacings: [{ value: 0, untilMs }], formerConcurrencies };
}

export const alive = (former: readonly FormerLimit[] | undefined, nowMs: number): FormerLimit[] =>
  (former ?? []).filter(({ untilMs }) => untilMs > nowMs);

/** The shortest spacing that any invocation may run under. */
export const leastSpacing = ({ spacingSeconds, formerSpacings }: LimitsMemory, nowMs: number) =>
  Math.min(spacingSeconds, ...alive(formerSpacings, nowMs).map(({ value }) => value));

/** The most invocations that may run at once. */
export const mostConcurrency = ({ concurrency, formerConcurrencies }: LimitsMemory, nowMs: number) =>
  Math.max(concurrency, ...alive(formerConcurrencies, nowMs).map(({ value }) => value));

/**
 * A group whose target said "too many": what of it goes into the status, whether its mapping is to be disabled
 * meanwhile, and who looks again when it is over. Pure.
 *
 * Invocations wait a short cooling out by themselves; a long one would have every task received only to be put back, so
 * its mapping is disabled, once, until the end. A look that finds nobody on the way comes back itself; every other hint
 * is done with: however many refusals there are, one look comes back.
 */
import type { Limited } from '../contract/pipeline-row.ts';
import { type CoolingRecord, dayOf, type LimitedRecord, longCoolingSeconds } from '../contract/task-table.ts';

/** What consumers wrote of a group. */
export interface CoolingSeen {
  cooling?: CoolingRecord;
  /** Of today. */
  today?: LimitedRecord;
}

export interface Cooling {
  /** For the row; absent: nothing on record. */
  limited?: Limited;
  /** A cooling runs. */
  runs: boolean;
  /** The mapping has to be disabled while it does. */
  disables: boolean;
  /** The mapping is not so yet, as far as the row knows. */
  changesMapping: boolean;
}

export const noCooling = (before: Limited | undefined): Cooling => ({
  runs: false,
  disables: false,
  changesMapping: before?.mappingDisabled === true,
});

/** The latest moment a date can say. */
const latestMs = 8.64e15;

export function judgeCooling({ cooling, today }: CoolingSeen, before: Limited | undefined, nowMs: number): Cooling {
  if (!cooling) return noCooling(before);
  const untilMs = Math.min(cooling.untilMs, latestMs);
  const runs = untilMs > nowMs;
  const disabled = before?.mappingDisabled === true;
  const disables = runs && (disabled || untilMs - nowMs > 1_000 * longCoolingSeconds);
  const limited: Limited = {
    untilMs,
    until: iso(untilMs),
    lastLimitedAt: iso(Math.min(cooling.lastLimitedAtMs, latestMs)),
    today: today?.count ?? 0,
    day: dayOf(nowMs),
    message: cooling.message,
    ...(disables ? { mappingDisabled: true } : {}),
    ...(runs && before?.lookAtMs !== undefined ? { lookAtMs: before.lookAtMs } : {}),
  };
  return { limited, runs, disables, changesMapping: disables !== disabled };
}

const iso = (atMs: number) => new Date(atMs).toISOString();

/** SQS hides a message for 12 h from its receive on, at most: well within it. */
const longestWatchMs = 6 * 3_600_000;

/** When this look should come back, unless another does. `awaited`: it may be that other. */
export function watchAtMs({ limited, runs }: Cooling, awaited: boolean, nowMs: number): number | undefined {
  if (!limited || !runs) return undefined;
  const { lookAtMs, untilMs } = limited;
  const watched = lookAtMs !== undefined && lookAtMs > nowMs && lookAtMs <= untilMs + 1_000;
  if (watched) return awaited ? lookAtMs : undefined;
  return Math.min(untilMs, nowMs + longestWatchMs);
}

/** Counts alone are written this often at most: a storm of refusals must not become a storm of writes. */
const countEveryMs = 10_000;

/** Whether the row should be written for what is new about the cooling. */
export function saysMore(before: Limited | undefined, after: Limited | undefined, writtenAt: string, nowMs: number): boolean {
  const course = (limited: Limited | undefined) => JSON.stringify([limited?.untilMs, limited?.mappingDisabled, limited?.lookAtMs]);
  const counted = (limited: Limited | undefined) => JSON.stringify([limited?.today, limited?.lastLimitedAt, limited?.day]);
  if (course(before) !== course(after)) return true;
  return counted(before) !== counted(after) && nowMs - Date.parse(writtenAt) >= countEveryMs;
}

export function coolingMessage({ untilMs, message, today, day, mappingDisabled }: Limited): string {
  const end = iso(Math.min(latestMs, Math.ceil(untilMs / 1_000) * 1_000)).replace('.000Z', 'Z');
  const until = end.startsWith(day) ? end.slice(11) : end;
  const because = message === '' ? '' : ` after ${message}`;
  const closed = mappingDisabled ? ', its mapping disabled' : '';
  return `cooling until ${until}${closed}${because}; ${today} refusal${today === 1 ? '' : 's'} today`;
}

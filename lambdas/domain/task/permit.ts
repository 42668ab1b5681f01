/**
 * A guarded resource: who holds one of its permits, for whom a freed place is kept, and who gets the next. Pure; time,
 * ids and the moment a lease ends are arguments. `consumer/runtime/lease-permits.ts` reads and writes the state.
 *
 * Every decision is about one item and is written only if nobody changed it since it was read, so the count holds
 * whatever happens at the same time. Whatever was written late was still true then.
 */
import { joined, type Waiter } from './permit-line.ts';

export interface PermitState {
  /** How many may hold it at once; others write it. */
  limit: number;
  /** Goes up with each write, renewals included. */
  version: number;
  /** By token: when the lease is over for everybody else, skew included. */
  holders: Readonly<Record<string, number>>;
  /** By waiter: until when a freed place is kept for him. Past, the place is for whoever is there. */
  kept: Readonly<Record<string, number>>;
  /** Who waits, the next first. */
  line: readonly Waiter[];
}

/** How long a freed place is kept for who was woken: by then his message came back and he has asked. */
export const claimWindowMs = 10_000;

/** Woken by one decision at most; who is granted wakes more. */
const wokenAtOnce = 10;

/** A look at the state by somebody, now. */
export interface Look {
  nowMs: number;
  /** Waiters that turned out not to be reachable: nothing is kept for them, until they ask again. */
  unreachable?: ReadonlySet<string>;
}

export interface Asker {
  /** Of this one asking: what it is granted is held under it. */
  token: string;
  waiter: Waiter;
  /** When the lease would be over for everybody else. */
  surelyOverMs: number;
}

export interface Decision {
  /** What to write; undefined: nothing has changed. */
  next: PermitState | undefined;
  /** Whose messages are to be made visible, once that is written. */
  wake: string[];
}

export type AcquireDecision = Decision & {
  granted: boolean;
  /** Place in line, 0 for the next; undefined: none. */
  place: number | undefined;
};

export function decideAcquire(state: PermitState, asker: Asker, look: Look): AcquireDecision {
  // Written by a call whose answer was lost.
  if (asker.token in state.holders) return { granted: true, next: undefined, wake: [], place: undefined };
  const { id } = asker.waiter;
  const seen = tidied(state, look);
  const line = joined(seen.line, asker.waiter) ?? seen.line;
  const placeIn = (waiters: readonly Waiter[]) => {
    const at = waiters.findIndex((waiter) => waiter.id === id);
    return at < 0 ? undefined : at;
  };
  if (isTurn(seen, id, placeIn(line) ?? line.length, look.nowMs)) {
    return { granted: true, place: undefined, ...offered(state, granted(seen, asker, look.nowMs), look) };
  }
  const decision = offered(state, { ...seen, line }, look);
  return { granted: false, place: placeIn((decision.next ?? state).line), ...decision };
}

/** `token`: the lease that is given back; undefined only looks whether somebody can be woken. */
export function decideRelease(state: PermitState, token: string | undefined, look: Look): Decision {
  const seen = tidied(state, look);
  return offered(state, token === undefined ? seen : { ...seen, holders: omit(seen.holders, token) }, look);
}

/**
 * When who waits comes back if nobody wakes him: `fallbackSeconds`, or earlier when he is so far ahead that a lease which
 * is not renewed, or a place that nobody came for, would be his. Of those nobody sends word.
 */
export function secondsToWait(state: PermitState, place: number | undefined, fallbackSeconds: number, nowMs: number): number {
  if (place === undefined) return fallbackSeconds;
  const ends = [...Object.values(state.holders), ...Object.values(state.kept)].filter((untilMs) => untilMs >= nowMs).sort((a, b) => a - b);
  const endMs = ends[Math.max(0, ends.length - state.limit) + place];
  return endMs === undefined ? fallbackSeconds : Math.min(fallbackSeconds, Math.ceil((endMs - nowMs) / 1_000) + 1);
}

/** Without leases that are over and without who cannot be reached. */
function tidied(state: PermitState, { nowMs, unreachable }: Look): PermitState {
  const holders = Object.fromEntries(Object.entries(state.holders).filter(([, untilMs]) => untilMs >= nowMs));
  if (!unreachable || unreachable.size === 0) return { ...state, holders };
  const kept = Object.fromEntries(Object.entries(state.kept).filter(([id]) => !unreachable.has(id)));
  return { ...state, holders, kept, line: state.line.filter(({ id }) => !unreachable.has(id)) };
}

function isTurn(state: PermitState, id: string, ahead: number, nowMs: number): boolean {
  const room = state.limit - Object.keys(state.holders).length;
  if (room <= 0) return false;
  if (isKept(state, id, nowMs)) return true;
  const free = room - keptIds(state, nowMs).length;
  return free > 0 && (ahead < free || missedIds(state, nowMs).length > 0);
}

function granted(state: PermitState, { token, waiter, surelyOverMs }: Asker, nowMs: number): PermitState {
  // Not with a place of his own: then, if there is one, the place that somebody else did not come for.
  const place = waiter.id in state.kept ? waiter.id : missedIds(state, nowMs)[0];
  return {
    ...state,
    holders: { ...state.holders, [token]: surelyOverMs },
    kept: place === undefined ? state.kept : omit(state.kept, place),
    line: state.line.filter(({ id }) => id !== waiter.id),
  };
}

/**
 * Keeps free places for the next in line. A place that somebody did not come for is not kept again, so that it cannot
 * idle from one to the next while somebody is there; the next are only told of it.
 */
function offered(before: PermitState, state: PermitState, { nowMs }: Look): Decision {
  const room = state.limit - Object.keys(state.holders).length;
  const current = keptIds(state, nowMs);
  const free = Math.max(0, room - current.length);
  const missed = missedIds(state, nowMs).slice(0, free);
  const told = state.line.slice(0, Math.min(free, wokenAtOnce)).map(({ id }) => id);
  const chosen = told.slice(0, Math.max(0, free - missed.length));
  const untilMs = nowMs + claimWindowMs;
  const kept = Object.fromEntries([
    ...[...current, ...missed].map((id) => [id, state.kept[id]]),
    ...chosen.map((id) => [id, untilMs] as const),
  ]);
  const next = { ...state, kept, line: state.line.filter(({ id }) => !chosen.includes(id)) };
  return { next: isSame(before, next) ? undefined : { ...next, version: before.version + 1 }, wake: told };
}

/** Whether a freed place waits for this waiter. */
export const isKept = ({ kept }: PermitState, id: string, nowMs: number) => (kept[id] ?? Number.NEGATIVE_INFINITY) > nowMs;
const keptIds = (state: PermitState, nowMs: number) => Object.keys(state.kept).filter((id) => isKept(state, id, nowMs));
const missedIds = (state: PermitState, nowMs: number) => Object.keys(state.kept).filter((id) => !isKept(state, id, nowMs));

function omit(values: Readonly<Record<string, number>>, key: string): Record<string, number> {
  const { [key]: _left, ...rest } = values;
  return rest;
}

const isSame = (a: PermitState, b: PermitState) =>
  sameKeys(a.holders, b.holders) &&
  sameKeys(a.kept, b.kept) &&
  a.line.length === b.line.length &&
  a.line.every(({ id }, at) => id === b.line[at]?.id);

/** Values only ever come with new keys. */
const sameKeys = (a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>) =>
  Object.keys(a).length === Object.keys(b).length && Object.keys(a).every((key) => key in b);

/**
 * Who may reserve how much of the account's concurrency, and who is next when room is made. Pure.
 *
 * Room goes to those who wait in order of arrival; one too large for the room there is does not hold up those behind it
 * that fit (one group never delays another).
 */
import { mappingLimits, unreservedFloor } from '../contract/limits.ts';

export interface Ledger {
  /** The account's concurrency limit, as AWS tells it. */
  accountLimit: number;
  /** Reserved by others: our own functions and everything else in the account. */
  othersReserved: number;
  /** Granted to task groups. */
  granted: number;
  refreshedAtMs: number;
  /** Somebody is asking AWS since then. */
  askedAtMs?: number;
  revision: number;
}

export interface Waiter {
  taskGroup: string;
  /** How much more than it holds it needs. */
  need: number;
  sinceMs: number;
}

export interface GrantWish {
  taskGroup: string;
  held: number;
  wanted: number;
}

export type GrantVerdict = { granted: true } | { granted: false; need: number; shortBy: number; next: string[]; message: string };

export const roomIn = (ledger: Ledger) => Math.max(0, ledger.accountLimit - unreservedFloor - ledger.othersReserved - ledger.granted);

export function decideGrant(ledger: Ledger, waiters: readonly Waiter[], wish: GrantWish): GrantVerdict {
  const need = wish.wanted - wish.held;
  if (need <= 0) return { granted: true };
  const room = roomIn(ledger);
  const arrived = waiters.find((waiter) => waiter.taskGroup === wish.taskGroup)?.sinceMs ?? Number.POSITIVE_INFINITY;
  const ahead = nextToGrant(
    room,
    waiters.filter((waiter) => waiter.taskGroup !== wish.taskGroup && waiter.sinceMs < arrived),
  );
  const left = room - ahead.reduce((sum, waiter) => sum + waiter.need, 0);
  if (need <= left) return { granted: true };
  const next = ahead.map((waiter) => waiter.taskGroup);
  return { granted: false, need, shortBy: need - left, next, message: noRoomMessage(ledger, wish, need, left, next.length) };
}

/** Those who wait that fit into `room`, in order of arrival. */
export function nextToGrant(room: number, waiters: readonly Waiter[]): Waiter[] {
  const inOrder = waiters.toSorted((a, b) => a.sinceMs - b.sinceMs || (a.taskGroup < b.taskGroup ? -1 : 1));
  let left = room;
  return inOrder.filter((waiter) => {
    if (waiter.need > left) return false;
    left -= waiter.need;
    return true;
  });
}

function noRoomMessage(ledger: Ledger, wish: GrantWish, need: number, free: number, ahead: number): string {
  const reservable = Math.max(0, ledger.accountLimit - unreservedFloor - ledger.othersReserved);
  const { maximumConcurrency } = mappingLimits;
  return [
    `needs ${need} more reserved concurrency${wish.held > 0 ? ` than the ${wish.held} it holds` : ''}, ${Math.max(0, free)} of ${reservable} is free: short by ${need - free}.`,
    ahead > 0 ? `${ahead} that came earlier go first.` : '',
    wish.wanted > reservable
      ? `More than this account can ever give; ask AWS for a higher concurrency limit.`
      : 'Comes up by itself when room is made.',
    `reserve: false would start it now, capped by its mapping at ${Math.max(maximumConcurrency.min, wish.wanted)}, without a guarantee.`,
  ]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

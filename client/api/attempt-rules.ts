/** Which answers are worth another try, and when. Pure. */

export interface Patience {
  /** So many tries in any case, */
  tries: number;
  /** and more of them until this long after the first. */
  forMs: number;
}

export const ordinaryPatience: Patience = { tries: 5, forMs: 0 };
/** Of somebody who waits for a job: a network that is gone for a while is no reason to stop. */
export const longPatience: Patience = { tries: 5, forMs: 15 * 60_000 };

const baseMs = 200;
const capMs = 20_000;
/** A `Retry-After` beyond it is a mistake. */
const longestPauseMs = 15 * 60_000;

/** Throttled, in trouble, or too late. Every request of ours may be repeated. */
export const isPassing = (status: number) => status === 408 || status === 425 || status === 429 || status >= 500;

export const isOver = ({ tries, forMs }: Patience, attempts: number, sinceFirstMs: number) => attempts >= tries && sinceFirstMs >= forMs;

/** Before the next try, after so many; `chance` from 0 to 1. The server's word counts, and where it has none a back-off with jitter. */
export function pauseMs(attempts: number, retryAfterMs: number | undefined, chance: number): number {
  if (retryAfterMs !== undefined) return Math.min(retryAfterMs, longestPauseMs);
  const full = Math.min(capMs, baseMs * 2 ** Math.min(attempts - 1, 16));
  return full / 2 + (full / 2) * chance;
}

/** `Retry-After` (RFC 9110, 10.2.3): seconds, or a moment. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null || header.trim() === '') return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1_000);
  const moment = Date.parse(header);
  return Number.isNaN(moment) ? undefined : Math.max(0, moment - nowMs);
}

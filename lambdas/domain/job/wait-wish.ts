/**
 * How long a request wants to wait for the end of its job. Pure. The Prefer header goes first, as it says how long; then
 * `?async`; then the stage's setting.
 */
import { longestWaitSeconds } from '../../contract/job-api.ts';

export interface WaitWish {
  /** 0: not at all. */
  seconds: number;
  /** For the header Preference-Applied. */
  applied?: 'wait' | 'respond-async';
}

interface Wish {
  preferences: { wait?: number; respondAsync: boolean };
  async?: boolean | undefined;
}

export function waitWish({ preferences, async }: Wish, asyncProcessing: boolean): WaitWish {
  const { wait, respondAsync } = preferences;
  // Both together ask for an answer at once after that long (RFC 7240, 4.3).
  if (wait !== undefined && wait > 0) return { seconds: Math.min(wait, longestWaitSeconds), applied: 'wait' };
  if (respondAsync) return { seconds: 0, applied: 'respond-async' };
  if (wait === 0) return { seconds: 0 };
  return { seconds: (async ?? asyncProcessing) ? 0 : longestWaitSeconds };
}

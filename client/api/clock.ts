/** Time and chance, as arguments of whatever waits. */
import { setTimeout } from 'node:timers/promises';

export interface Clock {
  /** Of a clock that never goes back. */
  nowMs: () => number;
  /** Ends early, with the signal's reason, where it is aborted. */
  sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  random: () => number;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  sleep: async (milliseconds, signal) => {
    try {
      await setTimeout(milliseconds, undefined, signal ? { signal } : {});
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
  random: Math.random,
};

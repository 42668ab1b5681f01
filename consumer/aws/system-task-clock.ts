/** Real time. Never early: a rate is held by it. */
import { setImmediate } from 'node:timers/promises';
import type { TaskClock } from '../ports.ts';

/**
 * Node's timers have a grain of a millisecond, and what a start is late by is lost to its rate. Of short waits the last
 * millisecond is therefore waited by turns of the event loop. Not of long ones: a function of 256 MB has a seventh of a
 * CPU (Lambda/configuration-memory), and it would be spent on waiting.
 */
const grainMs = 1;
const longMs = 100;

export const systemTaskClock: TaskClock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),

  async sleep(milliseconds, signal) {
    const endMs = performance.now() + milliseconds;
    signal?.throwIfAborted();
    if (milliseconds > longMs) await timeout(Math.ceil(milliseconds), signal);
    else if (milliseconds > grainMs) await timeout(milliseconds - grainMs, signal);
    while (performance.now() < endMs) await setImmediate(undefined, signal ? { signal } : {});
  },

  after(milliseconds, callback) {
    // Node fires at once for more than 24.8 days, and no invocation lasts that long.
    const timer = setTimeout(callback, Math.min(Math.max(0, milliseconds), 2 ** 31 - 1));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

function timeout(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', aborted);
        resolve();
      },
      Math.min(milliseconds, 2 ** 31 - 1),
    );
    signal?.addEventListener('abort', aborted, { once: true });
  });
}

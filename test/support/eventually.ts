/** Waiting for a condition, never for a time: polls until it holds, and tells what it saw last when it does not in time. */
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 100;

/** `check` throws, or returns undefined or false, while the condition does not hold; the message is then its last word. */
export async function eventually<T>(what: string, check: () => Promise<T | undefined | false>, seconds = 150): Promise<T> {
  let last = 'nothing yet';
  for (const deadline = Date.now() + seconds * 1_000; Date.now() < deadline; await sleep(pollMs)) {
    try {
      const result = await check();
      if (result !== undefined && result !== false) return result as T;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
  }
  throw new Error(`Not within ${seconds} s: ${what}. Last seen: ${last}`);
}

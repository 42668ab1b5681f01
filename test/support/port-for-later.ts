/** A port that nobody takes until it is used, minutes from now. */
import { randomInt } from 'node:crypto';
import { isPortFree } from '../../local/port.ts';

/** Below those that the system gives to whoever connects somewhere (Linux: 32,768 and above). */
const range = { from: 20_000, to: 30_000 };

export async function portForLater(): Promise<number> {
  for (;;) {
    const port = randomInt(range.from, range.to);
    if (await isPortFree(port)) return port;
  }
}

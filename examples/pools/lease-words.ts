/** What a worker outside says under a lease: plain HTTP with the lease's token, no AWS. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OutsideWork } from './work.ts';

type Lease = OutsideWork['lease'];

/** Somebody else has the job by now, or it was cancelled: nothing that is done for it counts any more. */
export class LeaseLost extends Error {}

const tries = 5;
const lost = new Set([401, 404, 409, 410]);

/** Any word may be said twice, so whatever is not an answer is tried again. */
export async function say(lease: Lease, word: string, body: object): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const status = await post(lease, word, body).catch((error: Error) => error.message);
    if (typeof status === 'number' && status < 300) return;
    if (typeof status === 'number' && lost.has(status)) throw new LeaseLost(`${word} was answered with ${status}`);
    if (attempt === tries) throw new Error(`${word} was not heard ${tries} times, at last: ${status}`);
    await sleep(200 * 2 ** attempt);
  }
}

async function post({ url, token }: Lease, word: string, body: object): Promise<number> {
  const response = await fetch(`${url}/${word}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  await response.body?.cancel();
  return response.status;
}

/** Says it is alive each third of the lease, as long as `work` takes; `work`'s signal aborts with the lease. */
export async function alive(lease: Lease, step: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const beats = beat(lease, step, stop.signal).catch((error: unknown) => stop.abort(error));
  try {
    await work(stop.signal);
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    stop.abort();
    await beats;
  }
}

async function beat(lease: Lease, step: string, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await say(lease, 'heartbeat', { step });
    await sleep((lease.leaseSeconds * 1_000) / 3, undefined, { signal: stop }).catch(() => {});
  }
}

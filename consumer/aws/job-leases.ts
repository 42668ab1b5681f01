/** Heartbeats of placed jobs, over the HTTP API of the stage: the lease says where, and its token is all it takes. */
import type { JobLeases } from '../ports.ts';

/** The job or its lease is gone, or the token is that of an older one: no later try is answered otherwise. */
const lost = [401, 404, 409, 410];
const whyCharacters = 300;

export const jobLeases: JobLeases = {
  async heartbeat({ url, token }, word, timeoutMs) {
    const response = await fetch(`${url}/heartbeat`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(word),
      // It takes whole milliseconds alone.
      signal: AbortSignal.timeout(Math.ceil(timeoutMs)),
    });
    const text = await response.text();
    if (response.ok) return { kind: 'held' };
    const said = `HTTP ${response.status} ${text.slice(0, whyCharacters)}`;
    if (lost.includes(response.status)) return { kind: 'lost', why: said };
    throw new Error(`heartbeat: ${said}`);
  },
};

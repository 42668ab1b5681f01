/** Waits until a MiniStack answers; changes nothing. */
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { HelpfulError } from '../cli/helpful-error.ts';

const startSeconds = 60;

/** @param died settles with a sentence if it ends instead. */
export async function untilHealthy(
  endpoint: string,
  caFile: string | undefined,
  died: Promise<string>,
  signal?: AbortSignal,
): Promise<void> {
  let reason: string | undefined;
  void died.then((sentence) => {
    reason = sentence;
  });
  const healthy = caFile ? tlsProbe(caFile) : plainProbe;
  for (const deadline = Date.now() + startSeconds * 1_000; Date.now() < deadline; await sleep(50)) {
    signal?.throwIfAborted();
    if (await healthy(`${endpoint}/_ministack/health`)) return;
    if (reason !== undefined) throw new HelpfulError(reason);
  }
  throw new HelpfulError(`MiniStack, the local AWS, did not answer within ${startSeconds} s; is this machine very busy?`);
}

type Probe = (url: string) => Promise<boolean>;

const plainProbe: Probe = async (url) => {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
};

/** This process was not started with NODE_EXTRA_CA_CERTS, so the certificate is handed over with each request. */
function tlsProbe(caFile: string): Probe {
  const ca = readFileSync(caFile);
  return (url) =>
    new Promise((resolve) => {
      const request = get(url, { ca, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      });
      request.once('error', () => resolve(false));
    });
}

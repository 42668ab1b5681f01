/** Waits for the end of a job, as long as it takes: one long poll after the other. */
import { hasEnded, Job } from '../../lambdas/contract/job.ts';
import type { Api } from '../api/api.ts';
import { longPatience, retryAfterMs } from '../api/attempt-rules.ts';
import type { Clock } from '../api/clock.ts';
import { WaitTimeoutError } from '../errors.ts';

export interface WaitOptions {
  /** Called with every look at the job, the last one included. */
  onProgress?: (job: Job) => void;
  /** Ends the waiting, not the job. */
  signal?: AbortSignal;
  /** Throws a `WaitTimeoutError` then. Default: waits for ever. */
  timeoutSeconds?: number;
}

/** One long poll, in seconds: as long as the API may take, or often enough to watch. */
const quietSeconds = 20;
const watchedSeconds = 3;
/** Between two looks, where the API did not wait and names no time itself. */
const defaultPauseMs = 2_000;
/** Node's timers go no further: 24 days. */
const longestTimerMs = 2 ** 31 - 1;

export const waitSeconds = ({ onProgress }: WaitOptions) => (onProgress ? watchedSeconds : quietSeconds);

export async function waitForEnd(api: Api, clock: Clock, id: string, options: WaitOptions): Promise<Job> {
  const { onProgress, timeoutSeconds } = options;
  const timeout =
    timeoutSeconds === undefined ? undefined : AbortSignal.timeout(Math.min(Math.ceil(timeoutSeconds * 1_000), longestTimerMs));
  const signal = either(options.signal, timeout);
  let seen: Job | undefined;
  try {
    for (;;) {
      const { job, pauseMs } = await look(api, id, isFarOff(seen) ? 0 : waitSeconds(options), signal);
      seen = job;
      onProgress?.(job);
      if (hasEnded(job.status)) return job;
      await clock.sleep(pauseMs, signal);
    }
  } catch (error) {
    if (!timeout?.aborted || options.signal?.aborted) throw error;
    throw new WaitTimeoutError(`Job ${id} has not ended within ${timeoutSeconds} s${seen ? ` (${seen.message})` : ''}; it goes on.`, seen);
  }
}

/** What starts tomorrow does not end in the next seconds: others may have the place to wait. */
const isFarOff = (job: Job | undefined) =>
  job?.status === 'PENDING' && job.runAt !== undefined && Date.parse(job.runAt) - Date.now() > quietSeconds * 1_000;

async function look(api: Api, id: string, seconds: number, signal: AbortSignal | undefined): Promise<{ job: Job; pauseMs: number }> {
  const headers = seconds === 0 ? {} : { headers: { prefer: `wait=${seconds}` } };
  const answer = await api.call('getJob', Job, { path: { id }, ...headers, signal, patience: longPatience });
  // Whoever has waited already may ask again at once.
  const waited = /\bwait\b/i.test(answer.headers.get('preference-applied') ?? '');
  return { job: answer.body, pauseMs: waited ? 0 : (retryAfterMs(answer.headers.get('retry-after'), Date.now()) ?? defaultPauseMs) };
}

function either(one: AbortSignal | undefined, other: AbortSignal | undefined): AbortSignal | undefined {
  if (!one || !other) return one ?? other;
  return AbortSignal.any([one, other]);
}

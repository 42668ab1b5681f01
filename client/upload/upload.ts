/** Brings bytes to the place that POST /uploads hands out, and says which upload it is. */
import { Readable } from 'node:stream';
import { UploadPlace } from '../../lambdas/contract/job-api.ts';
import type { Api } from '../api/api.ts';
import { isOver, isPassing, ordinaryPatience, pauseMs } from '../api/attempt-rules.ts';
import type { Clock } from '../api/clock.ts';
import { SluiceClientError } from '../errors.ts';
import type { SubmitOptions } from '../jobs/submission.ts';
import { counting, type Spooled } from './spool.ts';

/** No line is slower than this; and a quick one gets this long to begin with. */
const slowestBytesPerMs = 32;
const leastMs = 60_000;

export async function upload(api: Api, clock: Clock, spooled: Spooled, options: SubmitOptions): Promise<string> {
  const { signal } = options;
  for (let attempts = 1; ; attempts += 1) {
    // A place of its own for each try: an earlier one may have expired.
    const { body: place } = await api.call('createUpload', UploadPlace, { signal });
    if (spooled.bytes > place.maxBytes)
      throw new SluiceClientError(
        `The tasks are ${spooled.bytes} bytes, compressed, and an upload takes ${place.maxBytes}; submit them as several jobs.`,
      );
    const failure = await put(api, place, spooled, options);
    if (failure === undefined) return place.upload;
    if (!failure.passing || isOver(ordinaryPatience, attempts, 0)) throw failure.error;
    await clock.sleep(pauseMs(attempts, undefined, clock.random()), signal);
  }
}

interface Failure {
  error: SluiceClientError;
  passing: boolean;
}

async function put(
  api: Api,
  place: UploadPlace,
  spooled: Spooled,
  options: Pick<SubmitOptions, 'onUpload' | 'signal'>,
): Promise<Failure | undefined> {
  const { fetch } = await api.connection();
  const { onUpload, signal } = options;
  const timeout = AbortSignal.timeout(leastMs + Math.ceil(spooled.bytes / slowestBytesPerMs));
  const body = spooled.open().pipe(counting((bytes) => onUpload?.({ phase: 'sending', bytes, totalBytes: spooled.bytes })));
  try {
    const response = await fetch(place.url, {
      method: place.method,
      headers: { ...place.headers, 'content-length': String(spooled.bytes) },
      body: Readable.toWeb(body),
      duplex: 'half',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    const text = await response.text();
    return response.ok ? undefined : refused(response.status, text);
  } catch (error) {
    signal?.throwIfAborted();
    return {
      error: new SluiceClientError(`The upload of ${spooled.bytes} bytes broke off: ${reasonOf(error)}.`, { cause: error }),
      passing: true,
    };
  } finally {
    body.destroy();
  }
}

/** 403 is an expired place, too, if the line was slow. */
const refused = (status: number, text: string): Failure => ({
  error: new SluiceClientError(`S3 refused the upload with ${status}: ${text.slice(0, 300)}`),
  passing: isPassing(status) || status === 403,
});

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

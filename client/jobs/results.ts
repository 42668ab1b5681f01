/** The results of a job, line by line, as they are in its results file; a connection that breaks goes on where it was. */
import type { z } from 'zod';
import { ResultsPlace } from '../../lambdas/contract/job-api.ts';
import type { Api } from '../api/api.ts';
import { isOver, isPassing, ordinaryPatience, pauseMs, retryAfterMs } from '../api/attempt-rules.ts';
import type { Clock } from '../api/clock.ts';
import { SluiceClientError } from '../errors.ts';
import { linesOf } from '../lines.ts';

/** Between two looks at a file that is being written, where the API names no time itself. */
const defaultPauseMs = 2_000;
/** A server that sends nothing for so long sends nothing any more. */
const silenceMs = 60_000;

export interface ResultsQuery {
  id: string;
  only: 'all' | 'failed';
  signal: AbortSignal | undefined;
}

export async function* resultsOf<Line extends z.ZodType>(
  api: Api,
  clock: Clock,
  query: ResultsQuery,
  line: Line,
): AsyncGenerator<z.output<Line>> {
  for await (const text of resultTexts(api, clock, query)) yield parsedLine(line, text, query.id);
}

export const resultTexts = (api: Api, clock: Clock, query: ResultsQuery): AsyncGenerator<string> => linesOf(bytesOf(api, clock, query));

async function* bytesOf(api: Api, clock: Clock, query: ResultsQuery): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (let attempts = 1; ; attempts += 1) {
    try {
      for await (const chunk of download(api, await written(api, clock, query), from, query.signal)) {
        yield chunk;
        from += chunk.length;
        attempts = 1;
      }
      return;
    } catch (error) {
      query.signal?.throwIfAborted();
      if (!(error instanceof BrokenOff) || isOver(ordinaryPatience, attempts, 0)) throw error;
      await clock.sleep(pauseMs(attempts, undefined, clock.random()), query.signal);
    }
  }
}

/** Where the file is, once it is written. */
async function written(api: Api, clock: Clock, { id, only, signal }: ResultsQuery): Promise<string> {
  for (;;) {
    const answer = await api.call('getResults', ResultsPlace.partial().loose(), { path: { id }, query: { only }, signal });
    if (answer.body.url !== undefined) return answer.body.url;
    await clock.sleep(retryAfterMs(answer.headers.get('retry-after'), Date.now()) ?? defaultPauseMs, signal);
  }
}

class BrokenOff extends SluiceClientError {}

async function* download(api: Api, url: string, from: number, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const { fetch } = await api.connection();
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(new Error(`nothing came for ${silenceMs / 1_000} s`)), silenceMs);
  try {
    const response = await fetch(url, {
      headers: { 'accept-encoding': 'identity', ...(from > 0 ? { range: `bytes=${from}-` } : {}) },
      signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
    });
    if (response.status === 416) return;
    if (!response.ok) throw await refused(response);
    let skip = response.status === 206 ? 0 : from;
    for await (const chunk of response.body ?? []) {
      timer.refresh();
      if (skip < chunk.length) yield chunk.subarray(skip);
      skip = Math.max(0, skip - chunk.length);
    }
  } catch (error) {
    throw error instanceof SluiceClientError ? error : new BrokenOff(`The results broke off: ${reasonOf(error)}.`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** 403: the address has expired; a new one is asked for. */
async function refused(response: Response): Promise<SluiceClientError> {
  const text = `S3 refused the results file with ${response.status}: ${(await response.text()).slice(0, 300)}`;
  return isPassing(response.status) || response.status === 403 ? new BrokenOff(text) : new SluiceClientError(text);
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

function parsedLine<Line extends z.ZodType>(line: Line, text: string, id: string): z.output<Line> {
  try {
    return line.parse(JSON.parse(text));
  } catch (error) {
    throw new SluiceClientError(
      `A line of the results of job ${id} is not what this version of the client knows; use the version that the stage was deployed from.`,
      { cause: error },
    );
  }
}

/** A call of the API: signed, with a timeout, tried again while that makes sense, and its answer parsed. */
import type { z } from 'zod';
import { type JobOperation, jobRoutes } from '../../lambdas/contract/job-routes.ts';
import { SluiceClientError } from '../errors.ts';
import { isOver, isPassing, ordinaryPatience, type Patience, pauseMs, retryAfterMs } from './attempt-rules.ts';
import type { Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import { errorOf } from './refusal.ts';
import { signedHeaders } from './sign.ts';

/** API Gateway answers within 30 s, whatever happens behind it. */
const requestTimeoutMs = 35_000;

export interface Call {
  /** For `{…}` of its path. */
  path?: Record<string, string>;
  query?: Record<string, string | number | undefined>;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  signal?: AbortSignal | undefined;
  patience?: Patience;
}

export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
}

export interface Raw {
  status: number;
  headers: Headers;
  text: string;
}

export class Api {
  readonly #connect: () => Promise<Connection>;
  readonly #clock: Clock;
  #connection: Promise<Connection> | undefined;

  constructor(connect: () => Promise<Connection>, clock: Clock) {
    this.#connect = connect;
    this.#clock = clock;
  }

  /** Throws a `SluiceApiError` where it is refused. */
  async call<Schema extends z.ZodType>(operation: JobOperation, schema: Schema, call: Call = {}): Promise<Answer<z.output<Schema>>> {
    const { raw, attempts } = await this.#tried(operation, call);
    if (raw.status >= 400) throw errorOf(operation, raw, attempts);
    return { status: raw.status, headers: raw.headers, body: parsed(operation, schema, raw) };
  }

  /** Looked up once; a look that failed is no reason for the next call to fail. */
  connection(): Promise<Connection> {
    this.#connection ??= this.#connect().catch((error: unknown) => {
      this.#connection = undefined;
      throw error;
    });
    return this.#connection;
  }

  async #tried(operation: JobOperation, call: Call): Promise<{ raw: Raw; attempts: number }> {
    const connection = await this.connection();
    const startedAtMs = this.#clock.nowMs();
    for (let attempts = 1; ; attempts += 1) {
      call.signal?.throwIfAborted();
      const outcome = await attempt(connection, operation, call);
      const isLast = isOver(call.patience ?? ordinaryPatience, attempts, this.#clock.nowMs() - startedAtMs);
      if ('raw' in outcome && (isLast || !isPassing(outcome.raw.status))) return { raw: outcome.raw, attempts };
      if ('error' in outcome && isLast) throw outcome.error;
      const wish = 'raw' in outcome ? retryAfterMs(outcome.raw.headers.get('retry-after'), Date.now()) : undefined;
      await this.#clock.sleep(pauseMs(attempts, wish, this.#clock.random()), call.signal);
    }
  }
}

/** One try. A network that fails is an outcome; whoever is interrupted, or has no credentials, gets the error. */
async function attempt(connection: Connection, operation: JobOperation, call: Call): Promise<{ raw: Raw } | { error: Error }> {
  const { method } = jobRoutes[operation];
  const url = urlOf(connection.baseUrl, operation, call);
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  const content = body === undefined ? {} : { 'content-type': 'application/json' };
  const headers = await signedHeaders(connection, {
    method,
    url,
    headers: { accept: 'application/json', ...content, ...call.headers },
    body,
  });
  const timeout = AbortSignal.timeout(requestTimeoutMs);
  const signal = call.signal ? AbortSignal.any([call.signal, timeout]) : timeout;
  try {
    const response = await connection.fetch(url, { method, headers, signal, ...(body === undefined ? {} : { body }) });
    return { raw: { status: response.status, headers: response.headers, text: await response.text() } };
  } catch (error) {
    call.signal?.throwIfAborted();
    return { error: unreachable(url, error) };
  }
}

function urlOf(baseUrl: string, operation: JobOperation, { path = {}, query = {} }: Call): URL {
  const filled = jobRoutes[operation].path.replace(/\{(\w+)\}/g, (_, name: string) => encoded(path[name] ?? ''));
  const url = new URL(`${baseUrl}${filled}`);
  // A blank is `%20` in what is signed, and `URLSearchParams` would write `+`.
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${encoded(name)}=${encoded(String(value))}`],
  );
  url.search = pairs.join('&');
  return url;
}

/** As a signature counts on it: nothing but letters, digits and `-_.~` stays. */
const encoded = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

function unreachable(url: URL, error: unknown): SluiceClientError {
  const why = error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);
  return new SluiceClientError(`The API at ${url.origin} could not be reached (${why}); check the address and the network.`, {
    cause: error,
  });
}

function parsed<Schema extends z.ZodType>(operation: JobOperation, schema: Schema, { text }: Raw): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new SluiceClientError(
      `The API's answer to ${operation} is not what this version of the client knows; use the version that the stage was deployed from.`,
      { cause: error },
    );
  }
}

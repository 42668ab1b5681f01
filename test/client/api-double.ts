/**
 * The HTTP side of a stage, in this process: the API's routes as a test scripts them, and a bucket's presigned places.
 * Every request's signature is checked, and every body with the contract's schema.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { z } from 'zod';
import type { Clock } from '../../client/api/clock.ts';
import { clientOf } from '../../client/create-client.ts';
import type { ClientOptions } from '../../client/options.ts';
import { type JobOperation, jobRoutes } from '../../lambdas/contract/job-routes.ts';
import { BucketDouble } from './bucket-double.ts';
import { credentials } from './credentials.ts';
import { verified } from './signature.ts';

export interface ApiRequest {
  operation: JobOperation;
  /** Values of `{…}`. */
  path: Record<string, string>;
  query: URLSearchParams;
  headers: Record<string, string>;
  body: unknown;
}

/** `broken`: the connection ends without an answer. */
export interface Answered {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}
export type Reply = Answered | 'broken';
export type Route = (request: ApiRequest) => Reply | Promise<Reply>;

export const reply = <Schema extends z.ZodType>(
  status: number,
  schema: Schema,
  body: z.input<Schema>,
  headers: Record<string, string> = {},
) => ({
  status,
  headers,
  body: schema.parse(body),
});

/** One reply after the other, the last one for ever. */
export function inTurn(...replies: Reply[]): Route {
  return () => (replies.length > 1 ? replies.shift() : replies[0]) ?? { status: 500 };
}

export class ApiDouble {
  readonly asked: ApiRequest[] = [];
  readonly bucket: BucketDouble;
  readonly url: string;
  readonly routes: Partial<Record<JobOperation, Route>>;

  constructor(url: string, routes: Partial<Record<JobOperation, Route>>) {
    this.url = url;
    this.routes = routes;
    this.bucket = new BucketDouble(`${url}/bucket`);
  }

  of(operation: JobOperation): ApiRequest[] {
    return this.asked.filter((request) => request.operation === operation);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? '';
    if (target.startsWith('/bucket/')) return this.bucket.handle(request, response);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    verified({ method: request.method ?? '', target, headers: request.headers, body }, credentials.secretAccessKey);
    const { operation, path } = routeOf(request.method ?? '', new URL(target, this.url).pathname);
    const asked = {
      operation,
      path,
      query: new URL(target, this.url).searchParams,
      headers,
      body: body === '' ? undefined : JSON.parse(body),
    };
    this.asked.push(asked);
    const route: Route = this.routes[operation] ?? (() => ({ status: 404 }));
    const answer = await route(asked);
    if (answer === 'broken') return void request.socket.destroy();
    const text = answer.body === undefined ? '' : JSON.stringify(answer.body);
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers }).end(text);
  }
}

function routeOf(method: string, path: string): { operation: JobOperation; path: Record<string, string> } {
  for (const [name, route] of Object.entries(jobRoutes)) {
    const pattern = new RegExp(`^${route.path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);
    const match = pattern.exec(path);
    if (match && route.method === method)
      return {
        operation: name as JobOperation,
        path: Object.fromEntries(Object.entries(match.groups ?? {}).map(([key, value]) => [key, decodeURIComponent(value)])),
      };
  }
  throw new Error(`the API has no ${method} ${path}`);
}

/** Ends with the test. What it finds wrong with a request it answers with 418 and the reason. */
export async function apiDouble(routes: Partial<Record<JobOperation, Route>>): Promise<ApiDouble> {
  const handle = (request: IncomingMessage, response: ServerResponse) =>
    void double.handle(request, response).catch((error: unknown) => response.writeHead(418).end(String(error)));
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const double = new ApiDouble(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, routes);
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return double;
}

/** A clock that no test waits for, and what was slept on it. */
export function quickClock(): Clock & { slept: number[] } {
  const slept: number[] = [];
  return {
    slept,
    nowMs: () => performance.now() + slept.reduce((sum, ms) => sum + ms, 0),
    sleep: async (milliseconds, signal) => {
      signal?.throwIfAborted();
      slept.push(milliseconds);
    },
    random: () => 0.5,
  };
}

export function clientFor({ url }: ApiDouble, options: ClientOptions = {}) {
  const clock = quickClock();
  return { clock, client: clientOf({ apiUrl: url, region: 'eu-central-1', credentials, ...options }, clock) };
}

/** Heartbeats as the API hears them, and what its answers mean. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { jobLeases } from '../../consumer/aws/job-leases.ts';
import { Heartbeat } from '../../lambdas/contract/lease-api.ts';

interface Heard {
  line: string;
  headers: IncomingHttpHeaders;
  body: string;
}

const heard: Heard[] = [];
/** A status; or `never`. */
let answer: number | 'never' = 200;

const api = createServer(async (request, response) => {
  const { method, url, headers } = request;
  heard.push({ line: `${method} ${url}`, headers, body: await text(request) });
  if (answer !== 'never') response.writeHead(answer).end('{"title":"said"}');
});
let url = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(api.address() as AddressInfo).port}/stage/jobs/j`;
});
afterAll(() => {
  api.closeAllConnections();
  api.close();
});
beforeEach(() => {
  heard.length = 0;
});

it.each([
  [200, { kind: 'held' }],
  [401, { kind: 'lost', why: 'HTTP 401 {"title":"said"}' }],
  [404, { kind: 'lost', why: 'HTTP 404 {"title":"said"}' }],
  [409, { kind: 'lost', why: 'HTTP 409 {"title":"said"}' }],
  [410, { kind: 'lost', why: 'HTTP 410 {"title":"said"}' }],
])('HTTP %i: %o', async (status, expected) => {
  answer = status;
  expect(await jobLeases.heartbeat({ url, token: 't' }, {}, 1_000)).toEqual(expected);
});

it.each([400, 403, 429, 500, 503])('HTTP %i says neither', async (status) => {
  answer = status;
  await expect(jobLeases.heartbeat({ url, token: 't' }, {}, 1_000)).rejects.toThrow(`HTTP ${status}`);
});

it('nor does one that never comes, or nobody', async () => {
  answer = 'never';
  await expect(jobLeases.heartbeat({ url, token: 't' }, {}, 50)).rejects.toThrow(/timeout/);
  await expect(jobLeases.heartbeat({ url: 'http://127.0.0.1:1/jobs/j', token: 't' }, {}, 1_000)).rejects.toThrow();
});

it('may be given any part of a millisecond: what is left of an invocation is halved', async () => {
  answer = 200;
  expect(await jobLeases.heartbeat({ url, token: 't' }, {}, 2_196.73)).toEqual({ kind: 'held' });
  answer = 'never';
  await expect(jobLeases.heartbeat({ url, token: 't' }, {}, 0.5)).rejects.toThrow(/timeout/);
});

it("go to the lease's own address, with its token, in the words of the contract", async () => {
  answer = 200;
  const words = [{}, { holder: 'west', step: 'render' }, { pending: true as const }];
  for (const word of words) await jobLeases.heartbeat({ url, token: '1.abc' }, word, 1_000);
  // One that was given up before may be heard only now.
  const own = heard.filter(({ headers }) => headers.authorization === 'Bearer 1.abc');
  expect(own.map(({ line }) => line)).toEqual(words.map(() => 'POST /stage/jobs/j/heartbeat'));
  expect(own[0]?.headers).toMatchObject({ 'content-type': 'application/json' });
  expect(own.map(({ body }) => Heartbeat.parse(JSON.parse(body)))).toEqual(words);
});

/** An HTTP service that answers what a test says, in that order, the last answer for ever; and remembers what it was asked. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';

export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
}

export interface Asked {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  /** Of a clock that never goes back. */
  atMs: number;
}

export interface ScriptedApi {
  url: string;
  asked: Asked[];
}

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** Answers by path, `*` for any other. Stops by itself after the test. */
export async function scriptedApi(script: Record<string, Answer[]>): Promise<ScriptedApi> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const atMs = performance.now();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url ?? '';
    asked.push({ method: request.method ?? '', path, headers: request.headers, body: Buffer.concat(chunks).toString(), atMs });
    const answers = script[path] ?? script['*'] ?? [];
    const { status = 200, headers = {}, body = '' } = (answers.length > 1 ? answers.shift() : answers[0]) ?? { status: 404 };
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** Passes calls on to the local AWS, each 100 ms late, whoever makes it. Runs as a worker, so that it delays nothing else. */
import { createServer, Agent as HttpAgent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { z } from 'zod';

const Upstream = z.object({ port: z.number(), delayMs: z.number() });

export interface DelayProxy {
  port: number;
  stop: () => Promise<unknown>;
}

export async function startDelayProxy(upstream: z.infer<typeof Upstream>): Promise<DelayProxy> {
  const worker = new Worker(new URL(import.meta.url), { workerData: upstream });
  const port = await new Promise<number>((resolve, reject) => worker.once('message', resolve).once('error', reject));
  return { port, stop: () => worker.terminate() };
}

function serve({ port, delayMs }: z.infer<typeof Upstream>): void {
  const agent = new HttpAgent({ keepAlive: true, maxSockets: 200 });
  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [body] = await Promise.all([request.toArray(), sleep(delayMs)]);
    const { method, url: path, headers } = request;
    const onward = httpRequest({ host: '127.0.0.1', port, agent, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    onward.end(Buffer.concat(body));
  }
  const server = createServer((request, response) => void pass(request, response).catch(() => response.destroy()));
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port));
}

if (!isMainThread) serve(Upstream.parse(workerData));

/** A host of webhooks on this machine, over real TLS: what it was sent, and what it answers. */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Way } from '../../lambdas/job-notifier/https-post.ts';
import { isPublicAddress } from '../../lambdas/job-notifier/public-address.ts';
import { selfSigned } from '../support/self-signed.ts';

export const host = 'hooks.example.com';
const { key, cert } = selfSigned([host], ['127.0.0.1']);
/** Of no certificate that a server here has. */
export const otherCa = selfSigned([host]).cert;

export interface Sent {
  method: string | undefined;
  path: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface HookServer {
  port: number;
  url: string;
  sent: Sent[];
  /** Connections that were opened. */
  connections: () => number;
  stop(): Promise<void>;
}

export async function hookServer(answer: (response: ServerResponse) => void, address = '127.0.0.1'): Promise<HookServer> {
  const sent: Sent[] = [];
  let connections = 0;
  const server = createServer({ key, cert }, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method, url: path, headers } = request;
    sent.push({ method, path, headers, body });
    answer(response);
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port, url: `https://${host}:${port}/ended?token=1`, sent, connections: () => connections, stop };
}

export const here = { address: '127.0.0.1', family: 4 };

/** To this machine, as if it were public. */
export const wayHere: Way = {
  isAllowed: (address) => address === here.address || isPublicAddress(address),
  resolve: async () => [here],
  timeoutMs: 5_000,
  ca: cert,
};

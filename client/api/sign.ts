/** Signs a request to the API with the caller's credentials (SigV4, service execute-api). */
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import type { JobRoute } from '../../lambdas/contract/job-routes.ts';
import type { Connection } from './connection.ts';

export interface Unsigned {
  method: JobRoute['method'];
  url: URL;
  headers: Record<string, string>;
  body: string | undefined;
}

/** The headers to send. */
export async function signedHeaders({ region, credentials }: Connection, request: Unsigned): Promise<Record<string, string>> {
  const { method, url, headers, body } = request;
  const signer = new SignatureV4({ service: 'execute-api', region, credentials, sha256: Sha256 });
  const signed = await signer.sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { ...headers, host: url.host },
    body,
  });
  // `fetch` writes the host by itself, the same one.
  return Object.fromEntries(Object.entries(signed.headers).filter(([name]) => name !== 'host'));
}

/**
 * Checks a request as API Gateway does, written from the SigV4 reference (IAM user guide, "Create a signed AWS API
 * request") and not with the library that signed it.
 */
import { createHash, createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface SignedRequest {
  method: string;
  /** Path and query as they came. */
  target: string;
  headers: IncomingHttpHeaders;
  body: string;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
const pattern = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)$/;

/** What it is signed for, where the signature is right; an Error says what is wrong. */
export function verified({ method, target, headers, body }: SignedRequest, secretKey: string): { accessKey: string; region: string } {
  const [, accessKey = '', day = '', region = '', service = '', names = '', signature = ''] =
    pattern.exec(headers.authorization ?? '') ?? [];
  if (signature === '') throw new Error(`no SigV4 in ${headers.authorization}`);
  if (service !== 'execute-api') throw new Error(`signed for ${service}`);
  if (!names.split(';').includes('host')) throw new Error('the host is not signed');
  const canonicalHeaders = names.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const url = new URL(target, 'http://any');
  const path = url.pathname.split('/').map(escaped).join('/');
  const pairs = url.search
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '');
  const canonical = [method, path, pairs.sort().join('&'), canonicalHeaders.join(''), names, sha256(body)].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  const key = [region, service, 'aws4_request'].reduce<Buffer>((outer, part) => hmac(outer, part), hmac(`AWS4${secretKey}`, day));
  if (hmac(key, toSign).toString('hex') !== signature) throw new Error(`the signature does not fit\n${canonical}`);
  return { accessKey, region };
}

/** What is encoded in the path is encoded once more, but for S3. */
const escaped = (part: string) => encodeURIComponent(part).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

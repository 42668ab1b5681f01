/** One S3 object over HTTP, on connections that break where the test says: what the SDK's client makes of it is real. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { S3Client } from '@aws-sdk/client-s3';

export interface ObjectServer {
  s3: S3Client;
  /** `Range` of every request, in their order. */
  ranges: (string | undefined)[];
  /** Connections that were closed before all of their answer was taken. */
  cut: () => number;
  stop(): Promise<void>;
}

export interface Behaviour {
  body: Buffer;
  /** Bytes after which the `request`th connection (1 for the first) breaks; none: it does not. */
  breaksAfter?: (request: number) => number | undefined;
  /** Answers the `request`th one so instead. */
  status?: (request: number) => { code: number; error: string } | undefined;
}

export async function objectServer({ body, breaksAfter, status }: Behaviour): Promise<ObjectServer> {
  const ranges: (string | undefined)[] = [];
  let cut = 0;
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const count = ranges.push(request.headers.range);
    const refusal = status?.(count);
    if (refusal) {
      response.writeHead(refusal.code, { 'content-type': 'application/xml' });
      response.end(`<Error><Code>${refusal.error}</Code><Message>said so</Message></Error>`);
      return;
    }
    const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const part = body.subarray(Number(from), to === '' ? body.byteLength : Number(to) + 1);
    if (request.headers.range && Number(from) >= body.byteLength) {
      response.writeHead(416, { 'content-type': 'application/xml' });
      response.end('<Error><Code>InvalidRange</Code></Error>');
      return;
    }
    response.on('close', () => {
      if (!response.writableFinished) cut += 1;
    });
    response.writeHead(request.headers.range ? 206 : 200, { 'content-length': part.byteLength, etag: '"one"' });
    const bytes = breaksAfter?.(count);
    if (bytes === undefined) response.end(part);
    else response.write(part.subarray(0, bytes), () => response.destroy());
  };
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const s3 = new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: '1', secretAccessKey: '1' },
  });
  const stop = async () => {
    s3.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { s3, ranges, cut: () => cut, stop };
}

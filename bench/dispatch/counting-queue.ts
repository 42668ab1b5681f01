/** A double of SQS that takes every batch and counts, and of S3 that hands out one file: to send a million tasks to. */
import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

const Batch = z.object({
  Entries: z.array(z.object({ Id: z.string(), MessageBody: z.string(), MessageAttributes: z.record(z.string(), z.unknown()) })),
});

export interface CountingQueue {
  url: string;
  count: () => number;
  stop: () => void;
}

export async function startCountingQueue(file: string): Promise<CountingQueue> {
  let count = 0;
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-length': statSync(file).size, etag: '"file"' });
      createReadStream(file).pipe(response);
      return;
    }
    const { Entries } = Batch.parse(JSON.parse(Buffer.concat(await request.toArray()).toString()));
    count += Entries.length;
    // The SDK compares; attributes are not compared where no hash of them comes back.
    const Successful = Entries.map(({ Id, MessageBody }) => ({
      Id,
      MessageId: Id,
      MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex'),
    }));
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify({ Successful, Failed: [] }));
  }
  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, count: () => count, stop };
}

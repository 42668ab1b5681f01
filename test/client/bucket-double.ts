/** Presigned places of a bucket: PUT wants the length beforehand, as S3 does; GET takes a range, and may break off. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createGunzip, gunzipSync } from 'node:zlib';
import { linesOf } from '../../client/lines.ts';

export class BucketDouble {
  readonly url: string;
  readonly objects = new Map<string, Buffer>();
  /** For uploads too large to keep: their lines are counted. */
  readonly counted = new Map<string, number>();
  count = false;
  /** Statuses to refuse the next requests with. */
  refusals: number[] = [];
  /** Bytes after which the next downloads break off. */
  breaks: number[] = [];
  ranges: (string | undefined)[] = [];

  constructor(url: string) {
    this.url = url;
  }

  placeOf(key: string): string {
    return `${this.url}/${key}`;
  }

  /** Lines of an upload. */
  lines(key: string): string[] {
    return gunzipSync(this.objects.get(key) ?? Buffer.alloc(0))
      .toString()
      .split('\n')
      .filter((line) => line !== '');
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const key = (request.url ?? '').slice('/bucket/'.length);
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return void request.resume().on('end', () => response.writeHead(refusal).end('<Error/>'));
    if (request.method === 'PUT') return this.#put(key, request, response);
    return this.#get(key, request, response);
  }

  async #put(key: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.headers['content-length'] === undefined) return void response.writeHead(411).end('<Code>MissingContentLength</Code>');
    if (this.count) {
      let lines = 0;
      for await (const _ of linesOf(request.pipe(createGunzip()))) lines += 1;
      this.counted.set(key, lines);
    } else {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      this.objects.set(key, Buffer.concat(chunks));
    }
    response.writeHead(200).end();
  }

  #get(key: string, request: IncomingMessage, response: ServerResponse): void {
    const object = this.objects.get(key);
    if (object === undefined) return void response.writeHead(404).end('<Code>NoSuchKey</Code>');
    this.ranges.push(request.headers.range);
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (from > 0 && from >= object.length) return void response.writeHead(416).end();
    const body = object.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': String(body.length) });
    const breakAt = this.breaks.shift();
    if (breakAt === undefined) response.end(body);
    else response.write(body.subarray(0, breakAt), () => setImmediate(() => request.socket.destroy()));
  }
}

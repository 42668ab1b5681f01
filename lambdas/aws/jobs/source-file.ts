/**
 * The lines of a file that somebody handed in: plain, or gzip (told by its first bytes, of any number of members). Memory
 * holds a chunk and a line, whatever the file unpacks to.
 */
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { TaskSource } from '../../contract/job-table.ts';
import { sourceLineBytes } from '../../domain/job/source-line.ts';
import type { Clock } from '../../framework/clock.ts';
import type { Clients } from '../clients.ts';
import { lineSplitter, type RawLine } from './line-splitter.ts';
import { objectBytes, statusOf } from './object-bytes.ts';

/** It cannot be read, by whoever tries: what its owner should hear. */
export class UnreadableSource extends Error {
  override readonly name = 'UnreadableSource';
}

/** There is another object under its key than was there when the job was accepted. */
export class ChangedSource extends Error {
  override readonly name = 'ChangedSource';
}

type Sleeps = Pick<Clock, 'sleep'>;

/**
 * From a byte at which a line begins, counted in what it unpacks to. Chunk by chunk, so an empty list where no line ended,
 * which is also what being on the way to that byte looks like.
 */
export async function* sourceLines(s3: Clients['s3'], source: TaskSource, fromByte: number, clock: Sleeps): AsyncGenerator<RawLine[]> {
  const lines = lineSplitter(fromByte, sourceLineBytes);
  let skip = 0;
  let atStart = fromByte === 0;
  const isGzip = await beginsAsGzip(s3, source, clock);
  if (isGzip) skip = fromByte;
  const bytes = isGzip ? unpacked(sourceBytes(s3, source, 0, clock)) : sourceBytes(s3, source, fromByte, clock);
  for await (const chunk of bytes) {
    const rest = chunk.subarray(Math.min(skip, chunk.byteLength));
    skip -= chunk.byteLength - rest.byteLength;
    const ended = [...lines.push(rest)];
    if (atStart && ended[0] !== undefined) {
      ended[0] = withoutMark(ended[0]);
      atStart = false;
    }
    yield ended;
  }
  const last = lines.rest();
  if (last) yield [atStart ? withoutMark(last) : last];
}

/** U+FEFF, with which some editors begin a file. */
const mark = Buffer.of(0xef, 0xbb, 0xbf);
const withoutMark = (line: RawLine): RawLine => (line.text?.subarray(0, 3).equals(mark) ? { ...line, text: line.text.subarray(3) } : line);

async function* sourceBytes(
  s3: Clients['s3'],
  source: TaskSource,
  fromByte: number,
  clock: Sleeps,
  toByte?: number,
): AsyncGenerator<Buffer> {
  const { bucket: Bucket, key: Key, versionId, etag } = source;
  const object = { Bucket, Key, ...(versionId === undefined ? {} : { VersionId: versionId }), ...(etag === '' ? {} : { IfMatch: etag }) };
  try {
    yield* objectBytes(s3, { ...object, fromByte, toByte }, clock);
  } catch (error) {
    throw said(source, error);
  }
}

async function beginsAsGzip(s3: Clients['s3'], source: TaskSource, clock: Sleeps): Promise<boolean> {
  let start = Buffer.alloc(0);
  for await (const chunk of sourceBytes(s3, source, 0, clock, 2)) start = Buffer.concat([start, chunk]);
  return start[0] === 0x1f && start[1] === 0x8b;
}

async function* unpacked(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: 65_536 });
  // Its error arrives where the bytes are read.
  pipeline(Readable.from(packed), gunzip, () => undefined);
  try {
    for await (const chunk of gunzip) yield chunk;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))) throw error;
    throw new UnreadableSource(`the file is gzip, and damaged: ${error.message}`);
  }
}

function said({ bucket, key }: TaskSource, error: unknown): unknown {
  const status = statusOf(error);
  const name = `s3://${bucket}/${key}`;
  if (status === 412) return new ChangedSource(`${name} was changed after the job was accepted; submit it again`);
  if (status === 404) return new UnreadableSource(`${name} is gone; upload it again and submit anew`);
  if (status === 403) return new UnreadableSource(`${name} may not be read by this stage; see its bucket policy and key policy`);
  if (status === undefined || status >= 500 || status < 300 || status === 408 || status === 429) return error;
  return new UnreadableSource(`${name} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
}

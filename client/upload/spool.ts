/**
 * Tasks on their way to an upload, compressed in a temporary file: S3 wants to know the length beforehand, and a try that
 * failed has to begin anew. So memory does not grow with their number, the disk does: a tenth of them or so.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

export interface Spooled {
  bytes: number;
  open: () => Readable;
}

/** The file is gone once `use` has ended. `packed`: it is gzip already. */
export async function spooled<T>(
  source: AsyncIterable<Uint8Array | string>,
  { packed, signal, onBytes }: { packed: boolean; signal: AbortSignal | undefined; onBytes: (bytes: number) => void },
  use: (spooled: Spooled) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-upload-'));
  try {
    const path = join(folder, 'tasks.ndjson.gz');
    const steps = [Readable.from(source, { objectMode: false }), counting(onBytes), ...(packed ? [] : [createGzip({ level: 6 })])];
    await pipeline([...steps, createWriteStream(path)], signal ? { signal } : {});
    return await use(fileOf(path, (await stat(path)).size));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const fileOf = (path: string, bytes: number): Spooled => ({ bytes, open: () => createReadStream(path) });

/** Lets everything through, and tells how much that was. */
export function counting(onBytes: (bytes: number) => void): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      onBytes(bytes);
      done(null, chunk);
    },
  });
}

/** The task file of a job, read from any task on; memory holds one block and a chunk of the stream, whatever its length. */
import { type Located, readStoredLine, storedLineBytes } from '../../domain/job/line.ts';
import { type Clock, systemClock } from '../../framework/clock.ts';
import type { Clients } from '../clients.ts';
import { lineSplitter, type RawLine } from './line-splitter.ts';
import { objectBytes, statusOf } from './object-bytes.ts';

/** A block is cut where its lines have this many bytes: a hundred large tasks are not read ahead. */
const blockBytes = 4 * 1_048_576;

export interface Blocks {
  /** At which a task begins. */
  byte: number;
  /** Where to end; default the file's end. */
  toByte?: number | undefined;
  /** Most tasks of a block. */
  batchSize: number;
}

export function taskFile(s3: Clients['s3'], Bucket: string, clock: Pick<Clock, 'sleep'> = systemClock) {
  async function* blocks(Key: string, { byte, toByte, batchSize }: Blocks): AsyncGenerator<Located[]> {
    const lines = lineSplitter(byte, storedLineBytes);
    let block: Located[] = [];
    for await (const chunk of objectBytes(s3, { Bucket, Key, fromByte: byte, toByte }, clock)) {
      for (const line of lines.push(chunk)) {
        block.push(located(Key, line));
        if (block.length < batchSize && line.toByte - (block[0]?.fromByte ?? 0) < blockBytes) continue;
        yield block;
        block = [];
      }
    }
    const rest = lines.rest();
    if (rest) block.push(located(Key, rest));
    if (block.length > 0) yield block;
  }

  return {
    /** Closing it, as `for await` does, lets go of the connection. */
    blocks,
    /** The one task in these bytes. */
    async at(key: string, fromByte: number, toByte: number): Promise<Located> {
      for await (const [task] of blocks(key, { byte: fromByte, toByte, batchSize: 1 })) if (task) return task;
      throw new Error(`${key} has no task at byte ${fromByte}`);
    },
  };
}
export type TaskFile = ReturnType<typeof taskFile>;

/** Nothing can be read of it, however often: it is not there any more, or not as we wrote it. */
export const isFileLost = (error: unknown) => error instanceof DamagedFile || statusOf(error) === 404;

class DamagedFile extends Error {
  constructor(key: string, { fromByte }: RawLine, why: string, cause?: unknown) {
    super(`${key} is damaged at byte ${fromByte}: ${why}`, { cause });
    this.name = 'DamagedFile';
  }
}

function located(key: string, line: RawLine): Located {
  const { text, fromByte, toByte } = line;
  if (text === undefined) throw new DamagedFile(key, line, 'a line is longer than any that we write');
  try {
    return { task: readStoredLine(text.toString('utf8')), fromByte, toByte };
  } catch (cause) {
    throw new DamagedFile(key, line, 'a line is no task', cause);
  }
}

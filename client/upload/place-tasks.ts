/** Decides where a submission's tasks go: into the request, as far as they fit, else into a file that is uploaded. */
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type TaskFile, TaskInput } from '../../lambdas/contract/job.ts';
import type { Api } from '../api/api.ts';
import type { Clock } from '../api/clock.ts';
import { SluiceClientError } from '../errors.ts';
import type { ByteSource, Submission, SubmitOptions } from '../jobs/submission.ts';
import { linesOf } from '../lines.ts';
import { headOf } from './head.ts';
import { fileOf, spooled } from './spool.ts';
import { joined, taskLines } from './task-lines.ts';
import { upload } from './upload.ts';

/** `tasks` or `file` of a request. What is wrong with a task the API says, and of which field. */
export interface Placed {
  tasks?: unknown[];
  file?: TaskFile;
}

export interface Placing {
  api: Api;
  clock: Clock;
  /** Tasks that a request may carry. */
  inlineTasks: () => Promise<number>;
  options: SubmitOptions;
}

export async function placeTasks(placing: Placing, { tasks, file, body }: Submission): Promise<Placed> {
  if (body !== undefined && (tasks !== undefined || file !== undefined))
    throw new SluiceClientError('A job has a body, or tasks or a file: leave one of them out.');
  if (tasks !== undefined && file !== undefined) throw new SluiceClientError('A job has tasks or a file, not both: leave one of them out.');
  if (tasks !== undefined) return placeLines(placing, tasks);
  if (typeof file === 'string' || file instanceof URL) return placePath(placing, file instanceof URL ? fileURLToPath(file) : file);
  if (isByteSource(file)) return placeBytes(placing, file);
  return file === undefined ? {} : { file };
}

const isByteSource = (file: TaskFile | ByteSource | undefined): file is ByteSource => file !== undefined && Symbol.asyncIterator in file;

async function placeLines(placing: Placing, tasks: NonNullable<Submission['tasks']>): Promise<Placed> {
  const head = await headOf(taskLines(tasks), placing.inlineTasks);
  if (head.kind === 'more') return uploaded(placing, joined(head.rest), false);
  return { tasks: some(head.items).map((line): unknown => JSON.parse(line)) };
}

async function placePath(placing: Placing, path: string): Promise<Placed> {
  const { size } = await stat(path).catch((error: unknown) => {
    throw new SluiceClientError(`There is no file ${path} to read; name an NDJSON file, a task a line.`, { cause: error });
  });
  if (!isGzip(await firstBytes(path))) return placeBytes(placing, createReadStream(path, { highWaterMark: 262_144 }));
  return { file: { upload: await upload(placing.api, placing.clock, fileOf(path, size), placing.options) } };
}

async function placeBytes(placing: Placing, source: ByteSource): Promise<Placed> {
  const head = await headOf<string | Uint8Array>(source, async () => Number.POSITIVE_INFINITY);
  if (head.kind === 'more') {
    const [packed, rest] = await withFirst(head.rest);
    return uploaded(placing, rest, packed);
  }
  return (await inlineTasks(placing, head.items)) ?? uploaded(placing, replayed(head.items), isGzip(head.items[0]));
}

/** Undefined where they do not fit, or one is no task: then it is told as what the file's line is. */
async function inlineTasks(placing: Placing, chunks: (string | Uint8Array)[]): Promise<Placed | undefined> {
  if (isGzip(chunks[0])) return undefined;
  const lines: string[] = [];
  for await (const line of linesOf(replayed(chunks))) lines.push(line);
  if (some(lines).length > 1 && lines.length > (await placing.inlineTasks())) return undefined;
  const tasks = lines.map(taskIn).filter((task) => task !== undefined);
  return tasks.length === lines.length ? { tasks } : undefined;
}

function some(lines: string[]): string[] {
  if (lines.length === 0) throw new SluiceClientError('There is nothing to submit: no task was given.');
  return lines;
}

function taskIn(line: string): TaskInput | undefined {
  try {
    return TaskInput.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

async function uploaded(placing: Placing, source: AsyncIterable<string | Uint8Array>, packed: boolean): Promise<Placed> {
  const { api, clock, options } = placing;
  const onBytes = (bytes: number) => options.onUpload?.({ phase: 'packing', bytes, totalBytes: undefined });
  const id = await spooled(source, { packed, signal: options.signal, onBytes }, (file) => upload(api, clock, file, options));
  return { file: { upload: id } };
}

async function firstBytes(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** RFC 1952. A stream's first chunk has both bytes, or is none that anybody compressed. */
const isGzip = (chunk: string | Uint8Array | undefined) => chunk instanceof Uint8Array && chunk[0] === 0x1f && chunk[1] === 0x8b;

async function* replayed<T>(items: T[]): AsyncGenerator<T> {
  yield* items;
}

async function withFirst(source: AsyncGenerator<string | Uint8Array>): Promise<[boolean, AsyncGenerator<string | Uint8Array>]> {
  const first = await source.next();
  async function* all() {
    if (!first.done) yield first.value;
    yield* source;
  }
  return [!first.done && isGzip(first.value), all()];
}

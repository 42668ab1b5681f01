/**
 * Writes a job's task file: all at once where it is small, else in parts of a multipart upload. Where a part ends depends
 * on the lines alone, so that two who write the same file, one of them left over, write the same parts.
 */
import type { ResultsObjects } from '../aws/jobs/results-objects.ts';
import { taskFileKey } from '../contract/data-bucket.ts';
import type { IntakeProgress } from '../contract/job-table.ts';

export type Written = Pick<IntakeProgress, 'writtenBytes' | 'uploadId' | 'parts' | 'restKey'>;
export const nothingWritten: Written = { writtenBytes: 0, uploadId: '', parts: [] };

/** Their tags fit into the job's item of 400 KB (DynamoDB, ServiceQuotas); with parts of 32 MiB it is over 100 GB. */
const mostParts = 5_000;

export class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

export interface WriterOptions {
  job: string;
  objects: ResultsObjects;
  /** Bytes of the next part, by the parts so far. */
  partBytes: (parts: number) => number;
}

export class TaskFileWriter {
  readonly #options: WriterOptions;
  readonly #key: string;
  readonly #parts: string[];
  #uploadId: string;
  #writtenBytes: number;
  #lines: Buffer[];
  #bytes: number;

  private constructor(options: WriterOptions, { writtenBytes, uploadId, parts }: Written, rest: Buffer) {
    this.#options = options;
    this.#key = taskFileKey(options.job);
    this.#parts = [...parts];
    this.#uploadId = uploadId;
    this.#writtenBytes = writtenBytes;
    this.#lines = [rest];
    this.#bytes = rest.byteLength;
  }

  static async from(options: WriterOptions, written: Written): Promise<TaskFileWriter> {
    const { restKey } = written;
    const rest = restKey === undefined ? Buffer.alloc(0) : await options.objects.get(restKey);
    if (rest === undefined) throw new Error(`${restKey} is gone, which has lines of a task file`);
    return new TaskFileWriter(options, written, rest);
  }

  add(line: string): void {
    const bytes = Buffer.from(line);
    this.#lines.push(bytes);
    this.#bytes += bytes.byteLength;
    this.#writtenBytes += bytes.byteLength;
  }

  get isFull(): boolean {
    return this.#bytes >= this.#options.partBytes(this.#parts.length);
  }

  async putPart(): Promise<void> {
    const { objects } = this.#options;
    if (this.#parts.length >= mostParts)
      throw new TooLarge(`the file has more than ${this.#writtenBytes} bytes of tasks; split it into several jobs`);
    if (this.#uploadId === '') this.#uploadId = await objects.beginUpload(this.#key);
    this.#parts.push(await objects.putPart(this.#key, this.#uploadId, this.#parts.length + 1, this.#taken()));
  }

  /** How far it is; lines that make no part yet are in an object of their own, named by `mark`. */
  async written(mark: number): Promise<Written> {
    const written = { writtenBytes: this.#writtenBytes, uploadId: this.#uploadId, parts: [...this.#parts] };
    if (this.#bytes === 0) return written;
    const restKey = `${this.#key}.rest-${mark}`;
    const rest = this.#taken();
    this.#lines = [rest];
    this.#bytes = rest.byteLength;
    await this.#options.objects.put(restKey, rest);
    return { ...written, restKey };
  }

  /** All lines are there. What is left to be done then changes nothing of how far it is. */
  async lastPart(): Promise<void> {
    if (this.#uploadId !== '' && this.#bytes > 0) await this.putPart();
  }

  /** The file is there then; its bytes. */
  async complete(): Promise<number> {
    const { objects } = this.#options;
    if (this.#uploadId === '') await objects.put(this.#key, Buffer.concat(this.#lines));
    else await objects.completeUpload(this.#key, this.#uploadId, this.#parts);
    return this.#writtenBytes;
  }

  async drop(): Promise<void> {
    if (this.#uploadId !== '') await this.#options.objects.dropUpload(this.#key, this.#uploadId);
  }

  #taken(): Buffer {
    const taken = Buffer.concat(this.#lines);
    this.#lines = [];
    this.#bytes = 0;
    return taken;
  }
}

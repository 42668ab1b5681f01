/**
 * Writes one results file: all at once where it is small, else in parts of a multipart upload, noting from time to time
 * how far it got. Interrupted, it goes on from the last note; parts sent since take the place of themselves.
 */
import type { ResultsObjects } from '../aws/jobs/results-objects.ts';
import type { Progress, ResultsPlace, ResultsProgress } from '../aws/jobs/results-progress.ts';
import type { Cursor } from '../contract/job-table.ts';

export interface WriterWorld {
  objects: ResultsObjects;
  progress: ResultsProgress;
  clock: { nowMs(): number };
}

export interface WriterJob {
  place: ResultsPlace;
  holder: string;
  key: string;
  /** Bytes of the next part, by the parts so far. */
  partBytes: (parts: number) => number;
}

/** Another has taken over: what was written since the last note is the other's to write. */
export class TakenOver extends Error {
  override readonly name = 'TakenOver';
}

/** Between two notes of how far it got. */
const noteMs = 20_000;
/** All their tags fit into the note, an item of 400 KB (DynamoDB, ServiceQuotas). */
const mostParts = 8_000;

export class ResultsWriter {
  cursor: Cursor;
  readonly #world: WriterWorld;
  readonly #job: WriterJob;
  readonly #etags: string[];
  #uploadId: string | undefined;
  #lines: Buffer[];
  #bytes: number;
  #notedMs: number;

  private constructor(world: WriterWorld, job: WriterJob, { cursor, uploadId, etags }: Progress, rest: Buffer) {
    this.#world = world;
    this.#job = job;
    this.cursor = cursor;
    this.#uploadId = uploadId;
    this.#etags = [...etags];
    this.#lines = [rest];
    this.#bytes = rest.byteLength;
    this.#notedMs = world.clock.nowMs();
  }

  static async from(world: WriterWorld, job: WriterJob, progress: Progress): Promise<ResultsWriter> {
    const { restKey } = progress;
    const rest = restKey === undefined ? Buffer.alloc(0) : await world.objects.get(restKey);
    if (rest === undefined) throw new Error(`${restKey} is gone, which has lines of a results file`);
    return new ResultsWriter(world, job, progress, rest);
  }

  /** `cursor` is where reading goes on behind the task of this line, which may have none. */
  async add(line: string | undefined, cursor: Cursor): Promise<void> {
    this.cursor = cursor;
    if (line !== undefined) {
      const bytes = Buffer.from(line);
      this.#lines.push(bytes);
      this.#bytes += bytes.byteLength;
    }
    if (this.#bytes < this.#job.partBytes(this.#etags.length)) return;
    await this.#putPart();
    if (this.#world.clock.nowMs() - this.#notedMs >= noteMs) await this.#note();
  }

  /** The file is there then. */
  async finish(): Promise<void> {
    const { objects } = this.#world;
    const { key } = this.#job;
    if (this.#uploadId === undefined) {
      await objects.put(key, this.#taken());
      return;
    }
    if (this.#bytes > 0) await this.#putPart();
    await objects.completeUpload(key, this.#uploadId, this.#etags);
  }

  /** Leaves it to the next run, with the lines that make no part yet in an object of their own. */
  async suspend(): Promise<void> {
    const { objects } = this.#world;
    const restKey = this.#bytes === 0 ? undefined : `${this.#job.key}.rest-${this.cursor.n}`;
    if (restKey !== undefined) await objects.put(restKey, this.#taken());
    await this.#note(restKey);
  }

  async drop(): Promise<void> {
    if (this.#uploadId !== undefined) await this.#world.objects.dropUpload(this.#job.key, this.#uploadId);
  }

  async #putPart(): Promise<void> {
    const { objects } = this.#world;
    const { key } = this.#job;
    if (this.#etags.length >= mostParts) throw new Error(`${key} is too large for one file: ${mostParts} parts are written`);
    this.#uploadId ??= await objects.beginUpload(key);
    this.#etags.push(await objects.putPart(key, this.#uploadId, this.#etags.length + 1, this.#taken()));
  }

  async #note(restKey?: string): Promise<void> {
    const { progress, clock } = this.#world;
    const { place, holder } = this.#job;
    const { cursor } = this;
    this.#notedMs = clock.nowMs();
    if (!(await progress.save(place, holder, { cursor, uploadId: this.#uploadId, etags: this.#etags, restKey }))) throw new TakenOver();
  }

  #taken(): Buffer {
    const taken = Buffer.concat(this.#lines);
    this.#lines = [];
    this.#bytes = 0;
    return taken;
  }
}

/**
 * One run over one file: takes its lines, writes the good ones, records the bad ones as failed tasks, and notes from time
 * to time how far it is. Interrupted anywhere, the next run goes on from the last note, and what was done since is done
 * again with the same outcome.
 */

import type { JobServices } from '../aws/jobs/job-services.ts';
import type { RawLine } from '../aws/jobs/line-splitter.ts';
import type { IntakeProgress, JobRow } from '../contract/job-table.ts';
import { readSourceLine } from '../domain/job/source-line.ts';
import type { TaskEnd } from '../domain/job/task-end.ts';
import { nothingWritten, type TaskFileWriter } from './task-file-writer.ts';

export const startOfSource: IntakeProgress = { byte: 0, line: 0, n: 0, good: 0, ...nothingWritten };

/** Somebody else reads the file by now, or the job has ended: nothing is left to be done here. */
export class NotOurs extends Error {
  override readonly name = 'NotOurs';
}

/** The job fails with this line. */
export class BadLine extends Error {
  override readonly name = 'BadLine';
}

/** Failed tasks that are recorded together. */
const badAtOnce = 600;
/** Between two notes where a part was just put, and where lines are left that need an object of their own. */
const noteMs = 20_000;
const restNoteMs = 40_000;

type World = Pick<JobServices, 'jobs' | 'tasks' | 'clock' | 'intakeLeases'>;

export class IntakeRun {
  readonly #world: World;
  readonly #row: JobRow;
  readonly #holder: string;
  readonly #writer: TaskFileWriter;
  readonly #startByte: number;
  #counts: Pick<IntakeProgress, 'byte' | 'line' | 'n' | 'good'>;
  #bad: TaskEnd[] = [];
  #notedMs: number;

  constructor(world: World, row: JobRow, holder: string, writer: TaskFileWriter) {
    const { byte, line, n, good } = row.intake ?? startOfSource;
    this.#world = world;
    this.#row = row;
    this.#holder = holder;
    this.#writer = writer;
    this.#startByte = byte;
    this.#counts = { byte, line, n, good };
    this.#notedMs = world.clock.nowMs();
  }

  get tasks(): number {
    return this.#counts.n;
  }

  get hasMoved(): boolean {
    return this.#counts.byte > this.#startByte;
  }

  /** True: `rest` is to be called before the next. */
  take({ text, toByte }: RawLine): boolean {
    const { job, target, createdAtMs, strict } = this.#row;
    const n = this.#counts.n + 1;
    const line = this.#counts.line + 1;
    const read = readSourceLine(text, { job, n, target, nowMs: createdAtMs });
    if (read.kind === 'bad') {
      if (strict) throw new BadLine(`line ${line} of the file: ${read.message}`);
      const error = { class: 'DATA', message: read.message, line } as const;
      this.#bad.push({ n, status: 'failed', life: 0, attempt: 0, unsent: true, error, atMs: this.#world.clock.nowMs() });
    }
    if (read.kind === 'task') this.#writer.add(read.stored);
    const { good } = this.#counts;
    this.#counts = { byte: toByte, line, n: read.kind === 'blank' ? n - 1 : n, good: read.kind === 'task' ? good + 1 : good };
    return this.#bad.length >= badAtOnce || this.#writer.isFull;
  }

  /** What waits for several lines to be done together. */
  async rest(): Promise<void> {
    const isPartPut = this.#writer.isFull;
    if (this.#bad.length >= badAtOnce) await this.#recordBad();
    if (isPartPut) await this.#writer.putPart();
    const sinceMs = this.#world.clock.nowMs() - this.#notedMs;
    if (sinceMs >= (isPartPut ? noteMs : restNoteMs)) await this.note();
  }

  async note(): Promise<void> {
    const { jobs, intakeLeases, clock } = this.#world;
    await this.#recordBad();
    const { job } = this.#row;
    const written = await this.#writer.written(this.#counts.byte);
    // Taken again by who holds it: it lasts anew.
    if (!(await intakeLeases.acquire(job, this.#holder, clock.nowMs()))) throw new NotOurs();
    if (!(await jobs.saveIntake(job, { ...this.#counts, ...written }))) throw new NotOurs();
    this.#notedMs = clock.nowMs();
  }

  /** Every line was taken; the bytes of the task file. */
  async finish(): Promise<number> {
    await this.#writer.lastPart();
    await this.note();
    return this.#writer.complete();
  }

  async #recordBad(): Promise<void> {
    const bad = this.#bad;
    this.#bad = [];
    if (bad.length > 0) await this.#world.tasks.apply(this.#row.job, bad);
  }
}

/**
 * One run over one results file: from where the last one stopped to the end of the job, or of the time there is. Asked for
 * twice it is written once: who comes while another writes leaves it to that one, whose message comes back if it dies.
 */
import type { JobServices } from '../aws/jobs/job-services.ts';
import { isUploadGone, type ResultsObjects } from '../aws/jobs/results-objects.ts';
import type { ResultsProgress } from '../aws/jobs/results-progress.ts';
import { resultsFileKey, resultsPrefix } from '../contract/data-bucket.ts';
import type { ResultsHint } from '../contract/job-messages.ts';
import { type JobRow, resultsName, startOfFile } from '../contract/job-table.ts';
import { failedLine, type ResultText, resultsLine } from '../domain/job/results-line.ts';
import { isWanted } from '../domain/job/results-wanted.ts';
import { again, done, type Outcome } from '../framework/sqs-batch.ts';
import { inOrder } from './in-order.ts';
import { type KnownTask, knownTasks, type TaskSources } from './known-tasks.ts';
import { ResultsWriter, TakenOver, type WriterJob } from './results-writer.ts';

export interface ResultsWorld extends Pick<JobServices, 'jobs' | 'clock' | 'log'>, TaskSources {
  objects: ResultsObjects;
  progress: ResultsProgress;
  partBytes: WriterJob['partBytes'];
}

export interface Run {
  /** Of the message that this run is for: it may go on with what it held itself. */
  holder: string;
  /** When it must have stopped. */
  endMs: number;
  /** When nothing of it can be alive any more. */
  deadMs: number;
}

/** Large results under way at once, each of up to 5 MB. */
const resultsAtOnce = 8;

export async function writeFile(world: ResultsWorld, hint: ResultsHint, run: Run): Promise<Outcome> {
  const { jobs, progress, clock } = world;
  const row = await jobs.get(hint.job);
  if (!isWanted(row, hint)) return done;
  const place = { job: hint.job, name: resultsName(hint.only, hint.life) };
  const held = await progress.take(place, run.holder, clock.nowMs(), run.deadMs);
  if (held === undefined) return done;
  const key = resultsFileKey(hint.job, hint.life, hint.only);
  const { partBytes } = world;
  try {
    const writer = await ResultsWriter.from(world, { place, holder: run.holder, key, partBytes }, held);
    return await writeOn(world, hint, row, writer, run.endMs, key);
  } catch (error) {
    if (error instanceof TakenOver) return done;
    if (!isUploadGone(error)) throw error;
    // It was finished without a word, or dropped for its age: what is on the way is lost, and the same is written anew.
    await progress.save(place, run.holder, { cursor: startOfFile, uploadId: undefined, etags: [], restKey: undefined });
    return again(1);
  } finally {
    await progress.release(place, run.holder);
  }
}

async function writeOn(
  world: ResultsWorld,
  hint: ResultsHint,
  row: JobRow & { total: number },
  writer: ResultsWriter,
  endMs: number,
  key: string,
): Promise<Outcome> {
  const { jobs, clock, log } = world;
  const known = knownTasks(world, row.job, row.total, writer.cursor);
  for await (const { line, cursor } of inOrder(known, resultsAtOnce, (task) => lineOf(world, hint, row, task))) {
    await writer.add(line, cursor);
    if (clock.nowMs() < endMs) continue;
    await writer.suspend();
    log.info('results go on in another run', { ...hint, n: cursor.n, total: row.total });
    return again(1);
  }
  // Tried again meanwhile, its tasks are no longer what the file says.
  if (!isWanted(await jobs.get(row.job), hint)) {
    await writer.drop();
    return done;
  }
  await writer.finish();
  await jobs.noteResultsFile(row.job, resultsName(hint.only, hint.life), key);
  log.info('results written', { ...hint, total: row.total });
  return done;
}

async function lineOf(world: ResultsWorld, { only }: ResultsHint, row: JobRow, task: KnownTask) {
  const { cursor } = task;
  const endedAtMs = row.endedAtMs ?? world.clock.nowMs();
  if (only === 'failed') return { line: failedLine(task, endedAtMs), cursor };
  return { line: resultsLine(task, await resultOf(world, row.job, task), endedAtMs), cursor };
}

/** Consumers name the object of a large result: never one that is not their job's. */
async function resultOf({ objects, log }: ResultsWorld, job: string, { n, row }: KnownTask): Promise<ResultText> {
  if (row?.result !== undefined) return { json: row.result };
  if (row?.status !== 'done' || row.resultKey === undefined) return undefined;
  const object = row.resultKey.startsWith(`${resultsPrefix}${job}/`) ? await objects.get(row.resultKey) : undefined;
  if (object !== undefined) return { json: object.toString('utf8') };
  log.warn('result of a task is lost', { job, n, resultKey: row.resultKey });
  return 'lost';
}

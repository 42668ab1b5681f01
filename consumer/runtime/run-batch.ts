/**
 * One invocation: tasks one after the other, each at its turn, each failing alone. What cannot start any more is handed
 * back unharmed; at the end the invocation stays as long as the rate asks.
 */
import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import { type Batch, back, newBatch } from './batch.ts';
import { metricLines } from './metrics.ts';
import type { Ended } from './open-task.ts';
import { readTask } from './read-task.ts';
import type { Outcome } from './run-task.ts';
import type { Runtime } from './runtime.ts';
import { settle } from './settle.ts';
import { TaskRun } from './task-run.ts';
import { type Recorded, type Settled, tell, type Untold } from './tell.ts';
import { endOf, tryTask } from './try-task.ts';

export async function runBatch(runtime: Runtime, records: SQSRecord[], remainingMs: number): Promise<SQSBatchResponse> {
  const batch = newBatch(runtime, remainingMs);
  const overrun = await untilEndOrOverrun(batch, records);
  if (overrun) abandon(batch, overrun, records);
  batch.unwatch?.();
  await Promise.all(batch.settling);
  if (batch.telling.length > 0) await allTold(batch);
  batch.counts.waitedForRateMs += holdMs(batch);
  writeMetrics(batch);
  await outliveZombie(batch);
  await hold(batch);
  return { batchItemFailures: batch.comeBack.map((itemIdentifier) => ({ itemIdentifier })) };
}

/** Returns the task that does not end, where one does not. */
function untilEndOrOverrun(batch: Batch, records: SQSRecord[]): Promise<TaskRun | undefined> {
  return new Promise((resolve, reject) => {
    const ended = runAll(batch, records);
    ended.then(() => resolve(undefined), reject);
    batch.giveUp = (run) => {
      if (batch.running !== run) return;
      batch.zombie = ended;
      resolve(run);
    };
  });
}

async function runAll(batch: Batch, records: SQSRecord[]): Promise<void> {
  const { pipeline, fifo } = batch.runtime.settings;
  for (const record of records) {
    batch.taken += 1;
    const run = new TaskRun(batch, readTask(record, pipeline));
    const end = handedBack(batch, run) ?? (await tryTask(batch, run));
    // The invocation went on without it, and has settled everything.
    if (batch.zombie) return;
    const settled = settleEnd(batch, run, end);
    // In a message group the next task must not start before this one's fate is known.
    if (fifo) blockAfter(batch, run, await settled);
  }
}

/** A task that does not end has failed; nothing may take its place, so what is left is handed back. */
function abandon(batch: Batch, run: TaskRun, records: SQSRecord[]): void {
  settleEnd(batch, run, endOf(batch, run, { kind: 'overrun' }));
  for (const record of records.slice(batch.taken)) {
    const left = new TaskRun(batch, readTask(record, batch.runtime.settings.pipeline));
    settleEnd(batch, left, back(0, 'the task before it does not end'));
  }
}

/** Why a task is handed back without a look at it; undefined: it may be tried. */
function handedBack({ blocked, stopped }: Batch, { received }: TaskRun): Outcome | undefined {
  const { messageGroup } = received.message;
  if (messageGroup !== undefined && blocked.has(messageGroup)) return back(0, 'one before it in its message group comes back');
  return stopped && back(stopped.seconds, stopped.why);
}

function blockAfter({ blocked }: Batch, { received }: TaskRun, settled: Settled): void {
  if (settled === 'comesBack' && received.message.messageGroup !== undefined) blocked.add(received.message.messageGroup);
}

function settleEnd(batch: Batch, run: TaskRun, end: Ended): Settled | Promise<Settled> {
  run.lease?.end();
  const recorded = typeof end === 'function' ? end() : settle(run, end, batch.counts);
  return typeof recorded === 'string' ? keep(batch, run, recorded) : keepLater(batch, run, Promise.resolve(recorded));
}

function keep({ comeBack, finished }: Batch, { received }: TaskRun, settled: Settled): Settled {
  if (settled === 'finished') finished.push(received.receiptHandle);
  else comeBack.push(received.message.id);
  return settled;
}

/** A failed settling leaves the message to its queue's visibility timeout. */
function keepLater(batch: Batch, run: TaskRun, settling: Promise<Recorded>): Promise<Settled> {
  const recorded = settling.catch((error: unknown): Recorded => {
    run.log().error('what became of the task could not be recorded: it comes back', { error });
    return 'comesBack';
  });
  const kept = recorded.then((end) => (typeof end === 'string' ? keep(batch, run, end) : tellAndKeep(batch, run, end)));
  // The next task waits for the record of this one, and not for its report.
  batch.settling.push(run.received.counted ? recorded : kept);
  if (run.received.counted) batch.telling.push(kept);
  return kept;
}

const tellAndKeep = async (batch: Batch, run: TaskRun, end: Untold): Promise<Settled> => keep(batch, run, await tell(run, end));

/** Every report is on its way by now, or held back for company: no other comes along in this invocation. */
async function allTold({ runtime, telling }: Batch): Promise<void> {
  runtime.ports.reports.flush();
  await Promise.all(telling);
}

/**
 * A task that ignores its signal still works on the target: nothing else may take its place. Lambda ends it with the
 * function; the messages that are finished must not come back with the others.
 */
async function outliveZombie({ zombie, finished, runtime }: Batch): Promise<void> {
  if (zombie === undefined) return;
  await Promise.allSettled(finished.map((receiptHandle) => runtime.ports.queue.remove(receiptHandle)));
  await zombie.catch(() => undefined);
}

/** The last start is one spacing old before anybody else may take this invocation's place. */
async function hold(batch: Batch): Promise<void> {
  const waitMs = holdMs(batch);
  if (waitMs > 0) await batch.runtime.ports.clock.sleep(waitMs);
}

function holdMs({ runtime, holdUntilMs, started }: Batch): number {
  const untilMs = Math.max(holdUntilMs, started > 0 ? runtime.turns.nextStartMs : 0);
  return Math.max(0, untilMs - runtime.ports.clock.monotonicMs());
}

function writeMetrics({ runtime, counts }: Batch): void {
  const { definition, settings, ports } = runtime;
  const options = definition.metrics?.(settings.group);
  if (!options) return;
  for (const line of metricLines(counts, settings, options, ports.clock.nowMs())) ports.writeLine(line);
}

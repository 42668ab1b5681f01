/**
 * One invocation: tasks one after the other, each at its turn, each failing alone. What cannot start any more is handed
 * back unharmed; at the end the invocation stays as long as the rate asks.
 */
import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import { takeTurn } from '../../lambdas/domain/task/spacing.ts';
import { type TimeBudget, timeBudget } from '../../lambdas/domain/task/time-budget.ts';
import { judge } from './failure.ts';
import { type Counts, countsOf, metricLines, noCounts } from './metrics.ts';
import { parseBody } from './parse-body.ts';
import { readTask } from './read-task.ts';
import { type Outcome, runTask } from './run-task.ts';
import { noteDuration, type Runtime } from './runtime.ts';
import { sendMissingLetter } from './set-aside.ts';
import { type Settled, setAsideFor, settle } from './settle.ts';
import { heldElsewhere, TaskRun } from './task-run.ts';
import { awaitTurn, planTurn, type Stop } from './turn.ts';

interface Batch {
  runtime: Runtime;
  budget: TimeBudget;
  counts: Counts;
  started: number;
  /** Set when no further task may start. */
  stopped: { seconds: number; why: string } | undefined;
  holdUntilMs: number;
  /** Message groups in which a task comes back: what follows it must, too. */
  blocked: Set<string>;
  settling: Promise<void>[];
  comeBack: string[];
  finished: string[];
  zombie: Promise<unknown> | undefined;
}

export async function runBatch(runtime: Runtime, records: SQSRecord[], remainingMs: number): Promise<SQSBatchResponse> {
  const budget = timeBudget(runtime.ports.clock.monotonicMs(), remainingMs);
  const batch: Batch = {
    ...{ runtime, budget, counts: noCounts(), started: 0, stopped: undefined, holdUntilMs: 0 },
    ...{ blocked: new Set(), settling: [], comeBack: [], finished: [], zombie: undefined },
  };
  for (const record of records) await runRecord(batch, record);
  await Promise.all(batch.settling);
  writeMetrics(batch);
  await outliveZombie(batch);
  await hold(batch);
  return { batchItemFailures: batch.comeBack.map((itemIdentifier) => ({ itemIdentifier })) };
}

async function runRecord(batch: Batch, record: SQSRecord): Promise<void> {
  const { runtime } = batch;
  const run = new TaskRun(runtime, readTask(record, runtime.settings.pipeline), batch.budget);
  const group = runtime.settings.fifo ? run.received.message.messageGroup : undefined;
  const end = (await notStarted(batch, group)) ?? (await tryTask(batch, run));
  const settling = keep(batch, run, typeof end === 'function' ? end() : settle(run, end, batch.counts));
  if (group === undefined) batch.settling.push(settling.then(() => undefined));
  // In a message group the next task must not start before this one's fate is known.
  else if ((await settling) === 'comesBack') batch.blocked.add(group);
}

/** Why a task is handed back without a look at it; undefined: it may be tried. */
async function notStarted(batch: Batch, group: string | undefined): Promise<Outcome | undefined> {
  if (group !== undefined && batch.blocked.has(group)) return back(0, 'one before it in its message group comes back');
  if (batch.stopped === undefined) {
    const turn = await planTurn(batch.runtime, batch.budget, batch.started === 0);
    if (turn.kind === 'stop') stop(batch, turn);
  }
  return batch.stopped && back(batch.stopped.seconds, batch.stopped.why);
}

function stop(batch: Batch, { seconds, why, holdMs }: Stop): void {
  batch.stopped = { seconds, why };
  batch.holdUntilMs = batch.runtime.ports.clock.monotonicMs() + holdMs;
}

async function tryTask(batch: Batch, run: TaskRun): Promise<End> {
  const prepared = await prepare(batch, run);
  return 'body' in prepared ? start(batch, run, prepared.body) : prepared.end;
}

const back = (seconds: number, why: string): Outcome => ({ kind: 'back', seconds, why });

/** An outcome to settle, or what is left to do of an end that was begun before. */
type End = Outcome | (() => Promise<Settled>);

/** Either its parsed body, or how it ends without having started. */
type Prepared = { body: unknown } | { end: End };

async function prepare(batch: Batch, run: TaskRun): Promise<Prepared> {
  const { definition, settings, ports } = batch.runtime;
  const { received } = run;
  if (definition.keepDoneSeconds !== undefined || received.message.receives > 1 || received.redrives > 0) {
    const taken = await claimed(run);
    if (taken !== undefined) return { end: taken };
  }
  const { opening } = run;
  if (opening.silent) {
    countsOf(batch.counts, opening.silent.class).failed += 1;
    run.log().warn(opening.silent.message, { class: opening.silent.class, attempt: opening.silent.attempt });
  }
  if (opening.silent && opening.attempt > settings.retry.maxRetries + 1) {
    const { class: errorClass, message } = opening.silent;
    const failure = { class: errorClass, message, stack: undefined, step: undefined, retryAfterSeconds: undefined };
    return { end: () => setAsideFor(run, failure, batch.counts) };
  }
  try {
    return { body: await parseBody(received.body, definition.body, definition.schema) };
  } catch (error) {
    return { end: judge(error, undefined, undefined, ports.clock.nowMs()) };
  }
}

async function claimed(run: TaskRun): Promise<End | undefined> {
  try {
    const taken = await run.claim();
    if (taken === undefined) return undefined;
    if ('heldUntilMs' in taken) return back(heldElsewhere(run, taken.heldUntilMs).comeBackSeconds ?? 1, 'another copy of it may still run');
    const { ended } = taken;
    return ended.status === 'dead' && ended.letteredAtMs === undefined ? () => sendMissingLetter(run, ended) : { kind: 'over' };
  } catch (error) {
    // Without the record nobody may run it: it could be done already.
    run.log().error('the tasks table does not answer: the task comes back', { error });
    return back(5, 'the tasks table does not answer');
  }
}

async function start(batch: Batch, run: TaskRun, body: unknown): Promise<Outcome> {
  const { runtime, counts } = batch;
  const { clock } = runtime.ports;
  // Its claim may be written while the end of the one before is; it does not start before that one is on record.
  await Promise.all(batch.settling);
  const cameMs = clock.monotonicMs();
  const turn = await awaitTurn(runtime, batch.budget, batch.started === 0);
  counts.waitedForRateMs += clock.monotonicMs() - cameMs;
  if (turn.kind === 'stop') {
    stop(batch, turn);
    return back(turn.seconds, turn.why);
  }
  run.startedMs = clock.monotonicMs();
  takeTurn(runtime.turns, run.startedMs);
  batch.started += 1;
  counts.started += 1;
  const { outcome, zombie } = await runTask(run, body);
  const tookMs = clock.monotonicMs() - run.startedMs;
  counts.durationsMs.push(tookMs);
  noteDuration(runtime, tookMs);
  if (zombie) {
    batch.zombie = zombie;
    batch.stopped = { seconds: 0, why: 'the task before it does not end' };
  }
  return outcome;
}

/** A failed settling leaves the message to its queue's visibility timeout. */
async function keep({ comeBack, finished }: Batch, run: TaskRun, settling: Promise<Settled>): Promise<Settled> {
  const settled = await settling.catch((error: unknown): Settled => {
    run.log().error('what became of the task could not be recorded: it comes back', { error });
    return 'comesBack';
  });
  if (settled === 'finished') finished.push(run.received.receiptHandle);
  else comeBack.push(run.received.message.id);
  return settled;
}

/**
 * A task that ignores its signal still works on the target: nothing else may take its place. Lambda ends it with the
 * function; the messages that are finished must not come back with the others.
 */
async function outliveZombie({ zombie, finished, runtime }: Batch): Promise<void> {
  if (zombie === undefined) return;
  await Promise.allSettled(finished.map((receiptHandle) => runtime.ports.queue.remove(receiptHandle)));
  await zombie;
}

/** The last start is one spacing old before anybody else may take this invocation's place. */
async function hold({ runtime, holdUntilMs, started, counts }: Batch): Promise<void> {
  const { clock } = runtime.ports;
  const untilMs = Math.max(holdUntilMs, started > 0 ? runtime.turns.nextStartMs : 0);
  const waitMs = untilMs - clock.monotonicMs();
  if (waitMs <= 0) return;
  counts.waitedForRateMs += waitMs;
  await clock.sleep(waitMs);
}

function writeMetrics({ runtime, counts }: Batch): void {
  const { definition, settings, ports } = runtime;
  const options = definition.metrics?.(settings.group);
  if (!options) return;
  for (const line of metricLines(counts, settings, options, ports.clock.nowMs())) ports.writeLine(line);
}

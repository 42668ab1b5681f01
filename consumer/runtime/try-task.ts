/** One task of a batch, from its claim to its end. The usual case waits for nothing but the author's function. */
import { isExhausted } from '../../lambdas/domain/task/attempt.ts';
import { patienceSeconds } from '../../lambdas/domain/task/back-off.ts';
import { enteredTask, takeTurn } from '../../lambdas/domain/task/spacing.ts';
import { type Batch, back, stop } from './batch.ts';
import { judge } from './failure.ts';
import { countsOf } from './metrics.ts';
import { parseBody } from './parse-body.ts';
import { type End, type Outcome, Overrun, outcomeOf } from './run-task.ts';
import { noteDuration } from './runtime.ts';
import { sendMissingLetter, setAsideSilent } from './set-aside.ts';
import type { Settled } from './settle.ts';
import { taskContext } from './task-context.ts';
import { heldElsewhere, type TaskRun } from './task-run.ts';
import { awaitTurn, mayStartNow, planTurn } from './turn.ts';

/** An outcome to settle, or what is left to do of an end that was begun before. */
export type Ended = Outcome | (() => Promise<Settled>);

const returned: End = { kind: 'returned' };

export async function tryTask(batch: Batch, run: TaskRun): Promise<Ended> {
  const ended = isClaimedFirst(run) ? await claimed(batch, run) : undefined;
  const silent = ended ?? endedSilently(batch, run);
  if (silent) return silent;
  let body: unknown;
  try {
    const parsed = parseBody(run.received.body, run.runtime.definition);
    body = parsed instanceof Promise ? await parsed : parsed;
  } catch (error) {
    return judge(error, undefined, undefined, run.runtime.ports.clock.nowMs());
  }
  // Its claim may be written while the end of the one before is; it does not start before that one is on record.
  if (batch.settling.length > 0) await Promise.all(batch.settling.splice(0));
  // Made before its turn: nothing but the call is left between taking the turn and the start.
  const context = taskContext(run);
  const stopped = isItsTurn(batch, run) ? undefined : await stoppedInWaiting(batch, run);
  if (stopped) return stopped;
  begin(batch, run);
  let end: End = returned;
  try {
    const running = run.runtime.definition.task(body, context);
    enteredTask(run.runtime.turns, run.runtime.ports.clock.monotonicMs());
    await running;
  } catch (error) {
    end = { kind: 'threw', error };
  }
  // One of those that ran side by side failed: nobody may run the others again while they go on.
  const unnoticed = await run.parts?.end();
  if (unnoticed && end.kind === 'returned') end = { kind: 'threw', error: unnoticed.error };
  return endOf(batch, run, end);
}

/** A task nobody has seen before needs no record, where its duplicates may run; but one that must not run twice has one, for its crash. */
const isClaimedFirst = ({ runtime, received }: TaskRun) =>
  runtime.definition.keepDoneSeconds !== undefined ||
  received.message.receives > 1 ||
  received.redrives > 0 ||
  runtime.settings.retry.maxRetries === 0;

/** Takes the task, unless no time is left to run it in. Undefined: it is ours. */
async function claimed(batch: Batch, run: TaskRun): Promise<Ended | undefined> {
  // Its claim and the first look at the group's cooling are on their way together.
  const turn = await planTurn(batch.runtime, batch.budget, batch.started === 0, true);
  if (turn.kind === 'stop') return stop(batch, turn);
  try {
    const taken = await run.claim();
    if (taken === undefined) return undefined;
    if ('heldUntilMs' in taken) return back(heldElsewhere(run, taken.heldUntilMs).comeBackSeconds ?? 1, 'another copy of it may still run');
    const { ended } = taken;
    return ended.status === 'dead' && ended.letteredAtMs === undefined ? () => sendMissingLetter(run, ended) : { kind: 'over' };
  } catch (error) {
    // Without the record nobody may run it: it could be done already.
    run.log().error('the tasks table does not answer: the task comes back', { error });
    return back(Math.max(5, patienceSeconds(run.received.message.receives)), 'the tasks table does not answer');
  }
}

/** Where the attempt before ended without a word. Undefined: it did not, or another one is left. */
function endedSilently({ runtime, counts }: Batch, run: TaskRun): Ended | undefined {
  const { silent, attempt } = run.opening;
  if (!silent) return undefined;
  const { class: errorClass, message } = silent;
  countsOf(counts, errorClass).failed += 1;
  run.log().warn(message, { class: errorClass, attempt: silent.attempt });
  if (!isExhausted(runtime.settings.retry, attempt)) return undefined;
  countsOf(counts, errorClass).deadLettered += 1;
  return () => setAsideSilent(run, silent);
}

/** Looks at the clock for it, too. */
function isItsTurn({ runtime, budget, started, wallAheadMs }: Batch, run: TaskRun): boolean {
  run.startedMs = runtime.ports.clock.monotonicMs();
  return mayStartNow(
    runtime,
    budget,
    { first: started === 0, unseen: !run.claimed },
    { nowMs: run.startedMs, wallMs: run.startedMs + wallAheadMs },
  );
}

async function stoppedInWaiting(batch: Batch, run: TaskRun): Promise<Outcome | undefined> {
  const turn = await awaitTurn(batch.runtime, batch.budget, batch.started === 0);
  const nowMs = batch.runtime.ports.clock.monotonicMs();
  batch.counts.waitedForRateMs += nowMs - run.startedMs;
  run.startedMs = nowMs;
  return turn.kind === 'stop' ? stop(batch, turn) : undefined;
}

function begin(batch: Batch, run: TaskRun): void {
  takeTurn(batch.runtime.turns, run.startedMs);
  batch.started += 1;
  batch.counts.started += 1;
  batch.running = run;
  // All tasks of an invocation have one deadline: it is watched once for them all.
  batch.unwatch ??= batch.runtime.ports.clock.after(batch.budget.deadlineMs - run.startedMs, () => {
    batch.unwatch = undefined;
    batch.running?.abort(new Overrun());
  });
}

export function endOf(batch: Batch, run: TaskRun, end: End): Outcome {
  batch.running = undefined;
  const tookMs = batch.runtime.ports.clock.monotonicMs() - run.startedMs;
  batch.counts.durationsMs.push(tookMs);
  noteDuration(batch.runtime, tookMs);
  return outcomeOf(run, end);
}

/** One task of a batch, from its claim to its end. The usual case waits for nothing but the author's function. */
import { enteredTask, takeTurn } from '../../lambdas/domain/task/spacing.ts';
import { type Batch, stop } from './batch.ts';
import { judge } from './failure.ts';
import { type Ended, isWordStale, lookAtJob, mustBeOpened, openTask, overdue } from './open-task.ts';
import { parseBody } from './parse-body.ts';
import { type End, type Outcome, Overrun, outcomeOf } from './run-task.ts';
import { noteDuration } from './runtime.ts';
import { taskContext } from './task-context.ts';
import type { TaskRun } from './task-run.ts';
import { awaitTurn, mayStartNow } from './turn.ts';

const returned: End = { kind: 'returned' };
/** How long a task may go on that was aborted at its own deadline, before the invocation goes on without it. */
const stopWithinMs = 3_000;

export async function tryTask(batch: Batch, run: TaskRun): Promise<Ended> {
  const opened = mustBeOpened(run) ? await openTask(batch, run) : undefined;
  const ended = opened ?? overdue(run);
  if (ended) return ended;
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
  const stopped = isItsTurn(batch, run) && !isWordStale(run) ? undefined : await stoppedInWaiting(batch, run);
  if (stopped) return stopped;
  begin(batch, run);
  let end: End = returned;
  try {
    const running = run.runtime.definition.task(body, context);
    enteredTask(run.runtime.turns, run.runtime.ports.clock.monotonicMs());
    const value = await running;
    if (run.received.counted) end = { kind: 'returned', value };
  } catch (error) {
    end = { kind: 'threw', error };
  }
  // One of those that ran side by side failed: nobody may run the others again while they go on.
  const unnoticed = await run.parts?.end();
  if (unnoticed && end.kind === 'returned') end = { kind: 'threw', error: unnoticed.error };
  return endOf(batch, run, end);
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
  if (turn.kind === 'stop') return stop(batch, turn);
  const lost = run.lease?.lost;
  if (lost !== undefined) return { kind: 'lost', why: lost };
  const cancelled = isWordStale(run) ? await lookAtJob(run) : undefined;
  run.startedMs = batch.runtime.ports.clock.monotonicMs();
  return cancelled ?? overdue(run);
}

function begin(batch: Batch, run: TaskRun): void {
  takeTurn(batch.runtime.turns, run.startedMs);
  batch.started += 1;
  batch.counts.started += 1;
  batch.running = run;
  // All tasks of an invocation have one deadline: it is watched once for them all.
  batch.unwatch ??= batch.runtime.ports.clock.after(batch.budget.deadlineMs - run.startedMs, () => {
    batch.unwatch = undefined;
    batch.running?.abort(new Overrun('invocation'));
  });
  if (run.ownDeadlineMs < batch.budget.deadlineMs)
    run.unwatch = batch.runtime.ports.clock.after(run.ownDeadlineMs - run.startedMs, () => run.abort(new Overrun('task'), stopWithinMs));
}

export function endOf(batch: Batch, run: TaskRun, end: End): Outcome {
  batch.running = undefined;
  run.unwatch?.();
  const tookMs = batch.runtime.ports.clock.monotonicMs() - run.startedMs;
  batch.counts.durationsMs.push(tookMs);
  noteDuration(batch.runtime, tookMs);
  return outcomeOf(run, end);
}

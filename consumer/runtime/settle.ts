/**
 * What becomes of a task after its outcome: recorded, back on the queue after a while, or set aside with its reason. The
 * order is what keeps it: first the record, then the letter, then (of a job's task) the report, then the message; a crash
 * in between is mended by the next receive.
 */
import { type AttemptRecord, recordedMessageCharacters, recordKeepSeconds } from '../../lambdas/contract/task-table.ts';
import type { ErrorClass, FailedAttempt } from '../../lambdas/contract/task-wire.ts';
import { isRetried } from '../../lambdas/contract/task-wire.ts';
import { isExhausted } from '../../lambdas/domain/task/attempt.ts';
import { backOffSeconds, patienceSeconds, visibilitySeconds } from '../../lambdas/domain/task/back-off.ts';
import { doneReport, type KeptResult, reportOfRecord } from '../../lambdas/domain/task/report.ts';
import type { TaskEnd } from '../ports.ts';
import { comeBack, lookAgainSoon, releaseAndComeBack } from './come-back.ts';
import { cut, type Failure } from './failure.ts';
import { sayHandedOn, settlePending } from './hand-on.ts';
import { keepResult } from './keep-result.ts';
import { type Counts, countsOf } from './metrics.ts';
import type { Outcome } from './run-task.ts';
import { setAside } from './set-aside.ts';
import type { TaskRun } from './task-run.ts';
import { finished, type Recorded, type Settled, tellRetrying } from './tell.ts';

/** No promise where nothing is to be written down. */
export function settle(run: TaskRun, outcome: Outcome, counts: Counts): Recorded | Promise<Recorded> {
  switch (outcome.kind) {
    case 'done':
      if (run.received.counted) return settleDone(run, outcome.value, counts);
      counts.succeeded += 1;
      return run.claimed ? recordDone(run, run.runtime.definition.keepDoneSeconds, {}) : 'finished';
    case 'over':
      counts.duplicates += 1;
      run.log().info('not run again: it has ended');
      return 'finished';
    case 'cancelled':
      counts.cancelled += 1;
      run.log().info('not run: its job was cancelled');
      return run.claimed ? recordUntold(run) : 'finished';
    case 'lost':
      counts.leasesLost += 1;
      run.log().warn('not worked for its job, or no longer: nothing of it is told', { reason: outcome.why });
      return run.claimed ? recordUntold(run) : 'finished';
    case 'pending':
      counts.handedOn += 1;
      return settlePending(run, outcome.note);
    case 'failed':
      return settleFailure(run, outcome, counts);
    case 'limited':
      counts.rateLimited += 1;
      return coolDown(run, outcome, counts);
    case 'back':
      counts.handedBack += 1;
      return excuse(run, outcome, counts);
  }
}

async function coolDown(run: TaskRun, { retryAfterSeconds, message }: Outcome & { kind: 'limited' }, counts: Counts): Promise<Recorded> {
  const untilMs = await run.runtime.cooling.cool(retryAfterSeconds, message);
  const coolsSeconds = (untilMs - run.runtime.ports.clock.nowMs()) / 1_000;
  // Each time is a receive, however soon the target lets it come again.
  const seconds = Math.max(coolsSeconds, patienceSeconds(run.received.message.receives));
  run.log().info('rate-limited; its group cools', { reason: message, seconds });
  return excuse(run, { seconds, why: `rate-limited: ${message}` }, counts);
}

/** Of a job: what it returned is kept with its record, so that whoever gets its message again can report it. */
async function settleDone(run: TaskRun, value: unknown, counts: Counts): Promise<Recorded> {
  const result = await keepResult(run, value);
  if ('failure' in result) return settleFailure(run, { kind: 'failed', failure: result.failure }, counts);
  counts.succeeded += 1;
  const { kept } = result;
  // Once claimed there is a record anyway: kept, it spares a second run where only the report went wrong.
  const recorded = run.claimed ? await recordDone(run, run.runtime.definition.keepDoneSeconds ?? recordKeepSeconds, kept) : 'finished';
  if (recorded === 'comesBack') return recorded;
  return finished(run, (about, nowMs) => doneReport(about, run.opening.attempt, kept, nowMs));
}

async function recordDone(run: TaskRun, keepSeconds: number | undefined, kept: KeptResult): Promise<Settled> {
  const { records, clock } = run.runtime.ports;
  try {
    if (keepSeconds === undefined) await records.forget(run.held);
    else if (!(await records.end(run.held, { status: 'done', keepSeconds, failed: [], kept }, clock.nowMs()))) {
      run.log().warn('done, but it had ended before: it ran twice');
      // Of a job, what the other copy came to is to be reported, whatever becomes of that one.
      if (run.received.counted) return await lookAgainSoon(run);
    }
  } catch (error) {
    // Run it again, because nobody could write down that it ran? It is done.
    run.log().error('done, but this could not be recorded: a copy that is delivered again would run again', { error });
  }
  return 'finished';
}

/** Delivered again after its end: it is not run. Of a job it is reported again, as the first report may have got lost. */
export function settleEnded(run: TaskRun, record: AttemptRecord, counts: Counts): Recorded | Promise<Recorded> {
  counts.duplicates += 1;
  run.log().info('not run again: it has ended');
  if (run.lease && record.handedOnAtMs !== undefined) return sayHandedOn(run, run.lease, undefined);
  return finished(run, (about, nowMs) => reportOfRecord(about, record, nowMs));
}

async function recordUntold(run: TaskRun): Promise<Settled> {
  const { records, clock } = run.runtime.ports;
  const end: TaskEnd = { status: 'done', keepSeconds: recordKeepSeconds, failed: [], untold: 'cancelled' };
  await records.end(run.held, end, clock.nowMs()).catch((error: unknown) => {
    // A copy of it asks for itself whether its job is cancelled, or its lease lost.
    run.log().warn('that it is not to be run could not be recorded', { error });
  });
  return 'finished';
}

async function settleFailure(run: TaskRun, { failure, stillRuns }: Outcome & { kind: 'failed' }, counts: Counts): Promise<Recorded> {
  const { settings, ports } = run.runtime;
  const { attempt } = run.opening;
  countsOf(counts, failure.class).failed += 1;
  if (run.lease || !isRetried(failure.class) || isExhausted(settings.retry, attempt + 1) || isLastReceive(run))
    return setAsideFor(run, failure, counts);
  const nowMs = ports.clock.nowMs();
  const alive = stillRuns ? { aliveUntilMs: run.aliveUntilMs } : {};
  const aliveSeconds = stillRuns ? (run.aliveUntilMs - nowMs) / 1_000 : 0;
  const backOff = backOffSeconds(settings.retry, attempt, ports.random());
  const seconds = visibilitySeconds(Math.max(backOff, failure.retryAfterSeconds ?? 0, aliveSeconds));
  const { deadlineMs } = run.received;
  if (deadlineMs !== undefined && nowMs + seconds * 1_000 >= deadlineMs)
    return setAsideFor(run, tooLate(failure, deadlineMs, nowMs), counts);
  countsOf(counts, failure.class).retried += 1;
  tellRetrying(run, { ...failure, attempt });
  run
    .log()
    .warn('failed; comes back', { class: failure.class, reason: failure.message, step: failure.step, stack: failure.stack, seconds });
  await releaseAndComeBack(run, { excused: false, failed: failedAttempts(run, failure), ...alive }, seconds);
  return 'comesBack';
}

/** Another attempt would begin when the task must have ended. */
function tooLate(failure: Failure, deadlineMs: number, nowMs: number): Failure {
  if (nowMs >= deadlineMs) return failure;
  const why = ` (not tried again: its deadline, ${new Date(deadlineMs).toISOString()}, would have passed)`;
  return { ...failure, message: cut(failure.message, recordedMessageCharacters - why.length) + why };
}

type Excuse = Omit<Extract<Outcome, { kind: 'back' }>, 'kind'>;

async function excuse(run: TaskRun, { seconds, why, isDueNow }: Excuse, counts: Counts): Promise<Recorded> {
  if (isLastReceive(run)) {
    const message = `received ${run.received.message.receives} times, as often as queue.maxReceiveCount allows; the last time: ${why}`;
    return setAsideFor(run, { class: 'TRANSIENT', message, stack: undefined, step: undefined, retryAfterSeconds: undefined }, counts);
  }
  // A lease lasts until then, where it is kept for nobody else.
  const lease = run.isElsewhere ? undefined : run.lease;
  const hiddenSeconds = visibilitySeconds(lease ? Math.min(seconds, Math.floor(lease.seconds / 3)) : seconds);
  // Unclaimed, nothing was counted that would have to be excused.
  if (run.claimed) await releaseAndComeBack(run, { excused: true, failed: failedAttempts(run, undefined) }, hiddenSeconds);
  else await comeBack(run, hiddenSeconds);
  // At its first receive nobody has begun: should the lease run out, the job is placed anew, and no attempt is spent.
  if (lease && run.received.message.receives > 1) await lease.bridge();
  if (await isDueNow?.().catch(() => false)) await comeBack(run, 0);
  return 'comesBack';
}

async function setAsideFor(run: TaskRun, failure: Failure, counts: Counts): Promise<Recorded> {
  if (!run.lease) countsOf(counts, failure.class).deadLettered += 1;
  return setAside(run, failure, failedAttempts(run, failure));
}

/** The next receive would be one too many: SQS would move the task, without a reason. */
const isLastReceive = ({ received, runtime }: TaskRun) => received.message.receives >= runtime.settings.maxReceiveCount;

/** What is new for the record: the attempt before, if it ended without a word, and this one. */
function failedAttempts({ opening, runtime }: TaskRun, failure: Failure | undefined): FailedAttempt[] {
  const time = new Date(runtime.ports.clock.nowMs()).toISOString();
  return [...(opening.silent ? [opening.silent] : []), ...(failure ? [failedAttempt(failure, opening.attempt, time)] : [])];
}

/** A record of a hundred of them must fit an item. */
const historyMessageCharacters = 300;

function failedAttempt(
  failure: { class: ErrorClass; message: string; step: string | undefined },
  attempt: number,
  time: string,
): FailedAttempt {
  const message = cut(failure.message, historyMessageCharacters);
  return { attempt, class: failure.class, message, time, ...(failure.step === undefined ? {} : { step: failure.step }) };
}

/** The way to the dead-letter queue: record, letter, note that it was sent. Each receive goes on where the last one stopped. */
import { createHash } from 'node:crypto';
import { type AttemptRecord, recordKeepSeconds } from '../../lambdas/contract/task-table.ts';
import { type FailedAttempt, type Letter, taskAttributes } from '../../lambdas/contract/task-wire.ts';
import { withLetter, withoutDeadline } from '../../lambdas/domain/task/letter.ts';
import { failedReport, lastFailure } from '../../lambdas/domain/task/report.ts';
import type { TaskReference } from '../ports.ts';
import type { Failure } from './failure.ts';
import type { TaskRun } from './task-run.ts';
import { finished, type Recorded } from './tell.ts';

/** After a letter that could not be sent, or a task somebody else may hold. */
const trySoonSeconds = 30;

type Reason = Pick<Failure, 'class' | 'message' | 'stack' | 'step'>;

export function setAside(run: TaskRun, failure: Reason, failed: FailedAttempt[]): Promise<Recorded> {
  const { attempt, history, silent } = run.opening;
  return endAsDead(run, failure, failed, { attempt, history: silent ? [...history, silent] : history });
}

/** The attempt before this start was the last, and ended without a word: the letter is about that one. */
export function setAsideSilent(run: TaskRun, silent: FailedAttempt): Promise<Recorded> {
  const failure = { class: silent.class, message: silent.message, stack: undefined, step: undefined };
  return endAsDead(run, failure, [silent], { attempt: silent.attempt, history: run.opening.history });
}

/** With its last receive a task is set aside also where this cannot be recorded: SQS would move it without a reason. */
async function ended(run: TaskRun, end: () => Promise<boolean>): Promise<boolean> {
  const { received, runtime } = run;
  try {
    return await end();
  } catch (error) {
    if (received.message.receives < runtime.settings.maxReceiveCount) throw error;
    run.log().error('its end could not be recorded; it is set aside all the same', { error });
    return true;
  }
}

type Life = Pick<Letter, 'attempt' | 'history'>;

async function endAsDead(run: TaskRun, failure: Reason, failed: FailedAttempt[], life: Life): Promise<Recorded> {
  const { ports } = run.runtime;
  const end = { status: 'dead', keepSeconds: recordKeepSeconds, failed } as const;
  if (!(await ended(run, () => ports.records.end(run.held, end, ports.clock.nowMs())))) {
    run
      .log()
      .warn('failed for good, but another copy of it ended or runs: that one decides', { class: failure.class, reason: failure.message });
    await ports.queue.comeBack(run.received.receiptHandle, trySoonSeconds);
    return 'comesBack';
  }
  if (run.lease) return failedUnderLease(run, failure, life);
  const history = [...(run.received.letter?.history ?? []), ...life.history];
  return sendLetter(run, { ...letterBase(run), ...ofFailure(failure), attempt: life.attempt, history });
}

/** Of a placed job: whoever hears of it decides whether it is tried again, here or elsewhere. */
function failedUnderLease(run: TaskRun, failure: Reason, { attempt }: Life): Recorded {
  run.log().warn('failed; its job is told', { class: failure.class, reason: failure.message, step: failure.step, stack: failure.stack });
  return finished(run, (reported, nowMs) => failedReport(reported, 'failed', { ...failure, attempt }, nowMs));
}

/** A task whose record says it is dead, and nobody knows of a letter: it is written from the record. */
export async function sendMissingLetter(run: TaskRun, record: AttemptRecord): Promise<Recorded> {
  const last = lastFailure(record);
  const earlier = [...(run.received.letter?.history ?? []), ...record.history.slice(0, -1)];
  return sendLetter(run, { ...letterBase(run), ...ofFailure({ step: undefined, ...last }), attempt: last.attempt, history: earlier });
}

const ofFailure = ({
  class: errorClass,
  message,
  step,
  stack,
}: Pick<Failure, 'class' | 'message' | 'step'> & { stack?: string | undefined }) => ({
  class: errorClass,
  message,
  ...(stack === undefined ? {} : { stack }),
  ...(step === undefined ? {} : { step }),
});

function letterBase({ runtime, received }: TaskRun) {
  return {
    v: 1,
    task: received.task,
    group: runtime.settings.group,
    ...(received.job === undefined ? {} : { job: received.job }),
    time: new Date(runtime.ports.clock.nowMs()).toISOString(),
    sentAt: received.message.sentAt.toISOString(),
    redrives: received.redrives,
    by: 'sluice',
  } as const;
}

/** Which task the dead message is to whoever reads it: without the sender's id, one named after the message itself. */
const asReadOn = ({ held, received }: TaskRun, messageId: string): TaskReference =>
  received.attributes[taskAttributes.task] === undefined ? { ...held, task: messageId, redrives: 0 } : held;

async function sendLetter(run: TaskRun, letter: Letter): Promise<Recorded> {
  const { ports } = run.runtime;
  const { body, message, task, redrives } = run.received;
  const laid = withLetter(withoutDeadline(run.received.attributes), Buffer.byteLength(body), letter);
  const about = { class: letter.class, reason: letter.message, step: letter.step, stack: letter.stack };
  let messageId: string;
  try {
    messageId = await ports.queue.setAside({
      body,
      attributes: laid.attributes,
      messageGroup: message.messageGroup,
      deduplicationId: `${createHash('sha256').update(task).digest('hex').slice(0, 64)}-${redrives}`,
    });
  } catch (error) {
    run.log().error('failed for good, but could not be set aside: tried again', { ...about, error });
    await ports.queue.comeBack(run.received.receiptHandle, trySoonSeconds).catch(() => undefined);
    return 'comesBack';
  }
  run.log().error('failed for good; set aside', about);
  try {
    if (!laid.fits) await ports.records.keepLetter(asReadOn(run, messageId), letter, messageId, ports.clock.nowMs());
    await ports.records.lettered(run.held, message.id, ports.clock.nowMs());
  } catch (error) {
    // It is where it belongs: coming back it would only be set aside a second time.
    run.log().warn('that it was set aside could not be recorded: another copy of it would be set aside, too', { error });
  }
  return finished(run, (reported, nowMs) => failedReport(reported, 'failed', letter, nowMs));
}

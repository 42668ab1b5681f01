/** Why SQS moved a task, as far as anybody knows: the letter that is added afterwards. Pure. */
import type { AttemptRecord } from '../contract/task-table.ts';
import { type FailedAttempt, type Letter, type Report, taskAttributes } from '../contract/task-wire.ts';
import { carriedLetter, type DeadLetterQueue, type DeadMessage, taskOf } from './dead-letters.ts';
import { openAttempt } from './task/attempt.ts';
import { countedTask, failedReport, reportOfRecord } from './task/report.ts';

/** A task that SQS set aside: the letter it gets, and what its consumer knew of it. */
export interface Death {
  letter: Letter;
  record: AttemptRecord | undefined;
}

/**
 * What its job hears of it; undefined of a task no job counts, and of one that was never to run. A copy of a message may
 * be left over from a task that has ended: the end its record tells is the one that counts.
 */
export function reportOfDeath({ letter, record }: Death, nowMs: number): Report | undefined {
  const { job, task, redrives } = letter;
  if (job === undefined || !countedTask(job, task) || record?.cancelledAtMs !== undefined) return undefined;
  const about = { job, task, redrives };
  return (record && reportOfRecord(about, record, nowMs)) ?? failedReport(about, 'failed', letter, nowMs);
}

type Cause = Pick<Letter, 'class' | 'message' | 'attempt' | 'history' | 'step'>;

/** Undefined while somebody may still be at work on the task: the next look knows more. */
export function addedLetter(
  message: DeadMessage,
  queue: DeadLetterQueue,
  record: AttemptRecord | undefined,
  nowMs: number,
): Letter | undefined {
  if (record?.status === 'running' && (record.aliveUntilMs ?? 0) > nowMs) return undefined;
  const carried = carriedLetter(message);
  const { step, history, ...cause } = causeOf(record, receivesBefore(message, queue));
  const job = carried?.job ?? message.attributes[taskAttributes.job]?.StringValue;
  const sentAt = carried?.sentAt ?? firstSent(message, queue);
  return {
    v: 1,
    ...taskOf(message),
    group: queue.taskGroup,
    ...(job === undefined ? {} : { job }),
    ...cause,
    time: new Date(nowMs).toISOString(),
    ...(sentAt === undefined ? {} : { sentAt }),
    ...(step === undefined ? {} : { step }),
    history: [...(carried?.history ?? []), ...history],
    by: 'sqs',
  };
}

/** Looks at the letter itself were receives, too. */
function receivesBefore({ receives }: DeadMessage, { maxReceiveCount = Number.POSITIVE_INFINITY }: DeadLetterQueue): number {
  return Math.max(1, Math.min(receives - 1, maxReceiveCount));
}

/** A FIFO queue's moved message has the time of its move (SQS, dead-letter queues). */
const firstSent = ({ sentMs }: DeadMessage, { name }: DeadLetterQueue) =>
  name.endsWith('.fifo') ? undefined : new Date(sentMs).toISOString();

function causeOf(record: AttemptRecord | undefined, receives: number): Cause {
  const moved = `SQS moved it after ${receives} ${receives === 1 ? 'receive' : 'receives'}`;
  // Without the library nobody told why: it failed, timed out, or ran out of memory.
  if (!record) return { class: 'RESOURCE', message: `received without being done: ${moved}`, attempt: receives, history: [] };
  const { attempt, history, silent } = openAttempt(record);
  const spent = attempt - 1;
  if (record.status === 'done') {
    return { class: 'TRANSIENT', message: `the task is done, this copy of its message was left over: ${moved}`, attempt: spent, history };
  }
  if (silent) return { ...lastOf(silent, moved), attempt: spent, history };
  const last = history.at(-1);
  if (last) return { ...lastOf(last, moved), attempt: Math.max(spent, last.attempt), history: history.slice(0, -1) };
  // Throttled, handed back, or waiting for a permit, and never failed.
  return { class: 'TRANSIENT', message: `no attempt of it failed: ${moved}`, attempt: spent, history };
}

const lastOf = ({ class: errorClass, message, step }: FailedAttempt, moved: string) => ({
  class: errorClass,
  message: `${message} (${moved})`,
  ...(step === undefined ? {} : { step }),
});

/**
 * A dead letter as the task that is put back: the author's own attributes, and the letter with one more redrive and the
 * death it now leaves behind in its history. Pure.
 */
import { createHash } from 'node:crypto';
import { recordedMessageCharacters } from '../../lambdas/contract/task-table.ts';
import { type FailedAttempt, type Letter, taskAttributes } from '../../lambdas/contract/task-wire.ts';
import { type Attributes, withLetter, withoutDeadline } from '../../lambdas/domain/task/letter.ts';
import type { DeadLetter } from './dead-letter.ts';

export interface Redriven {
  body: string;
  attributes: Attributes;
  messageGroup: string | undefined;
  /** The same for the same dead letter, so that SQS forgives a redrive that was cut off between send and delete. */
  deduplicationId: string | undefined;
}

/** What SQS moves was received too often: it ran out of something, most likely, or its function was throttled. */
const movedClass = 'RESOURCE';
const movedMessage = 'moved by SQS: received too often';

export function redrivenLetter(dead: DeadLetter, nowMs: number): Letter {
  const death = dead.letter ?? unexplained(dead, nowMs);
  const history = [...((dead.letter ?? dead.earlier)?.history ?? []), lastAttempt(death)];
  // The stack is for whoever reads the dead letter; what goes on needs the room for its history.
  const { stack: _stack, ...rest } = death;
  return { ...rest, redrives: dead.redrives + 1, history };
}

const unexplained = ({ task, job, queue, receives, earlier, sentAtMs }: DeadLetter, nowMs: number): Letter => ({
  v: 1,
  task,
  group: queue.group,
  ...(job === undefined ? {} : { job }),
  class: movedClass,
  message: movedMessage,
  attempt: receives,
  time: new Date(nowMs).toISOString(),
  sentAt: earlier?.sentAt ?? new Date(sentAtMs).toISOString(),
  redrives: 0,
  history: [],
  by: 'sqs',
});

const lastAttempt = ({ attempt, class: errorClass, message, time, step }: Letter): FailedAttempt => ({
  attempt,
  class: errorClass,
  message: message.slice(0, recordedMessageCharacters),
  time,
  ...(step === undefined ? {} : { step }),
});

/**
 * Undefined where a consumer that reads letters would not get this one: without it the task counts as dead, and would be
 * dropped. The task's id and job are in the letter, so their attributes make room for it.
 */
export function redriven(dead: DeadLetter, to: { fifo: boolean; readsLetters: boolean }, nowMs: number): Redriven | undefined {
  const laid = laidOut(dead, redrivenLetter(dead, nowMs));
  if (!laid && to.readsLetters) return undefined;
  return {
    body: dead.body,
    attributes: laid ?? dead.attributes,
    // From a standard queue that a FIFO one has replaced: each task is a message group of its own.
    messageGroup: dead.messageGroup ?? (to.fifo ? hash(dead.task) : undefined),
    deduplicationId: to.fifo ? `redrive-${dead.redrives + 1}-${hash(dead.messageId)}` : undefined,
  };
}

function laidOut(dead: DeadLetter, letter: Letter): Attributes | undefined {
  const { [taskAttributes.letter]: _old, ...own } = withoutDeadline(dead.attributes);
  const { [taskAttributes.task]: _task, [taskAttributes.job]: _job, ...authors } = own;
  const short: Letter = { ...letter, message: letter.message.slice(0, 100), history: [] };
  const bodyBytes = Buffer.byteLength(dead.body);
  for (const [attributes, tried] of [
    [own, letter],
    [authors, letter],
    [authors, short],
  ] as const) {
    const laid = withLetter(attributes, bodyBytes, tried);
    if (laid.fits) return laid.attributes;
  }
  return undefined;
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

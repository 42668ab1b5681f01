/**
 * What becomes of a dead letter, and when a dead-letter queue is worth a look. Pure.
 *
 * SQS hides what is received and has no cursor: a look receives everything and shows it again at its end. So a queue is
 * only looked through when its count says that something is new, or a letter on it has become old.
 */
import { createHash } from 'node:crypto';
import { deadLettersPrefix } from '../contract/data-bucket.ts';
import type { DeadLetterLook, SavedDeadLetter } from '../contract/dead-letter-look.ts';
import { type Letter, taskAttributes } from '../contract/task-wire.ts';
import { type Attributes, readLetter } from './task/letter.ts';

/** A dead-letter queue of a pipeline, in use or kept. */
export interface DeadLetterQueue {
  url: string;
  name: string;
  taskGroup: string;
  /** The group's name in the tasks table. */
  pipeline: string;
  /** `queue.maxReceiveCount`, as far as is known. */
  maxReceiveCount: number | undefined;
}

export interface QueueState {
  /** Visible, hidden and delayed; approximate. */
  messages: number;
  retentionMs: number;
}

export interface DeadMessage {
  messageId: string;
  receiptHandle: string;
  body: string;
  attributes: Attributes;
  messageGroup: string | undefined;
  /** When it came to the queue by a send; a standard queue's moved message keeps its first. */
  sentMs: number;
  /** This one included. */
  receives: number;
  /** SQS moved it: whatever letter it carries is of an earlier death. */
  movedBySqs: boolean;
}

const dayMs = 86_400_000;
/** Letters are saved this long before SQS forgets them. */
const spareMs = 2 * dayMs;
/** A look that saves takes along what would be due within this: so one look a day does. */
const alongMs = dayMs;
/** Counts may stay the same while letters come and go. */
const lookAnywayMs = dayMs;

/** When a letter must be saved. Half of the retention at least is left for people to put it back. */
export const dueMs = (sentMs: number, retentionMs: number) => sentMs + Math.max(retentionMs - spareMs, retentionMs / 2);

export const isToBeSaved = (sentMs: number, retentionMs: number, nowMs: number) =>
  nowMs >= dueMs(sentMs, retentionMs) - Math.min(alongMs, retentionMs / 4);

export function isWorthALook(last: DeadLetterLook | undefined, { messages }: QueueState, nowMs: number): boolean {
  // Also where letters were before: an empty queue has nothing to be read.
  if (messages === 0) return false;
  if (!last?.complete || last.messages !== messages) return true;
  return nowMs >= last.lookedAtMs + lookAnywayMs || (last.dueMs !== undefined && nowMs >= last.dueMs);
}

/** Who was looked through longest ago goes first: a run that ends early is carried on by the next. */
export const byLastLook = (a: DeadLetterLook | undefined, b: DeadLetterLook | undefined) => (a?.lookedAtMs ?? 0) - (b?.lookedAtMs ?? 0);

/** The letter a message carries, of this death or (moved by SQS) of an earlier one. */
export const carriedLetter = ({ attributes }: DeadMessage) => readLetter(attributes[taskAttributes.letter]?.StringValue);

const longestTaskId = 1_024;

/** As a consumer would call the task. */
export function taskOf(message: DeadMessage): { task: string; redrives: number } {
  const carried = carriedLetter(message);
  const named = message.attributes[taskAttributes.task]?.StringValue ?? '';
  const own = named !== '' && Buffer.byteLength(named) <= longestTaskId ? named : message.messageId;
  return { task: carried?.task ?? own, redrives: carried?.redrives ?? 0 };
}

/** Lasting, so that a letter that is sent twice within SQS's five minutes is there once. */
export const deduplicationId = ({ messageId }: DeadMessage) => `letter-${createHash('sha256').update(messageId).digest('hex')}`;

export function savedLetter(message: DeadMessage, queue: DeadLetterQueue, letter: Letter | undefined, nowMs: number): SavedDeadLetter {
  const attributes = Object.entries(message.attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
    name,
    { DataType, ...(BinaryValue === undefined ? { StringValue } : { BinaryValue: Buffer.from(BinaryValue).toString('base64') }) },
  ]);
  const fifo = queue.name.endsWith('.fifo');
  return {
    v: 1,
    group: queue.taskGroup,
    task: letter?.task ?? taskOf(message).task,
    queue: queue.name,
    messageId: message.messageId,
    sentAt: new Date(message.sentMs).toISOString(),
    savedAt: new Date(nowMs).toISOString(),
    ...(letter === undefined ? {} : { letter }),
    message: {
      MessageBody: message.body,
      MessageAttributes: Object.fromEntries(attributes),
      ...(message.messageGroup === undefined ? {} : { MessageGroupId: message.messageGroup }),
      ...(fifo ? { MessageDeduplicationId: deduplicationId(message) } : {}),
    },
  };
}

/** The same for the same message; two tasks whose sender gave them one id do not meet. */
export function savedKey(pipeline: string, { task, messageId, sentAt }: SavedDeadLetter): string {
  return `${deadLettersPrefix}${pipeline}/${sentAt.slice(0, 10)}/${task === messageId ? '' : `${keyPart(task)}.`}${messageId}.json`;
}

/** S3 takes keys of 1,024 bytes (S3/object-keys): a long id is cut and told apart by a hash. */
function keyPart(task: string): string {
  const encoded = encodeURIComponent(task.toWellFormed());
  if (encoded.length <= 200) return encoded;
  return `${encoded.slice(0, 180).replace(/%.?$/, '')}~${createHash('sha256').update(task).digest('hex').slice(0, 16)}`;
}

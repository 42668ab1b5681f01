/**
 * One look through a dead-letter queue: every letter is received once, hidden meanwhile, and shown again at the end.
 * A letter without a reason is given one; an old one is saved and taken off. docs/dead-letters.md.
 */
import type { DeadLetterRecords } from '../aws/dead-letter-records.ts';
import type { DeadLetters } from '../aws/dead-letters.ts';
import type { Letter } from '../contract/task-wire.ts';
import { addedLetter, type Death } from '../domain/dead-letter-reason.ts';
import {
  carriedLetter,
  type DeadLetterQueue,
  type DeadMessage,
  dueMs,
  isToBeSaved,
  type QueueState,
  savedKey,
  savedLetter,
  taskOf,
} from '../domain/dead-letters.ts';
import { withLetter, withoutDeadline } from '../domain/task/letter.ts';
import type { Clock } from '../framework/clock.ts';
import { errorFields, type Log } from '../framework/log.ts';

export interface Keeper {
  letters: DeadLetters;
  records: DeadLetterRecords;
  /** Tells the task's job, if it has one. */
  tellJob: (death: Death) => Promise<void>;
  clock: Clock;
  log: Log;
}

/**
 * Most letters of a queue that a look hides: SQS hides 120,000 of a standard queue and 20,000 of a FIFO queue, consumers'
 * included (SQS/quotas-messages). Also bounds the memory, as each one's handle is kept.
 */
const mostHidden = { standard: 100_000, fifo: 18_000 };
const lettersPerReceiver = 500;
const mostReceivers = 8;
/** A function runs for 15 minutes at most: whatever becomes of it, what it hid is back then. */
const hiddenSeconds = 960;

export class Found {
  readonly hidden = new Map<string, string>();
  explained = 0;
  saved = 0;
  failed = 0;
  dueMs: number | undefined;
  /** Whether the queue was looked through to its end and nothing is left to be done. */
  complete = true;

  left({ messageId, receiptHandle, sentMs }: DeadMessage, retentionMs: number): void {
    this.hidden.set(messageId, receiptHandle);
    this.dueMs = Math.min(this.dueMs ?? Number.POSITIVE_INFINITY, dueMs(sentMs, retentionMs));
  }
}

export async function lookThrough(keeper: Keeper, queue: DeadLetterQueue, state: QueueState, endMs: number, found: Found): Promise<void> {
  const receivers = Math.min(mostReceivers, Math.ceil(state.messages / lettersPerReceiver));
  try {
    const ends = await Promise.allSettled(Array.from({ length: receivers }, () => receiveAll(keeper, queue, state, endMs, found)));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  } finally {
    await keeper.letters.show(queue.url, [...found.hidden.values()]);
  }
}

async function receiveAll(keeper: Keeper, queue: DeadLetterQueue, state: QueueState, endMs: number, found: Found): Promise<void> {
  const most = queue.name.endsWith('.fifo') ? mostHidden.fifo : mostHidden.standard;
  while (found.hidden.size < most && keeper.clock.nowMs() < endMs) {
    const messages = await keeper.letters.receive(queue.url, hiddenSeconds);
    if (messages.length === 0) return;
    await Promise.all(messages.map((message) => keepMessage(keeper, queue, message, state, found)));
  }
  found.complete = false;
}

async function keepMessage(keeper: Keeper, queue: DeadLetterQueue, message: DeadMessage, state: QueueState, found: Found): Promise<void> {
  try {
    await decided(keeper, queue, message, state, found);
  } catch (error) {
    found.failed += 1;
    found.complete = false;
    found.left(message, state.retentionMs);
    keeper.log.warn('dead letter not kept', { taskGroup: queue.taskGroup, messageId: message.messageId, ...errorFields(error) });
  }
}

async function decided(keeper: Keeper, queue: DeadLetterQueue, message: DeadMessage, { retentionMs }: QueueState, found: Found) {
  const nowMs = keeper.clock.nowMs();
  const known = await knownLetter(keeper, queue, message);
  const death = known === undefined && message.movedBySqs ? await deathOf(keeper, queue, message) : undefined;
  const added = known ?? death?.letter;
  if (isToBeSaved(message.sentMs, retentionMs, nowMs)) {
    await save(keeper, queue, message, added);
    found.saved += 1;
    // What SQS soon forgets is saved whether its job can be told or not.
    if (death) await keeper.tellJob(death);
    return;
  }
  if (known || !message.movedBySqs) return found.left(message, retentionMs);
  if (added === undefined) {
    found.complete = false;
    return found.left(message, retentionMs);
  }
  // Before it has its letter: a run that dies in between tells it again.
  if (death) await keeper.tellJob(death);
  if (await explain(keeper, queue, message, added)) {
    // Its copy is received in this look, too, if the look is long; if not, this is when it is due.
    found.dueMs = Math.min(found.dueMs ?? Number.POSITIVE_INFINITY, dueMs(nowMs, retentionMs));
  } else found.left(message, retentionMs);
  found.explained += 1;
}

/** The letter of this death, on the message or recorded. */
async function knownLetter({ records }: Keeper, { pipeline }: DeadLetterQueue, message: DeadMessage): Promise<Letter | undefined> {
  const carried = carriedLetter(message);
  if (carried && !message.movedBySqs) return carried;
  return records.letter({ pipeline, ...taskOf(message) }, message.messageId);
}

async function deathOf({ records, clock }: Keeper, queue: DeadLetterQueue, message: DeadMessage): Promise<Death | undefined> {
  const record = await records.attempts({ pipeline: queue.pipeline, ...taskOf(message) });
  const letter = addedLetter(message, queue, record, clock.nowMs());
  return letter && { letter, record };
}

/** False where the letter had no room on the message, which then stays where it is. */
async function explain(
  { letters, records, clock }: Keeper,
  queue: DeadLetterQueue,
  message: DeadMessage,
  letter: Letter,
): Promise<boolean> {
  const { attributes, fits } = withLetter(withoutDeadline(message.attributes), Buffer.byteLength(message.body), letter);
  if (fits) await letters.replace(queue.url, message, attributes);
  else await records.keepLetter({ pipeline: queue.pipeline, ...taskOf(message) }, letter, message.messageId, clock.nowMs());
  return fits;
}

/** With the letter on the message, as far as it fits: so it can be sent back as it was saved. */
async function save({ letters, records, clock }: Keeper, queue: DeadLetterQueue, message: DeadMessage, letter: Letter | undefined) {
  const own = withoutDeadline(message.attributes);
  const laid = letter ? withLetter(own, Buffer.byteLength(message.body), letter).attributes : own;
  const saved = savedLetter({ ...message, attributes: laid }, queue, letter, clock.nowMs());
  await records.save(savedKey(queue.pipeline, saved), saved);
  await letters.remove(queue.url, message.receiptHandle);
}

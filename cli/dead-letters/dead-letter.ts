/** A message of a dead-letter queue as what it tells: which task, why, how often. Pure. */
import type { Message } from '@aws-sdk/client-sqs';
import { type ErrorClass, type Letter, taskAttributes } from '../../lambdas/contract/task-wire.ts';
import { type Attributes, readLetter } from '../../lambdas/domain/task/letter.ts';
import type { DeadLetterQueue } from './queues.ts';

export interface DeadLetter {
  queue: DeadLetterQueue;
  messageId: string;
  receiptHandle: string;
  body: string;
  attributes: Attributes;
  messageGroup: string | undefined;
  task: string;
  job: string | undefined;
  /** Times it was put back so far. */
  redrives: number;
  /** When the message came to a queue by a send: to this one, or (moved by SQS) to the one before; epoch milliseconds. */
  sentAtMs: number;
  receives: number;
  /** Why it is here; undefined: SQS moved it, and nobody has added the reason yet. */
  letter: Letter | undefined;
  /** The letter it was put back with the last time, which tells of an earlier death. */
  earlier: Letter | undefined;
}

export const noReason = 'moved by SQS, reason not added yet';

export function deadLetter(message: Message, queue: DeadLetterQueue): DeadLetter {
  const { MessageId = '', ReceiptHandle = '', Body = '', Attributes: system = {} } = message;
  const attributes = sendable(message);
  const carried = readLetter(attributes[taskAttributes.letter]?.StringValue);
  // SQS keeps the attributes of what it moves: a letter is then the one of the last redrive.
  const moved = system.DeadLetterQueueSourceArn !== undefined;
  return {
    queue,
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes,
    messageGroup: system.MessageGroupId,
    task: carried?.task ?? (attributes[taskAttributes.task]?.StringValue || MessageId),
    job: carried?.job ?? attributes[taskAttributes.job]?.StringValue,
    redrives: carried?.redrives ?? 0,
    sentAtMs: Number(system.SentTimestamp ?? 0),
    receives: Number(system.ApproximateReceiveCount ?? 0),
    letter: moved ? undefined : carried,
    earlier: moved ? carried : undefined,
  };
}

/** With the letter that had no room on the message. */
export const withRecorded = (dead: DeadLetter, letter: Letter): DeadLetter => ({
  ...dead,
  letter,
  task: letter.task,
  job: letter.job ?? dead.job,
  redrives: letter.redrives,
});

/** Since when it has been dead, as far as is known. */
export const deadSinceMs = ({ letter, sentAtMs }: DeadLetter) => (letter ? Date.parse(letter.time) : sentAtMs);

export const classOf = ({ letter }: DeadLetter): ErrorClass | 'none' => letter?.class ?? 'none';

function sendable({ MessageAttributes = {} }: Message): Attributes {
  return Object.fromEntries(
    Object.entries(MessageAttributes).map(([name, { DataType = 'String', StringValue, BinaryValue }]) => [
      name,
      BinaryValue === undefined ? { DataType, StringValue: StringValue ?? '' } : { DataType, BinaryValue },
    ]),
  );
}

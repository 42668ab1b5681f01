/** An SQS record as the task it carries. Parses our attributes; leaves the body alone. */
import type { SQSMessageAttributes, SQSRecord } from 'aws-lambda';
import { placedPipeline } from '../../lambdas/contract/task-table.ts';
import { Lease, type Letter, taskAttributes } from '../../lambdas/contract/task-wire.ts';
import { readLetter } from '../../lambdas/domain/task/letter.ts';
import { countedTask } from '../../lambdas/domain/task/report.ts';
import type { TaskMessage } from '../context.ts';
import type { LetterMessage, TaskReference } from '../ports.ts';

export interface ReceivedTask extends TaskReference {
  job: string | undefined;
  /** Of a task that a job counts: it is reported, and not started once that is cancelled. */
  counted: { job: string; n: number } | undefined;
  /** Of a job that was placed on this pool; `unreadable`: it says it is, and not how to work for it. */
  lease: Lease | 'unreadable' | undefined;
  /** When it must have ended; epoch milliseconds. */
  deadlineMs: number | undefined;
  message: TaskMessage;
  body: string;
  receiptHandle: string;
  /** What it went through before it was last put back. */
  letter: Letter | undefined;
  /** As SQS takes them, to send them on. */
  attributes: LetterMessage['attributes'];
}

/** DynamoDB takes 2,048 bytes as a key; our own part of it and a hash for longer ids leave this. */
const longestId = 1_024;

export function readTask(record: SQSRecord, pipeline: string): ReceivedTask {
  const given = attributesOf(record);
  const texts = given ? textAttributes(given) : {};
  const letter = readLetter(texts[taskAttributes.letter]);
  const task = letter?.task ?? senderId(texts[taskAttributes.task]) ?? record.messageId;
  const job = letter?.job ?? texts[taskAttributes.job];
  const counted = countedTask(job, task);
  const leaseText = texts[taskAttributes.lease];
  const lease = leaseText === undefined ? undefined : leaseOf(leaseText, counted);
  const isPlaced = typeof lease === 'object';
  return {
    pipeline: isPlaced ? placedPipeline : pipeline,
    task,
    redrives: isPlaced ? lease.fence : (letter?.redrives ?? 0),
    job,
    counted,
    lease,
    deadlineMs: moment(texts[taskAttributes.deadline]),
    message: {
      id: record.messageId,
      sentAt: new Date(letter?.sentAt ?? Number(record.attributes.SentTimestamp)),
      receives: Number(record.attributes.ApproximateReceiveCount),
      attributes: given ? ownAttributes(texts) : {},
      messageGroup: record.attributes.MessageGroupId,
    },
    body: record.body,
    receiptHandle: record.receiptHandle,
    letter,
    attributes: given ? sendableAttributes(given) : {},
  };
}

/** Of a task that no job counts there is nobody to whom it could be told. */
function leaseOf(text: string, counted: ReceivedTask['counted']): Lease | 'unreadable' {
  try {
    return (counted && Lease.safeParse(JSON.parse(text)).data) ?? 'unreadable';
  } catch {
    return 'unreadable';
  }
}

/** An id no key can hold counts as none. */
const senderId = (id: string | undefined) => (id !== undefined && id !== '' && Buffer.byteLength(id) <= longestId ? id : undefined);

/** What is no moment counts as none. */
const moment = (text: string | undefined) => (text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined);

/** Undefined where there are none, which is the usual case and costs nothing further. */
function attributesOf({ messageAttributes }: SQSRecord): SQSMessageAttributes | undefined {
  for (const _name in messageAttributes) return messageAttributes;
  return undefined;
}

function textAttributes(given: SQSMessageAttributes): Record<string, string> {
  const texts = Object.entries(given).flatMap(([name, { stringValue }]) =>
    stringValue === undefined ? [] : [[name, stringValue] as const],
  );
  return Object.fromEntries(texts);
}

function ownAttributes(texts: Record<string, string>): Record<string, string> {
  const ours: string[] = Object.values(taskAttributes);
  return Object.fromEntries(Object.entries(texts).filter(([name]) => !ours.includes(name)));
}

function sendableAttributes(given: SQSMessageAttributes): LetterMessage['attributes'] {
  const entries = Object.entries(given).map(([name, { dataType, stringValue, binaryValue }]) => [
    name,
    binaryValue === undefined
      ? { DataType: dataType, StringValue: stringValue ?? '' }
      : // Lambda hands bytes over as base64.
        { DataType: dataType, BinaryValue: new Uint8Array(Buffer.from(binaryValue, 'base64')) },
  ]);
  return Object.fromEntries(entries);
}

/**
 * A letter as the text of a message attribute, and back. Pure; bundled into consumers.
 *
 * The attribute's name (`sluice`, task-wire.ts) is ours: what an author puts there that is no letter of ours is not read,
 * and a letter replaces it.
 */
import { queueLimits } from '../../contract/limits.ts';
import { attributesPerMessage, Letter, letterBytes, taskAttributes } from '../../contract/task-wire.ts';

/** A message attribute as SQS takes it. */
interface Attribute {
  DataType: string;
  StringValue?: string;
  BinaryValue?: Uint8Array;
}
export type Attributes = Record<string, Attribute>;

/** Longest task id of a letter, in bytes of UTF-8: it is part of a key of the tasks table. */
const taskIdBytes = 1_024;
const cutMark = '…';

const bytesOf = (text: string) => Buffer.byteLength(text);
/** JSON leaves two characters raw that SQS does not take: it takes those of XML 1.0 (API_SendMessage). */
export const wireText = (value: unknown) => JSON.stringify(value).replace(/[\ufffe\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);
const sizeOf = (letter: Letter) => bytesOf(wireText(letter));

/**
 * JSON of at most `letterBytes`, of characters SQS takes. Cut in this order: stack, oldest history, message, step; the job
 * goes last, as the message has it in an attribute of its own. Task (up to 1,024 bytes, of characters SQS takes), group
 * (up to 255 characters), class, attempt and redrives are always whole.
 */
export function letterText(letter: Letter): string {
  for (const cut of [whole, cutStack, cutHistory, cutMessage, withoutStep, withoutJob]) {
    letter = cut(letter);
    if (sizeOf(letter) <= letterBytes) break;
  }
  return wireText(letter);
}

const whole = (letter: Letter): Letter => letter;

function cutStack({ stack = '', ...letter }: Letter): Letter {
  const kept = startOf(stack, letterBytes - sizeOf({ ...letter, stack: '' }));
  return kept === '' ? letter : { ...letter, stack: kept };
}

function cutHistory(letter: Letter): Letter {
  let room = letterBytes - sizeOf({ ...letter, history: [] });
  const kept = letter.history.toReversed().findIndex((attempt) => {
    room -= bytesOf(wireText(attempt)) + 1;
    return room < 0;
  });
  return kept < 0 ? letter : { ...letter, history: letter.history.slice(letter.history.length - kept) };
}

function cutMessage(letter: Letter): Letter {
  const kept = startOf(letter.message, letterBytes - sizeOf({ ...letter, message: cutMark }));
  return { ...letter, message: kept + cutMark };
}

const withoutStep = ({ step: _step, ...letter }: Letter): Letter => letter;
const withoutJob = ({ job: _job, ...letter }: Letter): Letter => letter;

/** As much of the text's start as takes up to `room` bytes in JSON; never half a character. */
function startOf(text: string, room: number): string {
  let kept = '';
  let left = room;
  // One more than fits at best, so that no pair is cut in two unseen.
  for (const character of text.slice(0, Math.max(0, room) + 1)) {
    left -= bytesOf(wireText(character)) - 2;
    if (left < 0) break;
    kept += character;
  }
  return kept;
}

/** Undefined for what is not a letter of ours. */
export function readLetter(text: string | undefined): Letter | undefined {
  if (text === undefined) return undefined;
  try {
    const { success, data } = Letter.safeParse(JSON.parse(text));
    return success && isSound(data) ? data : undefined;
  } catch {
    return undefined;
  }
}

/** What is made of these becomes keys, counts and dates. */
const isSound = ({ task, attempt, redrives, time, sentAt }: Letter) =>
  task !== '' &&
  bytesOf(task) <= taskIdBytes &&
  [attempt, redrives].every((count) => Number.isSafeInteger(count) && count >= 0) &&
  [time, sentAt ?? time].every((moment) => !Number.isNaN(Date.parse(moment)));

/**
 * Lays the letter beside the author's attributes, in place of an older one. Where SQS would not take it (10 attributes,
 * 1 MiB with body and attributes), `fits` is false, the attributes are as they were, and the letter is to be kept as a
 * LetterRecord (task-table.ts). `bodyBytes`: the body in bytes of UTF-8.
 */
export function withLetter(attributes: Attributes, bodyBytes: number, letter: Letter): { attributes: Attributes; fits: boolean } {
  const laid = { ...attributes, [taskAttributes.letter]: { DataType: 'String', StringValue: letterText(letter) } };
  const fits = Object.keys(laid).length <= attributesPerMessage && bodyBytes + attributeBytes(laid) <= queueLimits.messageBytes;
  return fits ? { attributes: laid, fits } : { attributes, fits };
}

/** What a dead letter keeps of its attributes: put back with the deadline it missed, the task would be dead at once. */
export function withoutDeadline({ [taskAttributes.deadline]: _missed, ...attributes }: Attributes): Attributes {
  return attributes;
}

/** Names, types and values count (SQS/sqs-message-metadata). */
function attributeBytes(attributes: Attributes): number {
  return Object.entries(attributes).reduce(
    (sum, [name, { DataType, StringValue = '', BinaryValue }]) =>
      sum + bytesOf(name) + bytesOf(DataType) + (BinaryValue?.byteLength ?? bytesOf(StringValue)),
    0,
  );
}

/** The two queues of a test's group. */
import { type Letter, taskAttributes } from '../../lambdas/contract/task-wire.ts';
import { readLetter } from '../../lambdas/domain/task/letter.ts';
import type { LetterMessage, TaskQueue } from '../ports.ts';

export interface DeadLetter {
  body: string;
  /** Why; also where it did not fit on the message. */
  letter: Letter | undefined;
  attributes: LetterMessage['attributes'];
}

export interface MemoryQueue extends TaskQueue {
  readonly deadLetters: DeadLetter[];
  /** Seconds a receipt was hidden for, if it was. */
  hiddenFor(receiptHandle: string): number | undefined;
  /** The letter of a dead letter that has no room for it. */
  keepLetter(messageId: string | undefined, letter: Letter): void;
}

export function memoryQueue(): MemoryQueue {
  const hidden = new Map<string, number>();
  const deadLetters: DeadLetter[] = [];
  const idOf = (place: number) => `letter-${place + 1}`;
  return {
    deadLetters,
    hiddenFor: (receiptHandle) => hidden.get(receiptHandle),
    async comeBack(receiptHandle, seconds) {
      hidden.set(receiptHandle, seconds);
    },
    async remove() {},
    async setAside({ body, attributes }) {
      deadLetters.push({ body, attributes, letter: readLetter(attributes[taskAttributes.letter]?.StringValue) });
      return idOf(deadLetters.length - 1);
    },
    keepLetter(messageId, letter) {
      const dead = deadLetters.find((_dead, place) => idOf(place) === messageId);
      if (dead) dead.letter = letter;
    },
  };
}

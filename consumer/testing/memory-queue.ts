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
}

export function memoryQueue(): MemoryQueue {
  const hidden = new Map<string, number>();
  const deadLetters: DeadLetter[] = [];
  return {
    deadLetters,
    hiddenFor: (receiptHandle) => hidden.get(receiptHandle),
    async comeBack(receiptHandle, seconds) {
      hidden.set(receiptHandle, seconds);
    },
    async remove() {},
    async setAside({ body, attributes }) {
      deadLetters.push({ body, attributes, letter: readLetter(attributes[taskAttributes.letter]?.StringValue) });
      return `letter-${deadLetters.length}`;
    },
  };
}

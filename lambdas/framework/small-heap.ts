/**
 * Has V8 collect garbage before it takes more memory. Left alone it lets the heap of a process that makes much garbage
 * grow by a multiple of what is in use, and memory seems to grow with the work. It costs no time that could be measured.
 */
import { setFlagsFromString } from 'node:v8';

export function keepHeapSmall(): void {
  setFlagsFromString('--optimize-for-size');
}

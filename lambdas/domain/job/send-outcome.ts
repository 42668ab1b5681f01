/** What became of one send to a target: plain data, so that the dispatcher need not know AWS's errors. */
import type { ErrorClass } from '../../contract/task-wire.ts';

export type EntryOutcome =
  | { kind: 'accepted' }
  /** May be taken if it is sent again. */
  | { kind: 'again'; message: string }
  /** Will never be taken. */
  | { kind: 'refused'; class: ErrorClass; message: string };

export type SendOutcome =
  /** One for each entry, in their order. */
  | { kind: 'answered'; entries: EntryOutcome[] }
  /** Nothing was taken, as far as is known: throttling, a fault of the service or of the network. */
  | { kind: 'failed'; message: string }
  /** Nothing can be sent to this target at all: it is gone, or we may not. */
  | { kind: 'impossible'; message: string };

export const accepted: EntryOutcome = { kind: 'accepted' };

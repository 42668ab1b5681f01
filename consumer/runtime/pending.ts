/** What `ctx.pending()` gives: returned by a task, it says that the work of its placed job goes on elsewhere. */
import type { Pending } from '../context.ts';
import { PermanentError } from '../errors.ts';

export class HandedOn implements Pending {
  readonly note: string | undefined;

  constructor(note: string | undefined) {
    this.note = note;
  }
}

export const handOn = (note?: string): Pending => new HandedOn(note);

export function notPlaced(): never {
  throw new PermanentError('pending: only a task of a job that was placed on a pool can be handed on; this one has no lease');
}

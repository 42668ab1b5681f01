/**
 * How far a task file is settled without a gap, while its tasks settle in any order. Keeps only the tasks that are not
 * settled, and refused ones behind the first of those: as much as is under way, however long the job.
 */
import type { Cursor } from '../contract/job-table.ts';
import type { Located } from '../domain/job/line.ts';
import type { Place, Progress } from './dispatch-input.ts';

interface Open {
  place: Place;
  /** Tasks before it that were not dropped. */
  before: number;
  /** Settled without having been sent; stays until all before it is settled, to be told from those that were. */
  unsent: boolean;
}

export function settledTasks(start: Cursor) {
  const open = new Map<number, Open>();
  let end = start;
  let seen = 0;
  let unsentPassed = 0;

  function first(): Open | undefined {
    for (const [n, task] of open) {
      if (!task.unsent) return task;
      open.delete(n);
      unsentPassed += 1;
    }
    return undefined;
  }

  return {
    /** `kept` of the tasks `read` are to be settled; what was dropped is. Both in the order of the file. */
    add(read: readonly Located[], kept: readonly Located[]): void {
      for (const located of kept) {
        open.set(located.task.n, { place: placeOf(located), before: seen, unsent: false });
        seen += 1;
      }
      const last = read.at(-1);
      if (last) end = { n: last.task.n, byte: last.toByte };
    },
    sent(n: number): void {
      open.delete(n);
    },
    /** Refused, or put aside. */
    unsent(n: number): void {
      const task = open.get(n);
      if (task) task.unsent = true;
    },
    get open(): Place[] {
      return [...open.values()].filter(({ unsent }) => !unsent).map(({ place }) => place);
    },
    get progress(): Progress {
      const task = first();
      const cursor = task ? { n: task.place.n - 1, byte: task.place.fromByte } : end;
      return { cursor, sent: (task?.before ?? seen) - unsentPassed };
    },
  };
}

export const placeOf = ({ task, fromByte, toByte }: Located): Place => ({ n: task.n, id: task.id, fromByte, toByte });

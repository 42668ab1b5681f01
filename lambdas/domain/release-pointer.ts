/** How a key's release pointer moves: by uploads, by hand, and never backwards by a late event. Pure. */
import type { ReleasePointer } from '../contract/release-row.ts';

const historyLength = 20;

export interface Moved {
  pointer: ReleasePointer;
  previous: string | undefined;
}

/** An upload was seen: remembered as the newest, to run once it is proved. Undefined: nothing new. */
export function notice(pointer: ReleasePointer | undefined, codeKey: string, version: string, now: string): ReleasePointer | undefined {
  if (pointer?.latest === version) return undefined;
  if (!pointer) return { codeKey, id: 'pointer', latest: version, history: [], stopped: false, revision: 1, updatedAt: now };
  // A new upload ends a rollback.
  const { movedBy: _before, ...rest } = pointer;
  return { ...rest, latest: version, revision: pointer.revision + 1, updatedAt: now };
}

/** Whether the key was moved back by hand since its newest upload: then only the next upload moves it on. */
export const isHeldBack = (pointer: ReleasePointer) => pointer.movedBy === 'rollback';

/** The proved release becomes what pipelines run, unless a later upload was seen or it was moved by hand since. */
export function promote(pointer: ReleasePointer, version: string, now: string): Moved | undefined {
  if (pointer.latest !== version || isHeldBack(pointer)) return undefined;
  return move(pointer, version, 'upload', now);
}

/** Back to `target`, or to the release that ran before the present one. Undefined: there is none to go back to. */
export function rollBack(pointer: ReleasePointer, target: string | undefined, now: string): Moved | undefined {
  const version = target ?? pointer.history.find((earlier) => earlier !== pointer.version);
  return version === undefined ? undefined : move(pointer, version, 'rollback', now);
}

export function setStopped(pointer: ReleasePointer, stopped: boolean, now: string): ReleasePointer {
  return { ...pointer, stopped, revision: pointer.revision + 1, updatedAt: now };
}

function move(pointer: ReleasePointer, version: string, movedBy: 'upload' | 'rollback', now: string): Moved {
  const left = pointer.version !== undefined && pointer.version !== version ? [pointer.version] : [];
  // Going back forgets what was gone back from: a second step back goes further back, not forth again.
  const history = movedBy === 'rollback' ? pointer.history.slice(pointer.history.indexOf(version) + 1) : [...left, ...pointer.history];
  return {
    previous: pointer.version,
    pointer: {
      ...pointer,
      version,
      history: history.slice(0, historyLength),
      movedBy,
      stopped: false,
      revision: pointer.revision + 1,
      updatedAt: now,
    },
  };
}

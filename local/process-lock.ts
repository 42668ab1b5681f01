/**
 * A lock between processes: a file that holds the owner's process id. A dead owner's lock counts as free.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isAlive } from '../cli/stage/local-stage.ts';

/** Takes the lock, or returns the process id of who has it. */
export function takeLock(path: string): { release: () => void } | { heldBy: number } {
  mkdirSync(dirname(path), { recursive: true });
  for (;;) {
    try {
      writeFileSync(path, `${process.pid}\n`, { flag: 'wx' });
      return { release: () => rmSync(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = lockOwner(path);
    if (owner !== undefined) return { heldBy: owner };
    rmSync(path, { force: true });
  }
}

/** Process id of the lock's living owner. */
function lockOwner(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
    // An empty file is a lock being written this instant: its owner lives.
    if (Number.isNaN(pid)) return 0;
    return isAlive(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** MiniStack's process as its owner sees it: started under the guard, ended on request or by itself. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, readFileSync, rmSync } from 'node:fs';
import { inProject } from './paths.ts';
import { tail } from './run.ts';
import type { Venv } from './venv.ts';

export interface MiniStackProcess {
  /** Settles with a sentence when MiniStack ends without being asked. */
  died: Promise<string>;
  /** Ends it with every worker it started, and removes its folder. */
  stop: () => Promise<void>;
}

export function spawnMiniStack(venv: Venv, folder: string, logFile: string, environment: NodeJS.ProcessEnv): MiniStackProcess {
  const guard = spawn(venv.python, [inProject('local', 'guard.py'), folder], {
    env: environment,
    stdio: ['pipe', 'pipe', 'pipe'],
    // Out of the terminal's reach: Ctrl-C is ours to turn into an orderly stop.
    detached: true,
  });
  guard.stderr.pipe(createWriteStream(logFile));
  const asked = new AbortController();
  return { died: endOf(guard, logFile, asked.signal), stop: stopper(guard, folder, asked) };
}

/** The sentence that tells why MiniStack is gone, once it is without having been asked. */
function endOf(guard: ChildProcess, logFile: string, asked: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const tell = () => {
      if (asked.aborted) return;
      const log = readText(logFile);
      const last = log.trim() === '' ? 'It logged nothing.' : `The end of its log:\n${tail(log)}`;
      resolve(`MiniStack, the local AWS, ended by itself. ${last}`);
    };
    // The last of the log is on its way to the file.
    const soon = () => setTimeout(tell, 200);
    guard.stdout?.once('data', soon);
    guard.once('exit', soon);
    guard.once('error', soon);
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function stopper(guard: ChildProcess, folder: string, asked: AbortController): () => Promise<void> {
  const ended = new Promise<void>((resolve) => {
    guard.once('close', () => resolve());
    guard.once('error', () => resolve());
  });
  return async () => {
    asked.abort();
    guard.stdin?.end();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
}

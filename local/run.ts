/**
 * Runs a command to its end and hands back what it printed. Its whole process group dies when the signal is aborted.
 */
import { spawn } from 'node:child_process';

export interface RunOptions {
  cwd?: string;
  environment?: NodeJS.ProcessEnv;
  /** Called with every line of either stream, as it comes. */
  onLine?: (line: string) => void;
  signal?: AbortSignal | undefined;
}

export interface RunResult {
  code: number | null;
  output: string;
  /** Set when the command could not be started at all, e.g. `ENOENT`. */
  startError?: string;
}

export function run(command: string, args: string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.environment ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const killGroup = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    };
    process.once('exit', killGroup);
    options.signal?.addEventListener('abort', killGroup, { once: true });
    if (options.signal?.aborted) killGroup();

    let output = '';
    const take = (chunk: Buffer) => {
      output += chunk.toString();
      for (const line of chunk.toString().split('\n')) if (line.trim() !== '') options.onLine?.(line.trimEnd());
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);

    const end = (result: RunResult) => {
      process.off('exit', killGroup);
      options.signal?.removeEventListener('abort', killGroup);
      resolve(result);
    };
    child.once('error', (error) => end({ code: null, output, startError: (error as NodeJS.ErrnoException).code ?? error.message }));
    child.once('close', (code) => end({ code, output }));
  });
}

/** The last lines of a text, for error messages. */
export function tail(text: string, lines = 12): string {
  return text
    .trimEnd()
    .split('\n')
    .slice(-lines)
    .map((line) => `  ${line}`)
    .join('\n');
}

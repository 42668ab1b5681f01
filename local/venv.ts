/**
 * The Python virtual environment with MiniStack and its companions, `.sluice/venv`: made once, used again until
 * `requirements.txt` changes. Two starts at once are safe: the second waits for the first.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HelpfulError } from '../cli/helpful-error.ts';
import { inProject, sluiceFolder } from './paths.ts';
import { takeLock } from './process-lock.ts';
import { type RunResult, run, tail } from './run.ts';

export interface Venv {
  folder: string;
  python: string;
}

const requirements = inProject('local', 'requirements.txt');
const pythonNames = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python'];
const supported = { min: 11, max: 14 };

export async function ensureVenv(report: (text: string) => void = () => {}, signal?: AbortSignal): Promise<Venv> {
  const folder = join(sluiceFolder, 'venv');
  const venv: Venv = { folder, python: join(folder, 'bin', 'python') };
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  if (isReady(folder, wanted)) return venv;

  const release = await lockOrWait(`${folder}.lock`, report, signal);
  try {
    if (!isReady(folder, wanted)) await make(venv, wanted, report, signal);
  } finally {
    release();
  }
  return venv;
}

const markerOf = (folder: string) => join(folder, 'requirements.sha256');

function isReady(folder: string, wanted: string): boolean {
  return existsSync(markerOf(folder)) && readFileSync(markerOf(folder), 'utf8') === wanted;
}

async function lockOrWait(path: string, report: (text: string) => void, signal?: AbortSignal): Promise<() => void> {
  for (;;) {
    const lock = takeLock(path);
    if ('release' in lock) return lock.release;
    report('waiting for another start that is making it');
    await sleep(500, undefined, signal ? { signal } : {});
  }
}

async function make(venv: Venv, wanted: string, report: (text: string) => void, signal?: AbortSignal): Promise<void> {
  rmSync(venv.folder, { recursive: true, force: true });
  const python = await findPython();
  report('making it');
  const made = await run(python, ['-m', 'venv', venv.folder], { signal });
  if (made.code !== 0) throw venvError(python, made);

  report('installing MiniStack (once, about a minute)');
  const args = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--retries', '2', '--requirement', requirements];
  const installed = await run(venv.python, args, { signal });
  signal?.throwIfAborted();
  if (installed.code !== 0) throw installError(installed);
  // Last of all: a venv without it is one that was interrupted, and made anew.
  writeFileSync(markerOf(venv.folder), wanted);
}

async function findPython(): Promise<string> {
  const found: string[] = [];
  for (const name of pythonNames) {
    const { code, output } = await run(name, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])']);
    if (code !== 0) continue;
    const [major, minor] = output.trim().split('.').map(Number);
    if (major === 3 && minor !== undefined && minor >= supported.min && minor <= supported.max) return name;
    found.push(output.trim());
  }
  const wish = `Python 3.${supported.min} to 3.${supported.max}, which MiniStack (the local AWS) runs on`;
  throw new HelpfulError(
    found.length === 0
      ? `There is no python3 on the PATH; install ${wish}.`
      : `The Python on the PATH is ${found[0]}; install ${wish}, as python3 or e.g. python3.12.`,
  );
}

function venvError(python: string, result: RunResult): HelpfulError {
  if (/ensurepip|python3-venv/.test(result.output)) {
    return new HelpfulError(
      `${python} cannot make virtual environments; install its venv package (Debian, Ubuntu: apt install python3-venv).`,
    );
  }
  return new HelpfulError(`\`${python} -m venv\` failed, so the local AWS cannot be installed:\n${tail(result.output)}`);
}

function installError(result: RunResult): HelpfulError {
  if (
    /NewConnectionError|NameResolution|ConnectTimeout|ReadTimeout|ProxyError|Max retries|Network is unreachable|connection broken/i.test(
      result.output,
    )
  ) {
    return new HelpfulError(
      'pip could not reach its package index; connect to the network, or set PIP_INDEX_URL or HTTPS_PROXY to what your network offers, and try again.',
    );
  }
  return new HelpfulError(`pip could not install local/requirements.txt:\n${tail(result.output)}`);
}

/** `sluice` as its users run it: a process of its own, with nothing but the environment to tell it where AWS is. */
import { execFile } from 'node:child_process';
import { inProject } from '../../local/paths.ts';
import { stage } from './shared-stage.ts';

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** On the shared stage. */
export const sluice = (...args: string[]) =>
  runSluice(args, { env: { ...process.env, ...stage.clientEnvironment, SLUICE_STACK: stage.outputs.Prefix } });

export function runSluice(args: string[], options: { cwd?: string; env: NodeJS.ProcessEnv }): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [inProject('cli', 'sluice.mjs'), ...args], options, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

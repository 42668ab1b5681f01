/** Runs a plan in a process of its own. */
import { run, tail } from '../../local/run.ts';
import type { Plan, Sent } from './send-child.ts';

const child = new URL('./send-child.ts', import.meta.url).pathname;

export async function inChild(plan: Plan, environment: Record<string, string>): Promise<Sent> {
  const inherited = { PATH: process.env['PATH'], HOME: process.env['HOME'] };
  const { code, output } = await run(process.execPath, ['--expose-gc', child, JSON.stringify(plan)], {
    environment: { ...inherited, ...environment },
  });
  if (code !== 0) throw new Error(`send-child.ts failed:\n${tail(output)}`);
  return JSON.parse(output.trim().split('\n').at(-1) ?? '');
}

/**
 * Every test: the quick ones beside those against the local AWS, which mostly wait. The quick ones give way where both want
 * the machine, and are through before the files that measure limits begin. Exit code 1 where any test failed.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const resultsOf = (name: string) => `.sluice/test-results${name}.json`;

/** What CI counts. */
const Results = z.object({ numPassedTests: z.number(), numFailedTests: z.number() });

/** Gives what it printed, or prints it at once; and its exit code. */
function runProject(project: string, { prints }: { prints: boolean }): Promise<{ code: number; output: string }> {
  const out = prints ? 'inherit' : 'pipe';
  const env = { ...process.env, SLUICE_TEST_RESULTS: resultsOf(`-${project}`) };
  const child = spawn(process.execPath, [vitest, 'run', '--project', project], { stdio: ['ignore', out, out], env });
  if (!prints && child.pid !== undefined) setPriority(child.pid, 10);
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString() }));
  });
}

const quick = runProject('unit', { prints: false });
const local = await runProject('ministack', { prints: true });
const { code, output } = await quick;
process.stdout.write(output);
const all = ['-unit', '-ministack'].map((name) => Results.parse(JSON.parse(readFileSync(resultsOf(name), 'utf8'))));
const sum = (count: keyof z.infer<typeof Results>) => all.reduce((total, results) => total + results[count], 0);
writeFileSync(resultsOf(''), JSON.stringify({ numPassedTests: sum('numPassedTests'), numFailedTests: sum('numFailedTests') }));
process.exitCode = Math.max(code, local.code);

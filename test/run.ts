/**
 * Every test: those against the local AWS, which mostly wait; beside them those that have a local AWS of their own; and the
 * quick ones. Who is beside gives way where several want the machine. `local`: without the quick ones. Exit code 1 where any
 * test failed.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const resultsOf = (name: string) => `.sluice/test-results${name}.json`;

/** What CI counts, and what failed. */
const Results = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).nullish() })),
    }),
  ),
});
type Results = z.infer<typeof Results>;

/** Lines of what failed: the test with the head of its reason, or the file where it did not come to its tests. */
function failuresOf({ testResults }: Results): string[] {
  const head = (message: string | undefined) => (message ?? '').split('\n').slice(0, 12).join('\n      ');
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(process.cwd(), name);
    const failed = assertionResults.filter((result) => result.status === 'failed');
    if (failed.length === 0 && status === 'failed') return [`  ${file}\n      ${head(message)}`];
    return failed.map(({ fullName, failureMessages }) => `  ${file}: ${fullName}\n      ${head(failureMessages?.[0])}`);
  });
}

/** What the suites on a local AWS write down, for a look at the whole of it. */
const records = mkdtempSync(join(tmpdir(), 'sluice-records-'));

/** Gives what it printed, or prints it at once; and its exit code. `nice`: the more, the rather it gives way. */
function runProject(project: string, nice: number): Promise<{ code: number; output: string }> {
  const out = nice === 0 ? 'inherit' : 'pipe';
  const env = { ...process.env, SLUICE_TEST_RESULTS: resultsOf(`-${project}`), SLUICE_TEST_RECORDS: records };
  const child = spawn(process.execPath, [vitest, 'run', '--project', project], { stdio: ['ignore', out, out], env });
  if (child.pid !== undefined) setPriority(child.pid, nice);
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString() }));
  });
}

const isLocal = process.argv[2] === 'local';
const projects = { ministack: 0, 'ministack-beside': 5, ...(isLocal ? {} : { unit: 10 }) };
const runs = await Promise.all(Object.entries(projects).map(([project, nice]) => runProject(project, nice)));
for (const { output } of runs) process.stdout.write(output);
rmSync(records, { recursive: true, force: true });
const all = Object.keys(projects).map((name) => Results.parse(JSON.parse(readFileSync(resultsOf(`-${name}`), 'utf8'))));
const sum = (count: 'numPassedTests' | 'numFailedTests') => all.reduce((total, results) => total + results[count], 0);
writeFileSync(resultsOf(''), JSON.stringify({ numPassedTests: sum('numPassedTests'), numFailedTests: sum('numFailedTests') }));
// Once more, and last: what is before is thousands of lines.
const failures = all.flatMap(failuresOf);
if (failures.length > 0) console.log(`\nFailed:\n${failures.join('\n')}\n`);
process.exitCode = Math.max(...runs.map(({ code }) => code));

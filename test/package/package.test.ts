/** The npm package as a user gets it: packed, installed in a folder that is not ours, type-checked, bundled, run. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { inProject } from '../../local/paths.ts';

const Manifest = z.object({ version: z.string(), dependencies: z.record(z.string(), z.string()) });
const { version, dependencies } = Manifest.parse(JSON.parse(readFileSync(inProject('package.json'), 'utf8')));

const folder = mkdtempSync(join(tmpdir(), 'sluice-package-'));
const inFolder = (...parts: string[]) => join(folder, ...parts);
const inPackage = (...parts: string[]) => inFolder('node_modules', 'sluice', ...parts);
const binary = (name: string) => inProject('node_modules', '.bin', name);
const run = (file: string, args: string[], cwd = folder) => execFileSync(file, args, { cwd, encoding: 'utf8', stdio: 'pipe' });

beforeAll(() => {
  // `npm pack` is this and a tarball; its scripts would build into the checkout, where other tests run.
  run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], buildCopy());
  mkdirSync(inPackage(), { recursive: true });
  run('tar', ['-xzf', `sluice-${version}.tgz`, '--strip-components=1', '-C', inPackage()]);
  for (const name of [...Object.keys(dependencies), '@types/node']) link(name);
  writeFileSync(inFolder('package.json'), JSON.stringify({ type: 'module' }));
  writeFileSync(inFolder('consumer.ts'), consumer);
  writeFileSync(inFolder('consumer.test.ts'), consumerTest);
  writeFileSync(inFolder('submitter.ts'), submitter);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A folder with what `npm pack` looks at, built as `prepack` does. */
function buildCopy(): string {
  const copy = inFolder('copy');
  mkdirSync(join(copy, 'cli'), { recursive: true });
  run(binary('tsc'), ['-p', 'tsconfig.package.json', '--outDir', join(copy, 'dist')], inProject());
  for (const file of ['package.json', 'README.md', 'LICENSE', 'cli/sluice.mjs'])
    writeFileSync(join(copy, file), readFileSync(inProject(file)));
  return copy;
}

/** Our own copy of a dependency stands in for the registry's: package.json pins its version. */
function link(name: string): void {
  const place = inFolder('node_modules', name);
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(inProject('node_modules', name), place);
}

const consumer = `
import { defineConsumer, PermanentError } from 'sluice/consumer';
import * as z from 'zod/mini';

export const handler = defineConsumer({
  schema: z.object({ order: z.number() }),
  async task(body, context) {
    const order: number = body.order;
    // @ts-expect-error the schema has no such field
    body.missing;
    if (order < 0) throw new PermanentError('no such order');
    return context.step('twice', () => order * 2);
  },
});
`;

const consumerTest = `
import { testConsumer } from 'sluice/consumer/testing';
import { handler } from './consumer.ts';

const orders = testConsumer(handler);
const outcome = await orders.send({ order: 7 }).untilEnd();
const dead = await orders.send({ order: -1 }).untilEnd();
console.log(outcome.outcome, outcome.result, dead.outcome);
`;

const submitter = `
import { createClient, type Job, NotSentError, SluiceApiError } from 'sluice/client';

const client = createClient({ apiUrl: 'http://127.0.0.1:1', region: 'eu-central-1' });

export async function submitted(): Promise<Job> {
  interface Order { order: number }
  const orders: Order[] = [{ order: 7 }];
  const job = await client.submitAndWait({ taskGroup: 'A', tasks: orders.map((body) => ({ id: String(body.order), body })) });
  // @ts-expect-error a job has no such status
  if (job.status === 'DONE') return job;
  for await (const line of client.results(job.id)) if (line.status === 'failed') console.log(line.error?.class);
  for await (const task of client.results(job.id, { only: 'failed' })) console.log(task.body);
  await client.send('A', orders, { id: ({ order }) => String(order) });
  return job;
}

export const fields = (error: unknown) => (error instanceof SluiceApiError ? error.fields : error instanceof NotSentError ? error.notSent : []);

console.log(await client.submit({ tasks: [] }).catch((error: Error) => error.name));
`;

const esbuild = (entry: string, out: string, ...options: string[]) =>
  run(binary('esbuild'), [
    entry,
    ...options,
    '--bundle',
    '--platform=node',
    '--format=esm',
    '--minify',
    '--external:@aws-sdk/*',
    `--outfile=${out}`,
  ]);

describe('the library', () => {
  it('has types', () => {
    const strict = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--allowImportingTsExtensions', '--noEmit', '--skipLibCheck'];
    run(binary('tsc'), [...strict, 'consumer.ts', 'consumer.test.ts', 'submitter.ts']);
  });

  it('tests a consumer', () => {
    esbuild('consumer.test.ts', 'test.mjs');
    expect(run('node', ['test.mjs'])).toBe('done 14 dead\n');
  });

  it('becomes a handler', async () => {
    esbuild('consumer.ts', 'index.mjs');
    // Without the environment of a library consumer it says so, in its own words and under its own name.
    const script =
      "const { handler } = await import('./index.mjs'); await handler({ Records: [] }, {}).catch(({ name, message }) => console.log(name, message));";
    expect(run('node', ['--input-type=module', '-e', script])).toMatch(
      /^ConfigurationError the environment is not that of a library consumer/,
    );
  });
});

describe('the client', () => {
  it('is there where it is imported, without a build', () => {
    const script = "const { createClient } = await import('sluice/client'); console.log(Object.keys(createClient()).sort().join());";
    expect(run('node', ['--input-type=module', '-e', script])).toBe(
      'cancel,change,config,dryRun,explain,get,jobs,limits,pipeline,pipelines,release,reportCapacity,resultLines,results,retry,send,setLimits,stats,submit,submitAndWait,tasks,wait\n',
    );
  });

  it('can be bundled', () => {
    // CommonJS packages look for `require` (docs/client.md); `sluice release` brings it.
    const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
    esbuild('submitter.ts', 'submitter.mjs', `--banner:js=${banner}`);
    expect(run('node', ['submitter.mjs'])).toBe('SluiceClientError\n');
  });
});

describe('the tool', () => {
  it('helps', () => expect(run('node', [inPackage('cli', 'sluice.mjs'), '--help'])).toContain('sluice redrive'));
  it('knows its version', () => expect(run('node', [inPackage('cli', 'sluice.mjs'), '--version'])).toBe(`${version}\n`));
});

describe('the package', () => {
  const files = () => readdirSync(inPackage(), { recursive: true, encoding: 'utf8' });

  it('brings no sources and nothing of the stack', () => {
    expect(files().filter((file) => /(?<!\.d)\.ts$/.test(file))).toEqual([]);
    expect(readdirSync(inPackage('dist')).sort()).toEqual(['cli', 'client', 'consumer', 'lambdas']);
    expect(readdirSync(inPackage('dist', 'lambdas')).sort()).toEqual(['contract', 'domain']);
  });

  it('depends on what it imports and nothing else', () => {
    const texts = files()
      .filter((file) => /\.(js|d\.ts)$/.test(file) && file.startsWith('dist'))
      .map((file) => readFileSync(inPackage(file), 'utf8'));
    const imported = texts.flatMap((text) =>
      [...text.matchAll(/(?:\bfrom |\bimport\()'((?!\.|node:)(?:@[^/']+\/)?[^/']+)/g)].map(([, name = '']) => name),
    );
    const needed = [...new Set(imported)].map((name) => (name === 'aws-lambda' ? '@types/aws-lambda' : name));
    expect(needed.filter((name) => !builtinModules.includes(name)).sort()).toEqual(Object.keys(dependencies).sort());
  });
});

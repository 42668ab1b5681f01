/**
 * Makes a consumer's zip from its folder: TypeScript (`index.ts`) is bundled, SDK included; anything else goes in as it is.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build } from 'esbuild';
import { zipSync } from 'fflate';
import { HelpfulError } from './helpful-error.ts';

export async function consumerZip(folder: string): Promise<Uint8Array> {
  if (!existsSync(folder))
    throw new HelpfulError(`There is no folder ${folder}; name one that holds a consumer, such as examples/consumer-plain.`);
  const entry = join(folder, 'index.ts');
  const files = existsSync(entry) ? { 'index.mjs': await bundled(entry) } : filesOf(folder);
  // The same files make the same zip, whenever: a fixed time for each entry.
  return zipSync(files, { mtime: '1980-01-02T00:00:00Z' });
}

async function bundled(entry: string): Promise<Uint8Array> {
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    logLevel: 'silent',
    // CommonJS packages inside a module bundle look for `require`.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  const [output] = result.outputFiles;
  if (output === undefined) throw new Error(`esbuild made nothing of ${entry}`);
  return output.contents;
}

function filesOf(folder: string): Record<string, Uint8Array> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'README.md' && !entry.parentPath.includes('__pycache__'))
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(files.map((path) => [relative(folder, path), new Uint8Array(readFileSync(path))]));
}

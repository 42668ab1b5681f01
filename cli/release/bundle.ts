/**
 * Bundles a consumer for Lambda: everything it imports included, the SDK too. What is only imported when it is needed
 * (`await import(…)`, such as the library's clients for secrets) stands in modules of its own, which cost a cold start nothing.
 */
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildFailure, build } from 'esbuild';
import { HelpfulError } from '../helpful-error.ts';

/** Where these sources are; in the npm package there is no such place. */
const checkout = import.meta.url.endsWith('.ts') ? fileURLToPath(new URL('../../', import.meta.url)) : undefined;

/** What lies in this checkout gets the library's sources, everything else what it has installed. */
const conditionsFor = (entry: string) => (checkout !== undefined && entry.startsWith(checkout) ? ['sluice-source', 'module'] : ['module']);

/** By name in the zip; the entry is `index.mjs`. */
export async function bundled(entry: string): Promise<Record<string, Uint8Array>> {
  const result = await build({
    entryPoints: { index: entry },
    outdir: 'zip',
    outExtension: { '.js': '.mjs' },
    chunkNames: '[name]-[hash]',
    splitting: true,
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    conditions: conditionsFor(entry),
    logLevel: 'silent',
    // CommonJS packages inside a module bundle look for `require`.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  }).catch((error: unknown) => {
    throw isBuildFailure(error) ? new HelpfulError(failureText(entry, error), { cause: error }) : error;
  });
  return Object.fromEntries(result.outputFiles.map(({ path, contents }) => [basename(path), contents]));
}

const isBuildFailure = (error: unknown): error is BuildFailure =>
  error instanceof Error && 'errors' in error && Array.isArray(error.errors);

function failureText(entry: string, { errors }: BuildFailure): string {
  const lines = errors.map(({ text, location }) => `  ${location ? `${location.file}:${location.line}: ` : ''}${text}`);
  return `${entry} could not be bundled:\n${lines.join('\n')}`;
}

/** Bundles an entry as a release is bundled, and minified; tells what went into it. */
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { projectFolder } from '../../local/paths.ts';

export interface Minified {
  /** By name; the entry is `index.mjs`. */
  files: ReadonlyMap<string, Uint8Array>;
  /** Bytes of the code by file, relative to the project. */
  bytes: ReadonlyMap<string, number>;
}

export async function minified(entry: URL): Promise<Minified> {
  const { outputFiles, metafile } = await build({
    entryPoints: { index: fileURLToPath(entry) },
    outExtension: { '.js': '.mjs' },
    splitting: true,
    absWorkingDir: projectFolder,
    outdir: join(projectFolder, 'out'),
    bundle: true,
    write: false,
    minify: true,
    metafile: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    conditions: ['sluice-source', 'module'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  return { files: new Map(outputFiles.map(({ path, contents }) => [basename(path), contents])), bytes: bytesOf(metafile) };
}

function bytesOf({ outputs }: Metafile): Map<string, number> {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  const bytes = new Map<string, number>();
  for (const [path, { bytesInOutput }] of inputs) bytes.set(path, (bytes.get(path) ?? 0) + bytesInOutput);
  return bytes;
}

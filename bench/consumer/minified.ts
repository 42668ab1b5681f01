/** Bundles an entry as a release is bundled, and minified; tells what went into it. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { projectFolder } from '../../local/paths.ts';

export interface Minified {
  code: Uint8Array;
  /** Bytes of the code by file, relative to the project. */
  bytes: ReadonlyMap<string, number>;
}

export async function minified(entry: URL): Promise<Minified> {
  const { outputFiles, metafile } = await build({
    entryPoints: [fileURLToPath(entry)],
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
  const [output] = outputFiles;
  if (output === undefined) throw new Error(`esbuild made nothing of ${entry.href}`);
  return { code: output.contents, bytes: bytesOf(metafile) };
}

function bytesOf({ outputs }: Metafile): Map<string, number> {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs));
  return new Map(inputs.map(([path, { bytesInOutput }]) => [path, bytesInOutput]));
}

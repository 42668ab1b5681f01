/**
 * Where things are on this machine. Reads the file system, changes nothing.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HelpfulError } from '../cli/helpful-error.ts';

export const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));

/** Everything that local runs leave for the next one (git ignores it). */
export const sluiceFolder = join(projectFolder, '.sluice');

export const inProject = (...parts: string[]) => join(projectFolder, ...parts);

/** Folder of the Node 24 that functions run with, whatever Node runs us; it comes with `npm ci`. */
export function nodeFolder(): string {
  const folder = inProject('node_modules', 'node', 'bin');
  if (existsSync(join(folder, 'node'))) return folder;
  if (Number(process.versions.node.split('.')[0]) >= 24) return dirname(process.execPath);
  throw new HelpfulError(`There is no ${folder}/node, which functions run with; run \`npm ci\` and try again.`);
}

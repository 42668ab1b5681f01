/**
 * Makes a consumer's zip: a `.ts` or `.js` entry, or a folder with an `index.ts`, is bundled into `index.mjs`, SDK
 * included; any other folder goes in as it is (Python, or what another tool has built), and so does a zip.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { zipSync } from 'fflate';
import { HelpfulError } from '../helpful-error.ts';
import { bundled } from './bundle.ts';

const script = /\.[cm]?[jt]sx?$/;
const leftOut = (folder: string) => /(^|[\\/])(__pycache__|\.git)([\\/]|$)/.test(folder);

export async function consumerZip(path: string): Promise<Uint8Array> {
  const files = await consumerFiles(resolve(path));
  if (!(files instanceof Uint8Array) && Object.keys(files).length === 0)
    throw new HelpfulError(`${path} is empty; name a consumer's entry, folder or zip.`);
  // The same files make the same zip, whenever: a fixed time for each entry.
  return files instanceof Uint8Array ? files : zipSync(files, { mtime: '1980-01-02T00:00:00Z' });
}

async function consumerFiles(path: string): Promise<Uint8Array | Record<string, Uint8Array>> {
  if (!existsSync(path))
    throw new HelpfulError(`There is no ${path}; name a consumer's entry (src/consumer.ts), folder (examples/consumer-plain) or zip.`);
  const isFolder = statSync(path).isDirectory();
  if (!isFolder && path.endsWith('.zip')) return new Uint8Array(readFileSync(path));
  const entry = isFolder ? join(path, 'index.ts') : path;
  if (isFolder && !existsSync(entry)) return filesOf(path);
  if (!script.test(entry))
    throw new HelpfulError(`${basename(path)} is no TypeScript, JavaScript or zip; for other languages name the folder it is in.`);
  return bundled(entry);
}

function filesOf(folder: string): Record<string, Uint8Array> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'README.md' && !leftOut(relative(folder, entry.parentPath)))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return Object.fromEntries(files.map((path) => [relative(folder, path).replaceAll('\\', '/'), new Uint8Array(readFileSync(path))]));
}

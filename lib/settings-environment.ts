/** The variables that settings are read from: this process's own, over those of a file. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import type { Environment } from './given-settings.ts';

/** Names another file than `.env` in the project's folder; empty: none. */
export const envFileVariable = 'SLUICE_ENV_FILE';

const projectFolder = fileURLToPath(new URL('..', import.meta.url));

/** @throws Error where the file that was named is not there. */
export function settingsEnvironment(own: Environment, folder = projectFolder): Environment {
  const named = own[envFileVariable];
  if (named === '') return own;
  const file = named === undefined ? join(folder, '.env') : resolve(named);
  if (existsSync(file)) return { ...parseEnv(readFileSync(file, 'utf8')), ...own };
  if (named === undefined) return own;
  throw new Error(`${envFileVariable}: there is no file ${file}`);
}

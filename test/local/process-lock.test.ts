import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { takeLock } from '../../local/process-lock.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rmSync(folder, { recursive: true }));

it('names the owner to whoever comes second, and is free again once released', () => {
  const first = takeLock(path);
  expect(takeLock(path)).toEqual({ heldBy: process.pid });
  if ('release' in first) first.release();
  expect(takeLock(path)).toHaveProperty('release');
});

it('takes over the lock of a process that is gone', () => {
  // Above the largest process id Linux and macOS give.
  writeFileSync(path, '99999999\n');
  expect(takeLock(path)).toHaveProperty('release');
  expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
});

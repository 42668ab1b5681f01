/** The tasks that are sent: like the seed's, a video each. */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { StoredTask } from '../../lambdas/contract/job-table.ts';
import { storedLine } from '../../lambdas/domain/job/line.ts';

const task = (n: number): StoredTask => ({ n, body: { videoId: `video-${n}`, channel: 'UC-sluice', language: 'en' } });

export function* tasks(count: number): Generator<StoredTask> {
  for (let n = 1; n <= count; n += 1) yield task(n);
}

export const fileText = (count: number) => [...tasks(count)].map(storedLine).join('');

/** Without holding it in memory. */
export function writeFile(path: string, count: number): Promise<void> {
  function* lines() {
    for (const one of tasks(count)) yield storedLine(one);
  }
  return pipeline(Readable.from(lines()), createWriteStream(path));
}

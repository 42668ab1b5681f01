/** Peak memory of the engine, its reader and its adapters, by the job's size, against a queue that only counts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Line, progress } from '../report.ts';
import { startCountingQueue } from './counting-queue.ts';
import { inChild } from './in-child.ts';
import { writeFile } from './tasks.ts';

const boundBytes = 64 * 1_048_576;
const mb = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MB`;

export async function memory(sizes: readonly [number, number]): Promise<Line[]> {
  const [small, large] = [await peak(sizes[0]), await peak(sizes[1])];
  const difference = large.bytes - small.bytes;
  const told = (size: number, { bytes, ms }: Peak): Line => ({
    what: `${size.toLocaleString('en')} tasks`,
    figure: `${mb(bytes)}  in ${(ms / 1_000).toFixed(1)} s`,
  });
  return [
    told(sizes[0], small),
    told(sizes[1], large),
    { what: 'difference', figure: mb(difference), target: `≤ ${mb(boundBytes)}`, met: difference <= boundBytes },
  ];
}

interface Peak {
  bytes: number;
  ms: number;
}

async function peak(count: number): Promise<Peak> {
  progress(`memory: ${count} tasks`);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const file = join(folder, 'tasks.ndjson');
  try {
    await writeFile(file, count);
    const queue = await startCountingQueue(file);
    try {
      const to = { queueUrl: `${queue.url}/000000000000/bench` };
      const environment = { AWS_ENDPOINT_URL: queue.url, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: '1', AWS_SECRET_ACCESS_KEY: '1' };
      const { peakBytes, ms } = await inChild(
        { senders: ['ours'], rounds: 1, work: { tasks: count, to, bucket: 'b', key: 'tasks' } },
        environment,
      );
      if (queue.count() !== count) throw new Error(`${queue.count()} of ${count} tasks arrived`);
      return { bytes: peakBytes, ms: ms['ours']?.[0] ?? Number.NaN };
    } finally {
      queue.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The rate on the local AWS, with a backlog for a minute: how much of each limit is used, and that none is exceeded. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { consumerZip } from '../../cli/release/consumer-zip.ts';
import { type LocalClients, localClients } from '../../local/clients.ts';
import { deploy } from '../../local/deploy.ts';
import { localAccount, localRegion, startMiniStack } from '../../local/ministack.ts';
import { listPipelines, type Outputs, putItem, removeItem, sendTasks, uploadCode } from '../../local/pipelines.ts';
import { ensureVenv } from '../../local/venv.ts';
import { endProgress, type Line, printLines, progress } from '../report.ts';
import { rateFigures } from './rate-figures.ts';
import { backlog, item, type RateGroup, rounds, spacingSeconds, startsNeeded, waves } from './rate-groups.ts';

/**
 * A start is seen by the task's own first line. Where the process is held up between taking its turn and that line, it is
 * seen late, and the next one seems early by as much: a slice of the scheduler, far from a start too many.
 */
const seenLateMs = 5;

interface Stage {
  clients: LocalClients;
  outputs: Outputs;
  startsFile: string;
}

/** `only`: groups by the beginning of their names. */
export async function rate(only: string | undefined): Promise<Line[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  await ensureVenv(progress);
  progress('MiniStack');
  const ministack = await startMiniStack({ folder });
  try {
    progress('deploying');
    const { outputs } = await deploy({ ministack, folder: join(folder, 'cdk') });
    const clients = localClients({ ...ministack, region: localRegion, accessKey: localAccount, secretKey: 'test' });
    const zip = await consumerZip(new URL('./rate-consumer.ts', import.meta.url).pathname);
    await uploadCode(clients, outputs, 'consumer.zip', zip);
    const stage = { clients, outputs, startsFile: join(folder, 'starts') };
    const lines: Line[] = [];
    for (const wave of waves)
      lines.push(...(await runWave(stage, only === undefined ? wave : wave.filter(({ name }) => name.startsWith(only)))));
    endProgress();
    printLines('Rate on the local AWS, a minute with a backlog: share of the limit used, most starts above r·T + c in any window', lines);
    return lines;
  } finally {
    await ministack.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runWave(stage: Stage, groups: RateGroup[]): Promise<Line[]> {
  if (groups.length === 0) return [];
  const { clients, outputs, startsFile } = stage;
  writeFileSync(startsFile, '', { flag: 'a' });
  for (const group of groups) await putItem(clients, outputs, item(group, startsFile, true));
  const urls = await queues(stage, groups);
  await Promise.all(groups.map((group) => sendTasks(clients, urls.get(group.name) ?? '', tasks(group))));
  for (const group of groups) await putItem(clients, outputs, item(group, startsFile, false));
  await untilStarted(stage, groups);
  const starts = readStarts(startsFile);
  for (const { name } of groups) await removeItem(clients, outputs, name);
  return groups.map((group) => line(group, starts.get(group.name) ?? []));
}

const tasks = (group: RateGroup) => Array.from({ length: backlog(group) }, () => ({ ms: group.taskMs }));

/** Until every group has its queue; they are paused until all tasks are sent. */
function queues({ clients, outputs }: Stage, groups: readonly RateGroup[]): Promise<Map<string, string>> {
  return until('the queues', 120_000, async () => {
    const rows = await listPipelines(clients, outputs);
    const found = new Map(
      rows.flatMap(({ taskGroup, phase, resources }) =>
        resources.queueUrl && phase === 'Paused' ? [[taskGroup, resources.queueUrl]] : [],
      ),
    );
    const failed = rows.find(({ phase }) => phase === 'Invalid' || phase === 'Failed');
    if (failed) throw new Error(`${failed.taskGroup} is ${failed.phase}: ${failed.message}`);
    return groups.every(({ name }) => found.has(name)) ? found : undefined;
  });
}

/** A fresh environment waits one spacing, and the last tasks of a slow machine are late. */
async function untilStarted({ startsFile }: Stage, groups: readonly RateGroup[]): Promise<void> {
  const longestMs = Math.max(...groups.map((group) => (rounds(group) + 3) * spacingSeconds(group) * 1_000)) + 60_000;
  await until('all starts', longestMs, async () => {
    const starts = readStarts(startsFile);
    const missing = groups.filter((group) => (starts.get(group.name)?.length ?? 0) < startsNeeded(group));
    progress(`running: ${missing.map(({ name }) => name).join(', ')}`);
    return missing.length === 0 || undefined;
  }).catch(() => undefined);
}

function readStarts(file: string): Map<string, number[]> {
  const starts = new Map<string, number[]>();
  if (!existsSync(file)) return starts;
  for (const text of readFileSync(file, 'utf8').split('\n')) {
    const [name, ms] = text.split(' ');
    if (!name || !ms) continue;
    const known = starts.get(name);
    if (known) known.push(Number(ms));
    else starts.set(name, [Number(ms)]);
  }
  for (const [name, all] of starts)
    starts.set(
      name,
      all.toSorted((a, b) => a - b),
    );
  return starts;
}

function line(group: RateGroup, startsMs: readonly number[]): Line {
  const { used, above } = rateFigures(group, startsMs);
  const { ratePerSecond: r, concurrency: c, batch, taskMs, duplicates } = group;
  const extra = `${taskMs > 0 ? `, tasks of ${taskMs} ms` : ''}${duplicates ? ', duplicates on' : ''}`;
  const holds = above <= (r * seenLateMs) / 1_000;
  return {
    what: `r = ${r}, c = ${c}, batch ${batch}${extra}`,
    figure: `${(100 * used).toFixed(1)}%  ${above.toFixed(3).padStart(8)}`,
    target: '95%-100%, ≤ 0',
    met: used >= 0.95 && used <= 1 + 1e-6 && holds,
  };
}

async function until<T>(what: string, withinMs: number, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs / 1_000} s`);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

/**
 * `npm run bench:reaction`: how soon a written item works, on the local AWS with the deployed app. Measured at the
 * consumers' victim. Exit code 1 when a target is missed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetQueueUrlCommand } from '@aws-sdk/client-sqs';
import { zipSync } from 'fflate';
import { pipelineNames } from '../lambdas/contract/names.ts';
import { type LocalClients, localClients } from '../local/clients.ts';
import { deploy } from '../local/deploy.ts';
import { localAccount, localRegion, startMiniStack } from '../local/ministack.ts';
import { listPipelines, type Outputs, output, putItem, removeItem, sendTasks, uploadCode } from '../local/pipelines.ts';
import { ensureVenv } from '../local/venv.ts';
import { endProgress, type Line, missed, printLines, progress } from './report.ts';
import { startVictim, type Victim, victimConsumer } from './victim.ts';

const budgetPerSecond = 10;
const writesPerPipeline = 3;

interface Bench {
  clients: LocalClients;
  outputs: Outputs;
  victim: Victim;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  await ensureVenv(progress);
  progress('MiniStack');
  const ministack = await startMiniStack({ folder });
  const victim = await startVictim();
  try {
    progress('deploying');
    const { outputs } = await deploy({ ministack, folder: join(folder, 'cdk') });
    const clients = localClients({ ...ministack, region: localRegion, accessKey: localAccount, secretKey: 'test' });
    const bench = { clients, outputs, victim };
    await uploadCode(clients, outputs, 'consumer.zip', zipSync({ 'index.mjs': new TextEncoder().encode(victimConsumer) }));
    await createOne(bench, 'warm-up');
    const lines = [...(await oneByOne(bench, 50)), ...(await allAtOnce(bench, 50)), ...(await changedLimit(bench, 20))];
    endProgress();
    printLines('Reaction on the local AWS, from the item written', lines);
    if (missed(lines) > 0) process.exitCode = 1;
  } finally {
    await victim.stop();
    await ministack.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function oneByOne(bench: Bench, groups: number): Promise<Line[]> {
  const took: number[] = [];
  for (let i = 0; i < groups; i += 1) {
    took.push(await createOne(bench, `one-${i}`));
    progress(`group ${i + 1} of ${groups}: first task after ${took.at(-1)?.toFixed(0)} ms`);
    await removeItem(bench.clients, bench.outputs, `one-${i}`);
  }
  return [
    { what: `first task runs, ${groups} groups one by one, median`, figure: ms(quantile(took, 0.5)) },
    line('first task runs, p95', quantile(took, 0.95), 2_000),
  ];
}

/** Writes an item, sends a task as soon as there is a queue, and waits until the task runs. */
async function createOne({ clients, outputs, victim }: Bench, group: string): Promise<number> {
  const startedMs = performance.now();
  await putItem(clients, outputs, item(group, 1, victim));
  const { queue } = pipelineNames(output(outputs, 'Prefix'), group, false);
  const url = await until(
    `queue of ${group}`,
    async () => (await clients.sqs.send(new GetQueueUrlCommand({ QueueName: queue })).catch(() => undefined))?.QueueUrl,
  );
  await sendTasks(clients, url, [{ group, ms: 1 }]);
  const call = await until(`first task of ${group}`, async () => victim.calls.find((seen) => seen.group === group));
  return call.startedMs - startedMs;
}

async function allAtOnce({ clients, outputs, victim }: Bench, groups: number): Promise<Line[]> {
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: groups }, (_, i) => putItem(clients, outputs, item(`burst-${i}`, 1, victim))));
  await until('all groups up', async () => {
    const up = (await listPipelines(clients, outputs)).filter((row) => row.taskGroup.startsWith('burst-') && row.phase === 'Active').length;
    progress(`${up} of ${groups} groups up`);
    return up === groups || undefined;
  });
  const tookMs = performance.now() - startedMs;
  const allowedMs = (groups * writesPerPipeline * 1_000) / budgetPerSecond;
  for (let i = 0; i < groups; i += 1) await removeItem(clients, outputs, `burst-${i}`);
  return [
    line(`${groups} groups written at once are all up`, tookMs, 1.2 * allowedMs),
    { what: '  against what the budget allows', figure: `${(tookMs / allowedMs).toFixed(2)} ×` },
  ];
}

/** Up and down between 2 and 6 under a backlog of 100 ms tasks: until that many run, until no start finds more than that. */
async function changedLimit({ clients, outputs, victim }: Bench, rounds: number): Promise<Line[]> {
  const group = 'changing';
  await putItem(clients, outputs, item(group, 2, victim));
  const row = await until('the changing group', async () =>
    (await listPipelines(clients, outputs)).find((r) => r.taskGroup === group && r.phase === 'Active'),
  );
  await sendTasks(
    clients,
    row.resources.queueUrl as string,
    Array.from({ length: 6_000 }, () => ({ group, ms: 100 })),
  );
  await until('two at once', async () => victim.inFlight(group) === 2 || undefined);
  const up: number[] = [];
  const down: number[] = [];
  for (let i = 0; i < rounds; i += 1) {
    up.push(await untilLimit({ clients, outputs, victim }, group, 6));
    down.push(await untilLimit({ clients, outputs, victim }, group, 2));
    progress(`limit changed ${i + 1} of ${rounds} times: up ${up.at(-1)?.toFixed(0)} ms, down ${down.at(-1)?.toFixed(0)} ms`);
  }
  await putItem(clients, outputs, { ...item(group, 2, victim), onDelete: 'discard' });
  return [
    { what: `a raised limit is used, ${rounds} times, median`, figure: ms(quantile(up, 0.5)) },
    line('a raised limit is used, p95', quantile(up, 0.95), 1_000),
    { what: `a lowered limit holds, ${rounds} times, median`, figure: ms(quantile(down, 0.5)) },
    line('a lowered limit holds, p95', quantile(down, 0.95), 1_000),
  ];
}

async function untilLimit({ clients, outputs, victim }: Bench, group: string, limit: number): Promise<number> {
  const startedMs = performance.now();
  const raising = victim.inFlight(group) < limit;
  await putItem(clients, outputs, item(group, limit, victim));
  if (raising) {
    await until('the raised limit', async () => victim.inFlight(group) === limit || undefined);
    return performance.now() - startedMs;
  }
  // In force once no call began above it any more; half a second without one (five tasks' time) says so.
  const lastAbove = () => victim.calls.findLast((call) => call.group === group && call.inFlight > limit)?.startedMs ?? startedMs;
  await until('the lowered limit', async () => performance.now() - Math.max(lastAbove(), startedMs) > 1_500 || undefined);
  return Math.max(0, lastAbove() - startedMs);
}

const item = (taskGroup: string, concurrency: number, victim: Victim) => ({
  taskGroup,
  concurrency,
  onDelete: 'discard',
  function: { architecture: 'x86_64', handler: 'index.handler', environment: { VICTIM_URL: victim.url } },
});

async function until<T>(what: string, look: () => Promise<T | undefined>, withinMs = 120_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs / 1_000} s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function quantile(values: number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] as number;
}

const ms = (value: number) => `${value.toFixed(0)} ms`;
const line = (what: string, valueMs: number, targetMs: number): Line => ({
  what,
  figure: ms(valueMs),
  target: `≤ ${ms(targetMs)}`,
  met: valueMs <= targetMs,
});

await main();

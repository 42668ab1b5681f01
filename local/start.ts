/**
 * `npm start`: everything on this machine. Brings up MiniStack, deploys the real app, runs the demo and stays up until
 * Ctrl-C; `--once` ends after the demo. Leaves nothing running and nothing behind but `.sluice/`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HelpfulError } from '../cli/helpful-error.ts';
import { helpText, parseStartArguments, type StartArguments } from './arguments.ts';
import { localClients } from './clients.ts';
import { type Demo, ownPartnerUrl, prepareDemo, runDemo } from './demo/demo.ts';
import { deploy } from './deploy.ts';
import { localAccount, type MiniStack, startMiniStack } from './ministack.ts';
import { sluiceFolder } from './paths.ts';
import { stepsOn } from './progress.ts';
import { announceStage, claimStage, type RunningStage } from './running-stage.ts';
import { howToTalkToIt } from './stage-commands.ts';
import { ensureVenv } from './venv.ts';

const interrupted = new AbortController();
let upAndIdle = false;

async function main(): Promise<number> {
  const args = parseStartArguments(process.argv.slice(2));
  if (args.help) {
    console.log(helpText);
    return 0;
  }
  forgetAwsSettings();
  stopOnSignals();
  const stage = claimStage();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-local-'));
  // However we end but by a kill, after which MiniStack's guard removes the folder: it is MiniStack's, too.
  process.once('exit', () => {
    stage.release();
    rmSync(folder, { recursive: true, force: true });
  });
  const cleanups: (() => Promise<void>)[] = [];
  try {
    return await bringUp(args, folder, cleanups);
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}

async function bringUp(args: StartArguments, folder: string, cleanups: (() => Promise<void>)[]): Promise<number> {
  const step = stepsOn(process.stdout);
  const { signal } = interrupted;
  await step('Python environment with MiniStack', (report) => ensureVenv(report, signal));
  const ministack = await step('MiniStack, the local AWS', (report) => startMiniStack(ministackOptions(args, folder, report)));
  cleanups.push(ministack.stop);
  void ministack.died.then((sentence) => interrupted.abort(new HelpfulError(sentence)));

  const { outputs } = await step('Sluice deployed to it', (report) => deploy({ ministack, folder: join(folder, 'cdk'), report, signal }));
  const demo = await prepareDemo(args.seconds);
  cleanups.push(demo.partner.stop);
  const stage = stageOf(ministack, demo, outputs);
  announceStage(stage);

  const good = args.demo ? await runDemo(demo, localClients(stage), outputs, step, signal) : true;
  if (args.once) return good ? 0 : 1;
  console.log(howToTalkToIt(stage));
  upAndIdle = true;
  await untilAborted(signal);
  return 0;
}

const ministackOptions = (args: StartArguments, folder: string, report: (text: string) => void) => ({
  folder,
  logFile: join(sluiceFolder, 'ministack.log'),
  ...(args.port === undefined ? {} : { port: args.port }),
  report,
  signal: interrupted.signal,
});

const stageOf = (ministack: MiniStack, demo: Demo, outputs: Record<string, string>): RunningStage => ({
  pid: process.pid,
  endpoint: ministack.endpoint,
  s3Endpoint: ministack.s3Endpoint,
  region: ministack.region,
  account: localAccount,
  accessKey: localAccount,
  secretKey: 'local',
  partnerUrl: ownPartnerUrl(demo),
  outputs,
});

/** The user's profile, endpoint or region must not reach the local clients. */
function forgetAwsSettings(): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
}

/** The first signal ends us in order; a second one at once, which the exit handler and the guard still clean up after. */
function stopOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (interrupted.signal.aborted) process.exit(130);
      interrupted.abort(new Interrupted());
    });
  }
}

class Interrupted extends Error {}

function untilAborted(signal: AbortSignal): Promise<void> {
  // A timer keeps the process alive while it waits.
  const timer = setInterval(() => {}, 60_000);
  return new Promise((resolve, reject) => {
    const end = () => {
      clearInterval(timer);
      if (signal.reason instanceof HelpfulError) reject(signal.reason);
      else resolve();
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

function exitCodeOf(error: unknown): number {
  // Whatever an abort looked like where it struck, its reason is what the user should read.
  const cause = interrupted.signal.aborted ? interrupted.signal.reason : error;
  if (cause instanceof Interrupted) {
    console.log('\nStopped.');
    return upAndIdle ? 0 : 130;
  }
  console.error(cause instanceof HelpfulError ? `✖ ${cause.message}` : cause);
  return 1;
}

// Not `process.exit` in `main`: its `finally` comes first.
process.exit(await main().catch(exitCodeOf));

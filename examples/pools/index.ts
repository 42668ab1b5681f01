/**
 * `npm run example:pools`: three pools, four customers, a burst of jobs, and who runs where. Talks to the local stage that is
 * up, or to a stage on AWS; takes back what it made, however it ends. README.md tells what is to be seen.
 */
import { randomBytes } from 'node:crypto';
import { connect, type Stage } from '../../cli/aws/connect.ts';
import { jobClient } from '../../cli/aws/job-client.ts';
import { endingOf, exitCodes } from '../../cli/exit-code.ts';
import { HelpfulError } from '../../cli/helpful-error.ts';
import { type LocalStage, runningLocalStage } from '../../cli/stage/local-stage.ts';
import { stepsOn } from '../../local/progress.ts';
import { type Arguments, helpText, parseArguments } from './arguments.ts';
import { burst } from './burst.ts';
import { clean } from './clean.ts';
import { poolsThere } from './config-items.ts';
import { runBurst } from './run-burst.ts';
import { Screen } from './screen.ts';
import { type Setting, setUp } from './set-up.ts';
import { summary } from './summary.ts';
import { Tally } from './tally.ts';
import { Undo } from './undo.ts';

const interrupted = new AbortController();

async function main(): Promise<number> {
  const args = parseArguments(process.argv.slice(2));
  if (args.help) {
    console.log(helpText);
    return exitCodes.done;
  }
  const { stage, local } = await open(args);
  console.log(`On ${stage.name}.`);
  if (args.clean) {
    console.log(await clean(stage, jobClient(stage)));
    return exitCodes.done;
  }
  await requireNone(stage);
  stopOnSignals();
  return runOn(stage, local, args);
}

/** As the tool does, but for one thing: without a stack's name it never goes to AWS. */
async function open({
  local: onlyLocal,
  stack = onlyLocal ? undefined : process.env['SLUICE_STACK'],
}: Arguments): Promise<{ stage: Stage; local: LocalStage | undefined }> {
  if (stack !== undefined && stack !== '')
    return { stage: await connect({ kind: 'aws', stack, because: 'as you named it' }, undefined), local: undefined };
  const local = runningLocalStage(process.cwd());
  if (local === undefined)
    throw new HelpfulError(
      'No local stage is up here. Start one with `npm start -- --no-demo` in another terminal, or name a stage on AWS: --stack <name>.',
    );
  return { stage: await connect({ kind: 'local' }, local), local };
}

async function requireNone(stage: Stage): Promise<void> {
  const there = await poolsThere(stage);
  if (there.length > 0)
    throw new HelpfulError(
      `${there.join(', ')}: on this stage already. Either the example runs on it at this moment, then wait for it; or a run was killed, then \`npm run example:pools -- --clean\` removes what it left.`,
    );
}

async function runOn(stage: Stage, local: LocalStage | undefined, { jobs: count, plain }: Arguments): Promise<number> {
  const [undo, tally] = [new Undo(), new Tally()];
  const { signal } = interrupted;
  const step = stepsOn(process.stdout);
  const setting: Setting = { stage, local, step, undo, signal, client: jobClient(stage), run: randomBytes(4).toString('hex') };
  try {
    const jobs = burst(count, await setUp(setting));
    console.log(`\n${count} jobs handed in, worst priority first.\n`);
    const last = await runBurst({ client: setting.client, jobs, tally, undo, signal, screen: new Screen(process.stdout, plain) });
    const { text, good } = summary(last, tally);
    console.log(`\n${text}\n`);
    return good ? exitCodes.done : exitCodes.failed;
  } finally {
    await takeBack(undo);
  }
}

async function takeBack(undo: Undo): Promise<void> {
  const left = await stepsOn(process.stdout)('pools, limits, inputs, queue and worker taken back', () => undo.all());
  if (left.length > 0) console.error(`✖ Left behind, remove them by hand: ${left.join('; ')}.`);
}

/** The first signal ends us in order, the second one at once. */
function stopOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (interrupted.signal.aborted) process.exit(exitCodes.interrupted);
      process.stdout.write('\nStopping; once more ends it at once and leaves what it made.\n');
      interrupted.abort();
    });
  }
  // Whoever reads our output may have read enough (`| head`), or the terminal is gone: there is still something to tidy up.
  process.stdout.on('error', () => interrupted.abort());
}

function codeOf(error: unknown): number {
  if (interrupted.signal.aborted) return exitCodes.interrupted;
  const { code, says } = endingOf(error);
  if (says !== undefined) console.error(`✖ ${says}`);
  return code;
}

process.exit(await main().catch(codeOf));

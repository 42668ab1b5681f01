/** Brings the example's pools up on a stage: inputs, the queue and worker outside, the consumer's release, the items. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Stage } from '../../cli/aws/connect.ts';
import { uploadCode } from '../../cli/aws/releases.ts';
import { HelpfulError } from '../../cli/helpful-error.ts';
import { consumerZip } from '../../cli/release/consumer-zip.ts';
import { followRelease } from '../../cli/release/follow.ts';
import { standing } from '../../cli/release/rollout.ts';
import type { LocalStage } from '../../cli/stage/local-stage.ts';
import type { SluiceClient } from '../../client/index.ts';
import type { Step } from '../../local/progress.ts';
import type { InputsOf } from './burst.ts';
import { writeForAWhile } from './config-items.ts';
import { uploadInputs } from './inputs.ts';
import { codeKey, limitItems, poolItems, pools, shortName } from './offer.ts';
import { makeQueue, startWorker } from './outside.ts';
import type { Undo } from './undo.ts';

export interface Setting {
  stage: Stage;
  client: SluiceClient;
  /** Undefined on AWS. */
  local: LocalStage | undefined;
  /** Of this run's own names. */
  run: string;
  step: Step;
  undo: Undo;
  signal: AbortSignal;
}

const openWithinSeconds = 300;
/** A run that is killed leaves its pools for no longer. */
const keepSeconds = 3_600;

export async function setUp(setting: Setting): Promise<InputsOf> {
  const { stage, local, run, step, undo, signal } = setting;
  const { prefixOf, inputsOf } = await step('inputs uploaded, in two places', () => uploadInputs(stage, run, undo));
  const outsideQueueUrl = await step('queue and worker outside of Lambda', async () => {
    const url = await makeQueue(stage, run, undo);
    await startWorker(url, local, undo);
    return url;
  });
  signal.throwIfAborted();
  await step(`consumer released as ${codeKey}`, (report) => release(setting, report));
  signal.throwIfAborted();
  await step('pools offered, limits of the customers written', async (report) => {
    const expiresAt = Math.floor(Date.now() / 1_000) + keepSeconds;
    await writeForAWhile(stage, [...limitItems(), ...poolItems({ prefixOf, outsideQueueUrl, expiresAt })], undo);
    await untilOpen(setting, report);
  });
  return inputsOf;
}

async function release({ stage, signal }: Setting, report: (text: string) => void): Promise<void> {
  const version = await uploadCode(stage, codeKey, await consumerZip(fileURLToPath(new URL('consumer.ts', import.meta.url))));
  const ended = await followRelease(stage, codeKey, version, (release) => report(standing(release)), signal);
  signal.throwIfAborted();
  if (ended?.state === 'RolledOut') return;
  throw new HelpfulError(
    `The consumer could not be released: ${ended?.message ?? 'the stage did not see the upload'}. Try \`npx sluice release examples/pools/consumer.ts --key ${codeKey}\`, which tells more.`,
  );
}

/** Their pipelines exist, and jobs are placed there. */
async function untilOpen({ client, signal }: Setting, report: (text: string) => void): Promise<void> {
  let standings: string[] = [];
  for (const deadline = Date.now() + openWithinSeconds * 1_000; Date.now() < deadline; await sleep(500, undefined, { signal })) {
    const known = (await client.stats({ limit: 1, signal })).placement?.pools ?? [];
    standings = await Promise.all(pools.map(({ taskGroup }) => standingOf(client, taskGroup, known, signal)));
    report(pools.map(({ taskGroup }, i) => `${shortName(taskGroup)} ${standings[i]}`).join(', '));
    if (standings.every((standing) => standing === 'open')) return;
  }
  throw new HelpfulError(
    `The pools were not open after ${openWithinSeconds} s (${standings.join(', ')}); \`npx sluice pools\` says how they stand, docs/operations.md what to look at.`,
  );
}

async function standingOf(
  client: SluiceClient,
  taskGroup: string,
  known: { pool: string; state: string }[],
  signal: AbortSignal,
): Promise<string> {
  const pipeline = await client.pipeline(taskGroup, { signal });
  if (pipeline?.phase === 'Invalid' || pipeline?.phase === 'Failed')
    throw new HelpfulError(
      `The pipeline of ${taskGroup} is ${pipeline.phase}: ${[pipeline.message, ...(pipeline.problems ?? [])].join(' ')}`,
    );
  if (pipeline?.phase !== 'Active') return pipeline?.phase ?? 'not seen';
  return known.find(({ pool }) => pool === taskGroup)?.state ?? 'not known yet';
}

/** `sluice release`. */
import { Command } from 'commander';
import { z } from 'zod';
import type { Release } from '../../lambdas/contract/release-row.ts';
import type { Stage } from '../aws/connect.ts';
import { failedPipelines, uploadCode } from '../aws/releases.ts';
import { exitCodes } from '../exit-code.ts';
import { interruptible } from '../interruption.ts';
import { withProgress } from '../progress.ts';
import { consumerZip } from '../release/consumer-zip.ts';
import { followRelease } from '../release/follow.ts';
import { isGood, outcomeDocument, outcomeText, type ReleaseOutcome, sizeText, standing } from '../release/rollout.ts';
import { openStage, withStageOptions } from './stage-options.ts';

const Options = z.object({
  stack: z.string().optional(),
  local: z.boolean().optional(),
  key: z.string().min(1),
  wait: z.boolean(),
  json: z.boolean().default(false),
});
type Options = z.output<typeof Options>;

const help = `
Examples:
  sluice release src/consumer.ts                  bundle, upload as consumer.zip, follow the rollout
  sluice release src/orders.ts --key orders.zip   for the groups that say \`code.key: orders.zip\`
  sluice release build/python --no-wait           a folder as it is; do not wait

A TypeScript or JavaScript entry, or a folder with an index.ts, becomes one index.mjs with all it
imports, the AWS SDK included; its handler is index.handler. Ends with 0 when every pipeline on the
key was brought to it (or, with --no-wait, when it is uploaded), else with 1.`;

export const releaseCommand = (): Command =>
  withStageOptions(new Command('release'))
    .summary('bundles and uploads a consumer, and follows its rollout')
    .description('Makes a zip of a consumer, uploads it to the code bucket and follows the rollout to every pipeline on its key.')
    .argument('<path>', 'entry (.ts, .js), folder or .zip')
    .option('--key <name>', 'name of the object in the code bucket, which config items name as code.key', 'consumer.zip')
    .option('--no-wait', 'only upload')
    .option('--json', 'the outcome as one JSON document')
    .addHelpText('after', help)
    .action((path: string, options: unknown) => release(path, Options.parse(options)));

async function release(path: string, options: Options): Promise<void> {
  const zip = await withProgress(
    process.stderr,
    () => `making a zip of ${path}`,
    () => consumerZip(path),
  );
  const stage = await openStage(options);
  const { key } = options;
  const version = await withProgress(
    process.stderr,
    () => `uploading ${sizeText(zip.length)}`,
    () => uploadCode(stage, key, zip),
  );
  process.stderr.write(`Uploaded ${path} as ${key}: ${sizeText(zip.length)}, version ${version}.\n`);
  const uploaded: ReleaseOutcome = { key, version, sizeBytes: zip.length, release: undefined, failedPipelines: [] };
  if (!options.wait) {
    if (options.json) process.stdout.write(`${JSON.stringify({ key, version, sizeBytes: zip.length, state: 'Uploaded' })}\n`);
    return;
  }
  const outcome = await interruptible((signal) => followed(stage, uploaded, signal));
  process.stdout.write(`${options.json ? JSON.stringify(outcomeDocument(outcome)) : outcomeText(outcome)}\n`);
  if (!isGood(outcome)) process.exitCode = exitCodes.failed;
}

async function followed(stage: Stage, uploaded: ReleaseOutcome, signal: AbortSignal): Promise<ReleaseOutcome> {
  let seen: Release | undefined;
  const follow = () =>
    followRelease(
      stage,
      uploaded.key,
      uploaded.version,
      (release) => {
        seen = release;
      },
      signal,
    );
  const release = await withProgress(process.stderr, () => standing(seen), follow);
  const failed = release && release.failed > 0 ? await failedPipelines(stage, release) : [];
  return { ...uploaded, release, failedPipelines: failed };
}

/**
 * Synthesizes several stages, for tests that deploy some of their own: one app after the other in one process, so that
 * what they have in common, the bundled functions, is made once. Argument: folders and settings, as JSON.
 */
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import type { StageSettingsInput } from '../../lambdas/contract/settings.ts';
import { readSettings } from '../../lib/settings.ts';
import { SluiceStack } from '../../lib/sluice-stack.ts';

export interface Stages {
  /** Gets an assembly for each stage, in a folder of its name. */
  folder: string;
  settings: Record<string, StageSettingsInput>;
}

const { folder, settings } = JSON.parse(process.argv[2] ?? '') as Stages;
/** CDK's feature flags, as the CLI hands them to the app. */
const { context } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> };

// CDK knows a bundle again by where it went.
const outdir = join(folder, 'cdk.out');
for (const [name, given] of Object.entries(settings)) {
  const ofStage = Object.fromEntries(Object.entries(given).map(([setting, value]) => [`sluice:${setting}`, value]));
  const app = new App({ outdir, context: { ...context, ...ofStage } });
  const read = readSettings(app.node);
  new SluiceStack(app, read.settings.prefix, read);
  app.synth();
  cpSync(outdir, join(folder, name), { recursive: true });
}

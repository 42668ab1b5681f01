/**
 * Deploys the real app to a MiniStack with the CDK CLI, and destroys it again. Never talks to AWS: every call gets the
 * MiniStack's own environment, and the user's AWS settings are left out.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { HelpfulError } from '../cli/helpful-error.ts';
import { settingFacts } from '../lambdas/contract/setting-facts.ts';
import type { StageSettingsInput } from '../lambdas/contract/settings.ts';
import { envFileVariable } from '../lib/settings-environment.ts';
import { adaptToLocalAws } from './local-api.ts';
import { localAccount, localRegion, type MiniStack } from './ministack.ts';
import { inProject, nodeFolder, projectFolder } from './paths.ts';
import { type RunResult, run, tail } from './run.ts';

export interface DeployOptions {
  ministack: Pick<MiniStack, 'clientEnvironment'>;
  /** Working folder for the synthesized app and the CLI's own files; the caller removes it. */
  folder: string;
  /** Over those of a stage that is thrown away. */
  settings?: StageSettingsInput;
  /** More CDK context, without the `sluice:` prefix of settings. */
  context?: Record<string, string>;
  /** 12 digits; accounts on one MiniStack do not see each other. */
  account?: string;
  /** Command that synthesizes the app; default what cdk.json says. */
  app?: string;
  /** An app that was synthesized before, so that it need not be again; `settings`, `context` and `app` are its own then. */
  assembly?: string;
  report?: (text: string) => void;
  signal?: AbortSignal | undefined;
}

export interface Deployed {
  /** Stack outputs by name (see contract/outputs.ts), with addresses as they hold on the local AWS. */
  outputs: Record<string, string>;
  /** What was deployed; can be deployed again, and is what `destroy` takes. */
  assembly: string;
}

/** A stage that is thrown away: everything goes with it, and nobody waits for AWS's delays, which MiniStack has not. */
const localSettings = {
  stage: 'local',
  drainLookSeconds: 2,
  dataOnDestroy: 'delete',
  reconcilers: { changes: 4, rollouts: 2, sweeps: 2 },
  // What the examples ask for.
  permits: { licence: 2 },
} as const satisfies StageSettingsInput;

/** Bootstraps the account while the app is synthesized (once), then deploys it. */
export async function deploy(options: DeployOptions): Promise<Deployed> {
  mkdirSync(options.folder, { recursive: true });
  const report = options.report ?? (() => {});
  report('preparing the account and synthesizing the app');
  const [assembly] = await Promise.all([options.assembly ?? synthesize(options), bootstrap(options)]);
  report('deploying');
  return { assembly, outputs: await deployAssembly(assembly, options) };
}

async function bootstrap(options: DeployOptions): Promise<void> {
  const environment = `aws://${options.account ?? localAccount}/${localRegion}`;
  await cdk(['bootstrap', environment], options, 'prepare the account (cdk bootstrap)', options.folder);
}

async function synthesize(options: DeployOptions): Promise<string> {
  const assembly = join(options.folder, 'cdk.out');
  const settings = { ...localSettings, ...options.settings };
  const context = [
    ...Object.entries(settings).map(([name, value]) => `sluice:${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`),
    ...Object.entries(options.context ?? {}).map(([name, value]) => `${name}=${value}`),
  ];
  const app = options.app === undefined ? [] : ['--app', options.app];
  const args = ['synth', '--quiet', '--output', assembly, ...app, ...context.flatMap((entry) => ['--context', entry])];
  await cdk(args, options, 'synthesize the app (cdk synth)', projectFolder);
  return assembly;
}

/** Deploys an assembly and returns the stack's outputs. */
async function deployAssembly(assembly: string, options: DeployOptions): Promise<Record<string, string>> {
  const outputsFile = join(options.folder, 'outputs.json');
  const args = ['deploy', '--all', '--app', assembly, '--require-approval', 'never', '--method', 'direct', '--progress', 'events'];
  await cdk([...args, '--outputs-file', outputsFile], options, 'deploy the app (cdk deploy)', options.folder);
  const byStack = JSON.parse(readFileSync(outputsFile, 'utf8')) as Record<string, Record<string, string>>;
  const outputs = Object.assign({}, ...Object.values(byStack)) as Record<string, string>;
  return adaptToLocalAws(outputs, options.ministack.clientEnvironment(options.account));
}

export async function destroy(assembly: string, options: DeployOptions): Promise<void> {
  await cdk(['destroy', '--all', '--force', '--app', assembly], options, 'destroy the app (cdk destroy)', options.folder);
}

async function cdk(args: string[], options: DeployOptions, purpose: string, cwd: string): Promise<void> {
  const result = await run(
    join(nodeFolder(), 'node'),
    [inProject('node_modules', 'aws-cdk', 'bin', 'cdk'), ...args, '--no-color', '--no-notices'],
    {
      cwd,
      environment: cdkEnvironment(options),
      signal: options.signal,
      onLine: (line) => {
        const resource = /\|\s+(?:CREATE|UPDATE|DELETE)_\w+\s+\|\s+(\S+)/.exec(line)?.[1];
        if (resource !== undefined) options.report?.(resource);
      },
    },
  );
  options.signal?.throwIfAborted();
  if (result.code !== 0) throw cdkError(purpose, result);
}

function cdkEnvironment(options: DeployOptions): NodeJS.ProcessEnv {
  // What is deployed here is said by the caller alone: no variable of the user's is a setting, and no .env file.
  const settings = new Set(Object.values(settingFacts).map(({ variable }) => variable));
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(AWS|CDK)_/.test(name) && !settings.has(name)));
  return {
    ...own,
    [envFileVariable]: '',
    ...options.ministack.clientEnvironment(options.account),
    // The app itself is `node bin/app.ts`, which needs a Node that runs TypeScript.
    PATH: [nodeFolder(), process.env['PATH']].join(delimiter),
    // The CLI's caches and settings, and the user's AWS files, stay out of it.
    CDK_HOME: join(options.folder, 'cdk-home'),
    AWS_CONFIG_FILE: join(options.folder, 'no-aws-config'),
    AWS_SHARED_CREDENTIALS_FILE: join(options.folder, 'no-aws-credentials'),
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_DISABLE_CLI_TELEMETRY: 'true',
    CI: 'true',
  };
}

function cdkError(purpose: string, result: RunResult): HelpfulError {
  const why = result.startError ?? tail(result.output, 20);
  return new HelpfulError(`Could not ${purpose} on the local AWS:\n${why}`);
}

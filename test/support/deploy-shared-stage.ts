/**
 * Global setup of the tests against MiniStack: one local AWS with IAM enforced, the real app deployed to it once by the
 * CDK CLI, and a proxy between its functions and the local AWS that records every call.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  GetFunctionConfigurationCommand,
  ListFunctionsCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import type { TestProject } from 'vitest/node';
import { outputNames } from '../../lambdas/contract/outputs.ts';
import type { StageSettingsInput } from '../../lambdas/contract/settings.ts';
import { deploy } from '../../local/deploy.ts';
import { localAccount, type MiniStack, startMiniStack } from '../../local/ministack.ts';
import { sluiceFolder } from '../../local/paths.ts';
import { freePort } from '../../local/port.ts';
import { type AwsClients, awsClients, type ClientTarget } from './aws-clients.ts';
import { allowWhatOnlyTheLocalAwsAsks } from './local-permissions.ts';
import { portForLater } from './port-for-later.ts';
import { type RecordingProxy, startRecordingProxy } from './recording-proxy.ts';
import { allRecords, recordFileOf, throughFile } from './records.ts';
import { keepRolePolicies } from './role-policies.ts';
import type { SharedStage } from './shared-stage.ts';

/** Small enough that a test can use it up: 440, less AWS's 100, less what our own functions reserve. */
const accountConcurrency = 440;

export const sharedSettings = {
  stage: 'test',
  drainLookSeconds: 1,
  // The sweep runs when a test invokes it.
  sweepPeriodMinutes: 1_440,
  controlPlaneBudgetPerSecond: 15,
  reconcileAttempts: 5,
  reconcilers: { changes: 2, rollouts: 2, sweeps: 2 },
  logLevel: 'DEBUG',
  permits: { gpu: 2, printer: 1 },
  functions: ['sluice-test-target', 'sluice-test-silent'],
  inputBuckets: ['sluice-test-input'],
  webhookPrivateAddresses: true,
  maxWaits: 3,
  leaseSeconds: 8,
} as const satisfies StageSettingsInput;

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  const records = join(allRecords ?? folder, project.name);
  mkdirSync(records, { recursive: true });
  const proxyPort = await freePort();
  const proxyUrl = `https://localhost:${proxyPort}`;
  const ministack = await startMiniStack({
    auth: true,
    accountConcurrency,
    folder: join(folder, 'ministack'),
    logFile: join(sluiceFolder, `test-${project.name}.log`),
    environment: { AWS_ENDPOINT_URL: proxyUrl, AWS_ENDPOINT_URL_S3: `https://127.0.0.1:${proxyPort}` },
  });
  let proxy: RecordingProxy | undefined;
  const teardown = async () => {
    await ministack.stop();
    await proxy?.stop();
    rmSync(folder, { recursive: true, force: true });
    if (existsSync(records)) writeFileSync(throughFile(records), '');
  };
  try {
    const recordFile = recordFileOf(records);
    writeFileSync(recordFile, '');
    proxy = await startRecordingProxy({
      port: proxyPort,
      certificateFile: ministack.caFile as string,
      keyFile: join(folder, 'ministack', 'key.pem'),
      upstream: { host: '127.0.0.1', port: ministack.port },
      recordFile,
    });
    project.provide('stage', await deployTo(ministack, { proxy, proxyUrl, folder, records, recordFile }));
    return teardown;
  } catch (error) {
    await teardown();
    throw error;
  }
}

interface Around {
  proxy: RecordingProxy;
  proxyUrl: string;
  folder: string;
  records: string;
  recordFile: string;
}

async function deployTo(ministack: MiniStack, { proxy, proxyUrl, folder, records, recordFile }: Around): Promise<SharedStage> {
  const webhookPort = await portForLater();
  const settings = { ...sharedSettings, webhookHosts: [`localhost:${webhookPort}`] };
  const { outputs, assembly } = await deploy({ ministack, folder: join(folder, 'cdk'), settings });
  const missing = outputNames.filter((name) => outputs[name] === undefined);
  if (missing.length > 0) throw new Error(`The stack has no output ${missing.join(', ')}`);
  const { endpoint, s3Endpoint, region, caFile } = ministack;
  const target: ClientTarget = { endpoint, s3Endpoint, region, account: localAccount, caFile: caFile as string };
  await Promise.all([
    sendThroughProxy(awsClients(target), endpoint, proxyUrl),
    allowWhatOnlyTheLocalAwsAsks(target, outputs['ConsumerRoleArn'] as string),
  ]);
  await keepRolePolicies(target, outputs['Prefix'] as string, records);
  return {
    ...target,
    proxyUrl,
    outputs: outputs as SharedStage['outputs'],
    assembly,
    accountConcurrency,
    webhookPort,
    keyFile: join(folder, 'ministack', 'key.pem'),
    records,
    recordFile,
    proxyControl: proxy.controlUrl,
    proxyBackDoor: proxy.backDoorUrl,
    clientEnvironment: ministack.clientEnvironment(),
    folder,
  };
}

/** The SDK calls SQS at the address in a queue's URL: those handed to our functions must name the proxy. */
export async function sendThroughProxy({ lambda }: AwsClients, endpoint: string, proxyUrl: string): Promise<void> {
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
  await Promise.all(
    Functions.map(async ({ FunctionName }) => {
      const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
      const variables = Object.entries(Environment?.Variables ?? {});
      if (!variables.some(([, value]) => value.startsWith(endpoint))) return;
      const Variables = Object.fromEntries(variables.map(([name, value]) => [name, value.replace(endpoint, proxyUrl)]));
      await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }));
      await waitUntilFunctionUpdatedV2({ client: lambda, maxWaitTime: 30 }, { FunctionName });
    }),
  );
}

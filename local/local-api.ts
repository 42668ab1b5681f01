/**
 * What a deployed stage needs on the local AWS so that its HTTP API works there as on AWS: addresses that lead to it, and
 * the cap on waiting requests, which the local AWS does not take from a template.
 */
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  PutFunctionConcurrencyCommand,
  paginateListFunctions,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import { ownReservations, StageSettings } from '../lambdas/contract/settings.ts';

/** The outputs name hosts that only AWS's own DNS knows; the API's id is the first part of them. */
export function localApiUrl(apiUrl: string, endpoint: string): string {
  const [apiId] = new URL(apiUrl).hostname.split('.');
  return `${endpoint}/_aws/execute-api/${apiId}`;
}

/** @returns the outputs as they hold here. A stack without an API is left as it is. */
export async function adaptToLocalAws(outputs: Record<string, string>, client: Record<string, string>): Promise<Record<string, string>> {
  const { ApiUrl, Prefix } = outputs;
  if (ApiUrl === undefined || Prefix === undefined) return outputs;
  const url = localApiUrl(ApiUrl, client['AWS_ENDPOINT_URL'] ?? '');
  const lambda = lambdaClient(client);
  for await (const { name, variables } of functionsOf(lambda, Prefix)) {
    if (variables['SLUICE_API_URL'] === ApiUrl) await setVariables(lambda, name, { ...variables, SLUICE_API_URL: url });
    const waiting = variables['SLUICE_WAIT_FUNCTION_NAME'];
    if (waiting !== undefined) await capWaits(lambda, waiting, StageSettings.parse(JSON.parse(variables['SLUICE_SETTINGS'] ?? '{}')));
  }
  lambda.destroy();
  return { ...outputs, ApiUrl: url };
}

function lambdaClient(client: Record<string, string>): LambdaClient {
  const caFile = client['NODE_EXTRA_CA_CERTS'];
  return new LambdaClient({
    endpoint: client['AWS_ENDPOINT_URL'] ?? '',
    region: client['AWS_REGION'] ?? '',
    credentials: { accessKeyId: client['AWS_ACCESS_KEY_ID'] ?? '', secretAccessKey: client['AWS_SECRET_ACCESS_KEY'] ?? '' },
    ...(caFile === undefined ? {} : { requestHandler: { httpsAgent: new Agent({ ca: readFileSync(caFile) }) } }),
  });
}

async function* functionsOf(lambda: LambdaClient, prefix: string) {
  for await (const { Functions = [] } of paginateListFunctions({ client: lambda }, {})) {
    for (const { FunctionName: name = '' } of Functions.filter((one) => one.FunctionName?.startsWith(`${prefix}-Jobs`))) {
      const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
      yield { name, variables: Environment?.Variables ?? {} };
    }
  }
}

async function setVariables(lambda: LambdaClient, FunctionName: string, Variables: Record<string, string>): Promise<void> {
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }));
  await waitUntilFunctionUpdatedV2({ client: lambda, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { FunctionName });
}

async function capWaits(lambda: LambdaClient, FunctionName: string, settings: StageSettings): Promise<void> {
  if (!settings.reserveOwnConcurrency) return;
  const ReservedConcurrentExecutions = ownReservations(settings).jobWait;
  await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions }));
}

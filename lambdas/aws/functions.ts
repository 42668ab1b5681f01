/** A pipeline's function: seen, made, changed, proved, taken away. `lambda` is the paced client but where said otherwise. */
import {
  type Architecture,
  CreateFunctionCommand,
  DeleteFunctionCommand,
  DeleteFunctionConcurrencyCommand,
  GetFunctionCommand,
  type GetFunctionCommandOutput,
  type FunctionConfiguration as LambdaConfiguration,
  PutFunctionConcurrencyCommand,
  type Runtime,
  TagResourceCommand,
  type TracingMode,
  UntagResourceCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import type { Stage } from '../contract/stage.ts';
import { isOurs, type Tags } from '../contract/tags.ts';
import type { CodeReference, DesiredPipeline, FunctionConfiguration } from '../domain/desired.ts';
import type { ObservedFunction } from '../domain/observed.ts';
import type { Clock } from '../framework/clock.ts';
import type { Clients } from './clients.ts';
import { withStorageMode } from './code-storage.ts';
import { ForeignResourceError, ifThere, isFunctionMissing, named } from './errors.ts';
import type { PacedLambda } from './paced-lambda.ts';

type Lambda = Clients['lambda'];

export const functionArn = (stage: Stage, name: string) =>
  `arn:${stage.partition}:lambda:${stage.region}:${stage.accountId}:function:${name}`;

/** The function as it is; undefined where there is none. Uses GetFunction alone, which has a quota of its own: not paced. */
export async function observeFunction(lambda: Lambda, prefix: string, name: string): Promise<ObservedFunction | undefined> {
  const found = await named('GetFunction', name, () =>
    ifThere(isFunctionMissing, () => lambda.send(new GetFunctionCommand({ FunctionName: name }))),
  );
  if (!found) return undefined;
  if (!isOurs(prefix, found.Tags)) throw new ForeignResourceError('function', name);
  return observed(found);
}

function observed({ Configuration = {}, Code, Concurrency, Tags = {} }: GetFunctionCommandOutput): ObservedFunction {
  const object = Code?.ResolvedS3Object;
  return {
    configuration: configurationOf(Configuration),
    architecture: Configuration.Architectures?.[0] ?? 'x86_64',
    codeSha256: Configuration.CodeSha256 ?? '',
    ...(object?.S3Key && object.S3ObjectVersion ? { code: { key: object.S3Key, version: object.S3ObjectVersion } } : {}),
    ...(Concurrency?.ReservedConcurrentExecutions === undefined ? {} : { reservedConcurrency: Concurrency.ReservedConcurrentExecutions }),
    tags: Tags,
    state: Configuration.State ?? 'Active',
    updating: Configuration.LastUpdateStatus === 'InProgress',
    ...(Configuration.LastUpdateStatus === 'Failed'
      ? { updateFailure: `${Configuration.LastUpdateStatusReasonCode}: ${Configuration.LastUpdateStatusReason}` }
      : {}),
  };
}

function configurationOf(from: LambdaConfiguration): FunctionConfiguration {
  return {
    Runtime: from.Runtime ?? '',
    Handler: from.Handler ?? '',
    Role: from.Role ?? '',
    MemorySize: from.MemorySize ?? 128,
    Timeout: from.Timeout ?? 3,
    Environment: from.Environment?.Variables ?? {},
    Layers: (from.Layers ?? []).map((layer) => layer.Arn ?? ''),
    SubnetIds: from.VpcConfig?.SubnetIds ?? [],
    SecurityGroupIds: from.VpcConfig?.SecurityGroupIds ?? [],
    EphemeralStorage: from.EphemeralStorage?.Size ?? 512,
    Tracing: from.TracingConfig?.Mode === 'Active' ? 'Active' : 'PassThrough',
    LogGroup: from.LoggingConfig?.LogGroup ?? '',
  };
}

/** Request fields for a whole configuration or for the changed part of one. */
function configurationInput(from: Partial<FunctionConfiguration>) {
  return {
    ...(from.Runtime === undefined ? {} : { Runtime: from.Runtime as Runtime }),
    ...(from.Handler === undefined ? {} : { Handler: from.Handler }),
    ...(from.Role === undefined ? {} : { Role: from.Role }),
    ...(from.MemorySize === undefined ? {} : { MemorySize: from.MemorySize }),
    ...(from.Timeout === undefined ? {} : { Timeout: from.Timeout }),
    ...(from.Environment === undefined ? {} : { Environment: { Variables: from.Environment } }),
    ...(from.Layers === undefined ? {} : { Layers: from.Layers }),
    ...(from.SubnetIds === undefined ? {} : { VpcConfig: { SubnetIds: from.SubnetIds, SecurityGroupIds: from.SecurityGroupIds ?? [] } }),
    ...(from.EphemeralStorage === undefined ? {} : { EphemeralStorage: { Size: from.EphemeralStorage } }),
    ...(from.Tracing === undefined ? {} : { TracingConfig: { Mode: from.Tracing as TracingMode } }),
    ...(from.LogGroup === undefined ? {} : { LoggingConfig: { LogGroup: from.LogGroup } }),
  };
}

/** Returns the code's SHA-256, as Lambda counts it. `name` and `tags` default to the pipeline's own. */
export async function createFunction(
  lambda: Lambda,
  stage: Stage,
  wish: DesiredPipeline,
  code: CodeReference,
  name = wish.functionName,
): Promise<string> {
  const { SubnetIds, SecurityGroupIds, ...configuration } = wish.configuration;
  const vpc = SubnetIds.length > 0 ? { SubnetIds, SecurityGroupIds } : {};
  return named('CreateFunction', name, () =>
    withStorageMode(stage, async (mode) => {
      const made = await lambda.send(
        new CreateFunctionCommand({
          FunctionName: name,
          ...configurationInput({ ...configuration, ...vpc }),
          Role: configuration.Role,
          Architectures: [wish.architecture],
          Code: { S3Bucket: stage.codeBucket, S3Key: code.key, S3ObjectVersion: code.version, ...mode },
          Tags: wish.tags,
        }),
      );
      return made.CodeSha256 ?? '';
    }),
  );
}

export const updateFunctionConfiguration = (lambda: Lambda, name: string, changes: Partial<FunctionConfiguration>) =>
  named('UpdateFunctionConfiguration', name, () =>
    lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: name, ...configurationInput(changes) })),
  );

/** Returns the code's SHA-256, as Lambda counts it. */
export async function updateFunctionCode(
  lambda: Lambda,
  stage: Stage,
  name: string,
  code: CodeReference,
  architecture: string,
): Promise<string> {
  return named('UpdateFunctionCode', name, () =>
    withStorageMode(stage, async (mode) => {
      const updated = await lambda.send(
        new UpdateFunctionCodeCommand({
          FunctionName: name,
          S3Bucket: stage.codeBucket,
          S3Key: code.key,
          S3ObjectVersion: code.version,
          Architectures: [architecture as Architecture],
          ...mode,
        }),
      );
      return updated.CodeSha256 ?? '';
    }),
  );
}

export const putConcurrency = (lambda: Lambda, name: string, reserved: number) =>
  named('PutFunctionConcurrency', name, () =>
    lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: name, ReservedConcurrentExecutions: reserved })),
  );

export const deleteConcurrency = (lambda: Lambda, name: string) =>
  named('DeleteFunctionConcurrency', name, () => lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName: name })));

export const tagFunction = (lambda: Lambda, stage: Stage, name: string, tags: Tags) =>
  named('TagResource', name, () => lambda.send(new TagResourceCommand({ Resource: functionArn(stage, name), Tags: tags })));

export const untagFunction = (lambda: Lambda, stage: Stage, name: string, keys: string[]) =>
  named('UntagResource', name, () => lambda.send(new UntagResourceCommand({ Resource: functionArn(stage, name), TagKeys: keys })));

export const deleteFunction = (lambda: Lambda, name: string) =>
  named('DeleteFunction', name, () => ifThere(isFunctionMissing, () => lambda.send(new DeleteFunctionCommand({ FunctionName: name }))));

const settledWithinMs = 30_000;

/**
 * Waits until the function is active and its last update is done, by GetFunction (not paced).
 * Throws what AWS says of a function or an update that failed, and after 30 s, which a function in a VPC may need more
 * than once.
 */
export async function awaitFunction({ unpaced: lambda, firstLookMs, deadlineMs }: PacedLambda, clock: Clock, name: string): Promise<void> {
  const untilMs = Math.min(clock.nowMs() + settledWithinMs, deadlineMs);
  await clock.sleep(firstLookMs);
  for (let delayMs = firstLookMs; ; delayMs = Math.min(1_500, delayMs * 1.5)) {
    const { Configuration: now = {} } = await named('GetFunction', name, () => lambda.send(new GetFunctionCommand({ FunctionName: name })));
    if (now.State === 'Failed') throw new FunctionFailedError(name, now.StateReasonCode, now.StateReason);
    if (now.LastUpdateStatus === 'Failed') throw new FunctionFailedError(name, now.LastUpdateStatusReasonCode, now.LastUpdateStatusReason);
    if (now.State !== 'Pending' && now.LastUpdateStatus !== 'InProgress') return;
    if (clock.nowMs() + delayMs > untilMs) throw new StillPendingError(name);
    await clock.sleep(delayMs);
  }
}

/** AWS took the call and could not do it. */
export class FunctionFailedError extends Error {
  /** Counts as a refusal, not as a call that will do later. */
  readonly $metadata = { httpStatusCode: 400 };
  constructor(name: string, code: string | undefined, reason: string | undefined) {
    super(`${name}: ${code ?? 'Failed'}: ${reason ?? 'no reason given'}`);
    this.name = 'FunctionFailed';
  }
}

class StillPendingError extends Error {
  constructor(name: string) {
    super(`${name} is still pending; looking again`);
    this.name = 'ResourceNotReadyException';
  }
}

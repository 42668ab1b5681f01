/**
 * A Lambda function as AWS keeps it: what its fields may be (API_CreateFunction), its states over time
 * (LDG/functions-states) and how it is described. It looks nothing up.
 */
import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import { AwsError } from './errors.ts';
import type { ZipBehaviour } from './s3.ts';

export interface FunctionCode {
  bucket: string;
  key: string;
  version: string | undefined;
  mode: 'COPY' | 'REFERENCE';
  sha256: string;
  size: number;
  behaviour: ZipBehaviour;
}

/** The fields that UpdateFunctionConfiguration changes. */
export interface FunctionFields {
  Runtime: string;
  Handler: string;
  Role: string;
  MemorySize: number;
  Timeout: number;
  Description: string;
  Environment?: { Variables?: Record<string, string> };
  Layers?: string[];
  VpcConfig?: { SubnetIds?: string[]; SecurityGroupIds?: string[] };
  EphemeralStorage?: { Size?: number };
  TracingConfig?: { Mode?: string };
  LoggingConfig?: Record<string, string>;
}

export const fieldNames = [
  'Runtime',
  'Handler',
  'Role',
  'MemorySize',
  'Timeout',
  'Description',
  'Environment',
  'Layers',
  'VpcConfig',
  'EphemeralStorage',
  'TracingConfig',
  'LoggingConfig',
] as const satisfies readonly (keyof FunctionFields)[];

export const fieldDefaults = { MemorySize: 128, Timeout: 3, Description: '' };

export interface FunctionRecord {
  name: string;
  arn: string;
  fields: FunctionFields;
  architecture: string;
  code: FunctionCode;
  tags: Record<string, string>;
  reserved: number | undefined;
  revision: number;
  modifiedMs: number;
  activeAtMs: number;
  updatedAtMs: number;
  lastUpdateFailure: string | undefined;
  recursiveLoop: 'Allow' | 'Terminate';
}

/** Managed runtimes that may be created (LDG/lambda-runtimes). */
const runtimes = [
  'nodejs24.x',
  'nodejs22.x',
  'python3.14',
  'python3.13',
  'python3.12',
  'python3.11',
  'python3.10',
  'java25',
  'java21',
  'java17',
  'java11',
  'java8.al2',
  'dotnet10',
  'dotnet9',
  'dotnet8',
  'ruby3.4',
  'ruby3.3',
  'provided.al2023',
  'provided.al2',
];

export const invalid = (message: string) => new AwsError('InvalidParameterValueException', message);
const validation = (value: unknown, member: string, rule: string) =>
  new AwsError(
    'ValidationException',
    `1 validation error detected: Value '${String(value)}' at '${member}' failed to satisfy constraint: ${rule}`,
  );

export function checkName(name: string): void {
  if (!/^[A-Za-z0-9-_]{1,64}$/.test(name))
    throw validation(name, 'functionName', 'Member must have length less than or equal to 64 and satisfy the pattern');
}

/** Throws AWS's error for the first field it would refuse. */
export function checkFields(fields: FunctionFields, environmentBytes: number): void {
  if (!runtimes.includes(fields.Runtime)) {
    throw invalid(
      `Value ${fields.Runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [${runtimes.join(', ')}] or be a valid ARN`,
    );
  }
  if (!/^arn:[\w-]+:iam::\d{12}:role\/.+/.test(fields.Role))
    throw validation(fields.Role, 'role', 'Member must satisfy regular expression pattern');
  if (!/^\S{1,128}$/.test(fields.Handler))
    throw validation(fields.Handler, 'handler', 'Member must satisfy regular expression pattern: [^\\s]+');
  between(fields.MemorySize, 128, 10_240, 'memorySize');
  between(fields.Timeout, 1, 900, 'timeout');
  if (fields.EphemeralStorage) between(fields.EphemeralStorage.Size, 512, 10_240, 'ephemeralStorage.size');
  if ((fields.Layers ?? []).length > 5) throw invalid('Cannot reference more than 5 layers.');
  checkEnvironment(fields.Environment?.Variables ?? {}, environmentBytes);
}

function between(value: number | undefined, min: number, max: number, member: string): void {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return;
  throw validation(value, member, `Member must have value between ${min} and ${max}`);
}

/** LDG/configuration-envvars. */
function checkEnvironment(variables: Record<string, string>, limit: number): void {
  for (const name of Object.keys(variables))
    if (!/^[a-zA-Z][a-zA-Z0-9_]+$/.test(name))
      throw validation(name, 'environment.variables', 'Map keys must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+');
  const reserved = Object.keys(variables).filter((name) =>
    /^(AWS_(REGION|ACCESS_KEY|SECRET|SESSION|LAMBDA|EXECUTION|DEFAULT)|LAMBDA_TASK_ROOT|LAMBDA_RUNTIME_DIR)/.test(name),
  );
  if (reserved.length > 0)
    throw invalid(
      `Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(', ')}`,
    );
  const bytes = Buffer.byteLength(JSON.stringify(variables));
  if (bytes > limit)
    throw invalid(
      `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: ${JSON.stringify(variables)}`,
    );
}

export function checkTags(tags: Record<string, string>): void {
  if (Object.keys(tags).length > 50) throw invalid('Too many tags.');
  for (const [key, value] of Object.entries(tags)) {
    if (key.startsWith('aws:') || key.length > 128 || value.length > 256 || !/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(key + value))
      throw invalid(`Invalid tag ${key}`);
  }
}

export const isPending = (record: FunctionRecord, nowMs: number) => nowMs < record.activeAtMs;
export const isUpdating = (record: FunctionRecord, nowMs: number) => nowMs < record.updatedAtMs;

export function configurationOf(record: FunctionRecord, nowMs: number): FunctionConfiguration {
  const { Layers, EphemeralStorage, TracingConfig, VpcConfig, Environment, ...plain } = record.fields;
  return structuredClone({
    FunctionName: record.name,
    FunctionArn: record.arn,
    ...plain,
    ...(Environment?.Variables && { Environment }),
    ...(Layers && { Layers: Layers.map((Arn) => ({ Arn, CodeSize: 1 })) }),
    EphemeralStorage: EphemeralStorage ?? { Size: 512 },
    TracingConfig: TracingConfig ?? { Mode: 'PassThrough' },
    LoggingConfig: { LogFormat: 'Text', LogGroup: `/aws/lambda/${record.name}`, ...record.fields.LoggingConfig },
    ...((VpcConfig?.SubnetIds ?? []).length > 0 && { VpcConfig: { ...VpcConfig, VpcId: 'vpc-double' } }),
    Architectures: [record.architecture],
    PackageType: 'Zip',
    CodeSize: record.code.size,
    CodeSha256: record.code.sha256,
    LastModified: new Date(record.modifiedMs).toISOString(),
    Version: '$LATEST',
    RevisionId: `revision-${record.revision}`,
    ...statesOf(record, nowMs),
  }) as FunctionConfiguration;
}

function statesOf(record: FunctionRecord, nowMs: number): FunctionConfiguration {
  if (isPending(record, nowMs))
    return { State: 'Pending', StateReason: 'The function is being created.', StateReasonCode: 'Creating' } as FunctionConfiguration;
  if (isUpdating(record, nowMs))
    return { State: 'Active', LastUpdateStatus: 'InProgress', LastUpdateStatusReasonCode: 'Creating' as never };
  if (record.lastUpdateFailure)
    return {
      State: 'Active',
      LastUpdateStatus: 'Failed',
      LastUpdateStatusReason: record.lastUpdateFailure,
      LastUpdateStatusReasonCode: 'InternalError',
    } as FunctionConfiguration;
  return { State: 'Active', LastUpdateStatus: 'Successful' };
}

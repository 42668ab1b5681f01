/** Lambda's control plane and Invoke: functions, reservations, tags. Mappings are in `lambda-mappings.ts`. */
import {
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  DeleteEventSourceMappingCommand,
  DeleteFunctionCommand,
  DeleteFunctionConcurrencyCommand,
  GetAccountSettingsCommand,
  GetEventSourceMappingCommand,
  GetFunctionCommand,
  GetFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  ListEventSourceMappingsCommand,
  ListFunctionsCommand,
  ListTagsCommand,
  PutFunctionConcurrencyCommand,
  PutFunctionRecursionConfigCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateEventSourceMappingCommand,
  UpdateFunctionCodeCommand,
  type UpdateFunctionCodeCommandInput,
  UpdateFunctionConfigurationCommand,
  type UpdateFunctionConfigurationCommandInput,
} from '@aws-sdk/client-lambda';
import type { VirtualClock } from '../virtual-clock.ts';
import { AwsError } from './errors.ts';
import {
  checkFields,
  checkName,
  checkTags,
  configurationOf,
  type FunctionCode,
  type FunctionFields,
  type FunctionRecord,
  fieldDefaults,
  fieldNames,
  invalid,
  isPending,
  isUpdating,
} from './lambda-function.ts';
import { type Mapping, Mappings, refuseShortVisibility } from './lambda-mappings.ts';
import { between, type Random } from './random.ts';
import { RateLimit } from './rate-limit.ts';
import { codeSha256, type S3Double, zipBehaviour } from './s3.ts';
import { Later, type Operations, on } from './service.ts';
import type { DoubleSettings, Range } from './settings.ts';
import type { SqsDouble } from './sqs.ts';

type Named = { FunctionName?: string | undefined };
type CodeInput = {
  S3Bucket?: string | undefined;
  S3Key?: string | undefined;
  S3ObjectVersion?: string | undefined;
  S3ObjectStorageMode?: string | undefined;
  ZipFile?: Uint8Array | undefined;
  ImageUri?: string | undefined;
};

/** The empty reply of an invocation whose function loaded. */
const emptyReply = JSON.stringify({ batchItemFailures: [] });

export class LambdaDouble {
  readonly operations: Operations;
  readonly mappings: Mappings;
  readonly controlPlane: RateLimit;
  readonly #functions = new Map<string, FunctionRecord>();
  readonly #clock: VirtualClock;
  readonly #region: { region: string; account: string };
  readonly #settings: DoubleSettings['lambda'];
  readonly #random: Random;
  readonly #s3: S3Double;
  readonly #sqs: SqsDouble;
  readonly #getFunction: RateLimit;
  /** Reserved by functions that are not in the double, our own among them. */
  reservedElsewhere = 0;
  /** Set by a test to answer invocations itself; undefined falls back to the zip's simulated content. */
  onInvoke: (name: string, payload: string) => { errorType: string; errorMessage: string } | string | undefined = () => undefined;

  /** Set by a test to take what is invoked asynchronously (InvocationType Event). */
  onEvent: (name: string, payload: string) => void = () => {};

  constructor(clock: VirtualClock, settings: DoubleSettings, random: Random, neighbours: { s3: S3Double; sqs: SqsDouble }) {
    this.#clock = clock;
    this.#region = settings;
    this.#settings = settings.lambda;
    this.#random = random;
    this.#s3 = neighbours.s3;
    this.#sqs = neighbours.sqs;
    this.controlPlane = new RateLimit(settings.lambda.callsPerSecond);
    this.#getFunction = new RateLimit(settings.lambda.getFunctionCallsPerSecond);
    this.mappings = new Mappings(clock, settings, random, {
      queue: (arn) => this.#sqs.byArn(arn),
      functionFor: (nameOrArn) => this.#mappingTarget(nameOrArn),
    });
    this.operations = this.#operations();
  }

  #operations(): Operations {
    return new Map([
      on(CreateFunctionCommand, (input) => this.#create(input)),
      on(GetFunctionCommand, (input) => this.#get(input)),
      on(GetFunctionConfigurationCommand, (input) => configurationOf(this.#existing(input), this.#clock.nowMs())),
      on(ListFunctionsCommand, (input) => this.#list(input)),
      on(UpdateFunctionCodeCommand, (input) => this.#updateCode(input)),
      on(UpdateFunctionConfigurationCommand, (input) => this.#updateConfiguration(input)),
      on(DeleteFunctionCommand, (input) => this.#delete(input)),
      on(PutFunctionConcurrencyCommand, (input) => this.#reserve(input)),
      on(GetFunctionConcurrencyCommand, (input) => reservedOf(this.#existing(input))),
      on(DeleteFunctionConcurrencyCommand, (input) => this.#unreserve(input)),
      on(PutFunctionRecursionConfigCommand, (input) => this.#recursion(input)),
      on(GetAccountSettingsCommand, () => this.#accountSettings()),
      on(ListTagsCommand, (input) => ({ Tags: { ...this.#tagged(input.Resource ?? '').tags } })),
      on(TagResourceCommand, (input) => this.#tag(input.Resource ?? '', input.Tags ?? {})),
      on(UntagResourceCommand, (input) => this.#untag(input.Resource ?? '', input.TagKeys ?? [])),
      on(InvokeCommand, (input) => this.#invoke(input)),
      on(CreateEventSourceMappingCommand, (input) => this.mappings.create(input)),
      on(GetEventSourceMappingCommand, (input) => this.mappings.get(input.UUID ?? '')),
      on(ListEventSourceMappingsCommand, (input) => this.mappings.list(input)),
      on(UpdateEventSourceMappingCommand, (input) => this.mappings.update(input)),
      on(DeleteEventSourceMappingCommand, (input) => this.mappings.delete(input.UUID ?? '')),
    ]);
  }

  /** LDG/gettingstarted-limits: GetFunction and Invoke have limits of their own, everything else shares one. */
  throttle(operation: string): void {
    if (operation === 'Invoke') return;
    const limit = operation === 'GetFunction' ? this.#getFunction : this.controlPlane;
    if (!limit.accepts(this.#clock.nowMs())) throw new AwsError('TooManyRequestsException', 'Rate exceeded', 429);
  }

  find(name: string): FunctionRecord | undefined {
    return this.#functions.get(name);
  }

  all(): FunctionRecord[] {
    return [...this.#functions.values()];
  }

  reservedTotal(): number {
    return this.all().reduce((sum, record) => sum + (record.reserved ?? 0), this.reservedElsewhere);
  }

  /** Makes a plain active function at once, as somebody else would have. */
  placeFunction(name: string, code: { bucket: string; key: string }, tags: Record<string, string> = {}): void {
    const Role = `arn:aws:iam::${this.#region.account}:role/other`;
    this.#create({
      FunctionName: name,
      Role,
      Handler: 'index.handler',
      Runtime: 'nodejs24.x',
      Code: { S3Bucket: code.bucket, S3Key: code.key },
      Tags: tags,
    });
    this.#existing({ FunctionName: name }).activeAtMs = 0;
  }

  #create(input: CreateFunctionCommandInput): object {
    const name = input.FunctionName ?? '';
    checkName(name);
    if (this.#functions.has(name)) throw new AwsError('ResourceConflictException', `Function already exist: ${name}`, 409);
    const fields = { ...fieldDefaults, ...fieldsOf(input) } as FunctionFields;
    checkFields(fields, this.#settings.environmentBytes);
    checkTags(input.Tags ?? {});
    const nowMs = this.#clock.nowMs();
    const record: FunctionRecord = {
      name,
      arn: this.#arn(name),
      fields,
      architecture: input.Architectures?.[0] ?? 'x86_64',
      code: this.#codeFrom(input.Code ?? {}),
      tags: { ...input.Tags },
      reserved: undefined,
      revision: 1,
      modifiedMs: nowMs,
      activeAtMs: nowMs + this.#span(this.#settings.pendingMs),
      updatedAtMs: 0,
      lastUpdateFailure: undefined,
      recursiveLoop: 'Terminate',
    };
    this.#functions.set(name, record);
    return configurationOf(record, nowMs);
  }

  #get(input: Named): object {
    const record = this.#existing(input);
    const { code } = record;
    const inPlace = code.mode === 'REFERENCE';
    return {
      Configuration: configurationOf(record, this.#clock.nowMs()),
      Code: inPlace
        ? {
            RepositoryType: 'S3',
            ResolvedS3Object: {
              S3Bucket: code.bucket,
              S3Key: code.key,
              ...(code.version !== undefined && { S3ObjectVersion: code.version }),
            },
          }
        : { RepositoryType: 'S3', Location: 'https://awslambda.example/double' },
      ...(record.reserved !== undefined && { Concurrency: reservedOf(record) }),
      ...(Object.keys(record.tags).length > 0 && { Tags: { ...record.tags } }),
    };
  }

  #list(input: { Marker?: string | undefined; MaxItems?: number | undefined }): object {
    const names = [...this.#functions.keys()].sort();
    const start = Number(input.Marker ?? 0);
    // A page holds at most 50 functions, whatever is asked for (API_ListFunctions).
    const end = start + Math.min(input.MaxItems ?? 50, 50);
    const Functions = names.slice(start, end).map((name) => listed(this.#functions.get(name) as FunctionRecord, this.#clock.nowMs()));
    return { Functions, ...(end < names.length && { NextMarker: String(end) }) };
  }

  #updateCode(input: UpdateFunctionCodeCommandInput): object {
    const record = this.#ready(input, 'UpdateFunctionCode');
    const code = this.#codeFrom(input);
    record.code = code;
    record.architecture = input.Architectures?.[0] ?? record.architecture;
    return this.#updated(record, code.behaviour === 'update-fails' ? 'Internal error while processing the zip.' : undefined);
  }

  #updateConfiguration(input: UpdateFunctionConfigurationCommandInput): object {
    const record = this.#ready(input, 'UpdateFunctionConfiguration');
    const fields = { ...record.fields, ...fieldsOf(input) };
    checkFields(fields, this.#settings.environmentBytes);
    for (const mapping of this.mappings.all()) {
      const queue = mapping.functionArn === record.arn ? this.#sqs.byArn(mapping.eventSourceArn) : undefined;
      if (queue) refuseShortVisibility(queue, fields.Timeout);
    }
    record.fields = fields;
    return this.#updated(record, undefined);
  }

  #updated(record: FunctionRecord, failure: string | undefined): object {
    const nowMs = this.#clock.nowMs();
    record.revision += 1;
    record.modifiedMs = nowMs;
    record.updatedAtMs = nowMs + this.#span(this.#settings.updatingMs);
    record.lastUpdateFailure = failure;
    return configurationOf(record, nowMs);
  }

  #delete(input: Named): object {
    this.#functions.delete(this.#existing(input).name);
    return {};
  }

  /** PutFunctionConcurrency; 100 must stay unreserved (LDG/configuration-concurrency). */
  #reserve(input: Named & { ReservedConcurrentExecutions?: number | undefined }): object {
    const record = this.#ready(input, 'PutFunctionConcurrency');
    const wanted = input.ReservedConcurrentExecutions ?? -1;
    if (!Number.isInteger(wanted) || wanted < 0) throw invalid('ReservedConcurrentExecutions must be 0 or more.');
    const others = this.reservedTotal() - (record.reserved ?? 0);
    const { accountConcurrency, unreservedFloor } = this.#settings;
    if (wanted > (record.reserved ?? 0) && others + wanted > accountConcurrency - unreservedFloor) {
      throw invalid(
        `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${unreservedFloor}].`,
      );
    }
    record.reserved = wanted;
    return reservedOf(record);
  }

  #unreserve(input: Named): object {
    this.#existing(input).reserved = undefined;
    return {};
  }

  #recursion(input: Named & { RecursiveLoop?: 'Allow' | 'Terminate' | undefined }): object {
    const record = this.#existing(input);
    record.recursiveLoop = input.RecursiveLoop ?? 'Terminate';
    return { RecursiveLoop: record.recursiveLoop };
  }

  #accountSettings(): object {
    const { accountConcurrency } = this.#settings;
    return {
      AccountLimit: { ConcurrentExecutions: accountConcurrency, UnreservedConcurrentExecutions: accountConcurrency - this.reservedTotal() },
      AccountUsage: { FunctionCount: this.#functions.size },
    };
  }

  #tag(arn: string, tags: Record<string, string>): object {
    const resource = this.#tagged(arn);
    if ('fields' in resource) this.#refuseUnready(resource, 'TagResource');
    const merged = { ...resource.tags, ...tags };
    checkTags(merged);
    resource.tags = merged;
    return {};
  }

  #untag(arn: string, keys: readonly string[]): object {
    const resource = this.#tagged(arn);
    resource.tags = Object.fromEntries(Object.entries(resource.tags).filter(([key]) => !keys.includes(key)));
    return {};
  }

  #tagged(arn: string): FunctionRecord | Mapping {
    if (!arn.startsWith('arn:'))
      throw new AwsError(
        'ValidationException',
        `Value '${arn}' at 'resource' failed to satisfy constraint: Member must satisfy regular expression pattern`,
      );
    const resource = arn.includes(':event-source-mapping:') ? this.mappings.tags(arn) : this.#functions.get(arn.split(':').at(-1) ?? '');
    if (!resource) throw notFound(arn);
    return resource;
  }

  /** Any payload is taken for an empty batch: the answer tells only whether the zip loads. */
  #invoke(input: Named & { Payload?: unknown; InvocationType?: string | undefined }): object | Later {
    const record = this.#ready(input, 'Invoke');
    if (record.reserved === 0)
      throw new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429, {
        Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
      });
    const payload =
      typeof input.Payload === 'string' ? input.Payload : Buffer.from((input.Payload as Uint8Array | undefined) ?? []).toString();
    if (input.InvocationType === 'Event') return this.#event(record, payload);
    return new Later(this.#span(this.#settings.invokeMs), () => this.#invocationAnswer(record, payload));
  }

  /** Taken to be run later; that it was is all the answer says (LDG/invocation-async). */
  #event(record: FunctionRecord, payload: string): object {
    const { asyncPayloadBytes } = this.#settings;
    if (Buffer.byteLength(payload) > asyncPayloadBytes)
      throw new AwsError(
        'RequestEntityTooLargeException',
        `${Buffer.byteLength(payload)} byte payload is too large for the Event invocation type (limit ${asyncPayloadBytes} bytes)`,
        413,
      );
    this.#clock.after(this.#span(this.#settings.eventMs), () => this.onEvent(record.name, payload));
    return { StatusCode: 202 };
  }

  #invocationAnswer(record: FunctionRecord, payload: string): object {
    const own = this.onInvoke(record.name, payload);
    const failure = typeof own === 'object' ? own : own === undefined && record.code.behaviour === 'import-error' ? importError : undefined;
    const body = failure ? JSON.stringify({ ...failure, trace: [] }) : typeof own === 'string' ? own : emptyReply;
    return { StatusCode: 200, ExecutedVersion: '$LATEST', ...(failure && { FunctionError: 'Unhandled' }), Payload: payloadOf(body) };
  }

  #mappingTarget(nameOrArn: string): { arn: string; timeoutSeconds: number } {
    const record = this.#functions.get(nameOrArn.split(':').at(-1) ?? '');
    if (!record) throw invalid(`Function does not exist: ${nameOrArn}`);
    this.#refuseUnready(record, 'CreateEventSourceMapping');
    return { arn: record.arn, timeoutSeconds: record.fields.Timeout };
  }

  #codeFrom(code: CodeInput): FunctionCode {
    if (code.ZipFile || code.ImageUri || !code.S3Bucket || !code.S3Key) throw invalid('Please provide a source for function code.');
    const stored = this.#stored(code.S3Bucket, code.S3Key, code.S3ObjectVersion);
    const behaviour = zipBehaviour(stored.body);
    if (behaviour === 'refused') throw invalid('Could not unzip uploaded file. Please check your file, then try to upload again.');
    const mode = code.S3ObjectStorageMode === 'REFERENCE' ? 'REFERENCE' : 'COPY';
    return {
      bucket: code.S3Bucket,
      key: code.S3Key,
      version: code.S3ObjectVersion,
      mode,
      sha256: codeSha256(stored.body),
      size: stored.body.length,
      behaviour,
    };
  }

  #stored(bucket: string, key: string, version: string | undefined): { body: string } {
    try {
      const stored = this.#s3.resolve(bucket, key, version);
      if (stored) return stored;
    } catch {
      // A bucket that is missing is refused like an object that is.
    }
    const [code, text] =
      version === undefined
        ? ['NoSuchKey', 'The specified key does not exist.']
        : ['NoSuchVersion', 'The specified version does not exist.'];
    throw invalid(`Error occurred while GetObject. S3 Error Code: ${code}. S3 Error Message: ${text}`);
  }

  #existing(input: Named): FunctionRecord {
    const name = (input.FunctionName ?? '').split(':').at(-1) ?? '';
    const record = this.#functions.get(name);
    if (!record) throw notFound(this.#arn(name));
    return record;
  }

  #ready(input: Named, operation: string): FunctionRecord {
    const record = this.#existing(input);
    this.#refuseUnready(record, operation);
    return record;
  }

  #refuseUnready(record: FunctionRecord, operation: string): void {
    const nowMs = this.#clock.nowMs();
    if (isPending(record, nowMs) && this.#settings.refusedWhilePending.includes(operation)) {
      throw new AwsError(
        'ResourceConflictException',
        'The operation cannot be performed at this time. The function is currently in the following state: Pending',
        409,
      );
    }
    if (isUpdating(record, nowMs) && this.#settings.refusedWhileUpdating.includes(operation)) {
      throw new AwsError(
        'ResourceConflictException',
        `The operation cannot be performed at this time. An update is in progress for resource: ${record.arn}`,
        409,
      );
    }
  }

  #arn(name: string): string {
    return `arn:aws:lambda:${this.#region.region}:${this.#region.account}:function:${name}`;
  }

  #span(range: Range): number {
    return between(this.#random, range.min, range.max);
  }
}

const importError = {
  errorType: 'Runtime.ImportModuleError',
  errorMessage: "Error: Cannot find module 'index'\nRequire stack:\n- /var/runtime/index.mjs",
};

const notFound = (arn: string) => new AwsError('ResourceNotFoundException', `Function not found: ${arn}`, 404);

const reservedOf = (record: FunctionRecord) => (record.reserved === undefined ? {} : { ReservedConcurrentExecutions: record.reserved });

function fieldsOf(input: object): Partial<FunctionFields> {
  const values = input as Record<string, unknown>;
  return Object.fromEntries(fieldNames.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])));
}

/** ListFunctions leaves out the states (API_ListFunctions). */
function listed(record: FunctionRecord, nowMs: number): object {
  const { State, StateReason, StateReasonCode, LastUpdateStatus, LastUpdateStatusReason, LastUpdateStatusReasonCode, ...rest } =
    configurationOf(record, nowMs);
  return rest;
}

/** The SDK's payload: bytes that know how to become text. */
function payloadOf(text: string): Uint8Array & { transformToString(): string } {
  const bytes = new Uint8Array(Buffer.from(text));
  return Object.assign(bytes, { transformToString: () => text });
}

/**
 * Event source mappings from SQS (API_CreateEventSourceMapping, LDG/services-sqs-configure): their rules and states.
 * A mapping outlives its queue and its function. Running one is `test/double/platform.ts`.
 */
import type { EventSourceMappingConfiguration } from '@aws-sdk/client-lambda';
import type { VirtualClock } from '../virtual-clock.ts';
import { AwsError } from './errors.ts';
import { checkTags, invalid } from './lambda-function.ts';
import type { Queue } from './queue.ts';
import { between, type Random } from './random.ts';
import type { DoubleSettings } from './settings.ts';

export interface Mapping {
  uuid: string;
  eventSourceArn: string;
  functionArn: string;
  batchSize: number;
  windowSeconds: number;
  maximumConcurrency: number | undefined;
  enabled: boolean;
  reportsItemFailures: boolean;
  tags: Record<string, string>;
  modifiedMs: number;
  change: { state: 'Creating' | 'Updating' | 'Deleting' | 'Enabling' | 'Disabling'; untilMs: number };
}

export interface MappingInput {
  EventSourceArn?: string | undefined;
  FunctionName?: string | undefined;
  BatchSize?: number | undefined;
  MaximumBatchingWindowInSeconds?: number | undefined;
  ScalingConfig?: { MaximumConcurrency?: number | undefined } | undefined;
  Enabled?: boolean | undefined;
  FunctionResponseTypes?: readonly string[] | undefined;
  Tags?: Record<string, string> | undefined;
  UUID?: string | undefined;
}

/** What mappings need to know of the rest of the account. */
export interface MappingNeighbours {
  queue(arn: string): Queue | undefined;
  /** Throws where the function is missing or not ready. */
  functionFor(nameOrArn: string): { arn: string; timeoutSeconds: number };
}

export class Mappings {
  readonly #clock: VirtualClock;
  readonly #settings: DoubleSettings['lambda'];
  readonly #region: { region: string; account: string };
  readonly #random: Random;
  readonly #neighbours: MappingNeighbours;
  readonly #mappings = new Map<string, Mapping>();
  #made = 0;

  constructor(clock: VirtualClock, settings: DoubleSettings, random: Random, neighbours: MappingNeighbours) {
    this.#clock = clock;
    this.#settings = settings.lambda;
    this.#region = settings;
    this.#random = random;
    this.#neighbours = neighbours;
  }

  all(): Mapping[] {
    for (const [uuid, mapping] of this.#mappings) if (this.#isGone(mapping)) this.#mappings.delete(uuid);
    return [...this.#mappings.values()];
  }

  find(uuid: string): Mapping | undefined {
    const mapping = this.#mappings.get(uuid);
    return mapping && !this.#isGone(mapping) ? mapping : undefined;
  }

  create(input: MappingInput): EventSourceMappingConfiguration {
    const target = this.#neighbours.functionFor(input.FunctionName ?? '');
    const queue = this.#neighbours.queue(input.EventSourceArn ?? '');
    if (!queue)
      throw invalid(
        'Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist.',
      );
    this.#refuseDuplicate(queue.identity.arn, target.arn);
    checkTags(input.Tags ?? {});
    const mapping: Mapping = {
      uuid: this.#uuid(),
      eventSourceArn: queue.identity.arn,
      functionArn: target.arn,
      batchSize: 10,
      windowSeconds: 0,
      maximumConcurrency: undefined,
      enabled: true,
      reportsItemFailures: false,
      tags: { ...input.Tags },
      modifiedMs: this.#clock.nowMs(),
      change: this.#changing('Creating'),
    };
    const changed = withInput(mapping, input);
    checkMapping(changed, queue, target.timeoutSeconds);
    this.#mappings.set(changed.uuid, changed);
    return this.describe(changed);
  }

  get(uuid: string): EventSourceMappingConfiguration {
    return this.describe(this.#existing(uuid));
  }

  list(input: MappingInput & { MaxItems?: number | undefined; Marker?: string | undefined }): object {
    const fits = (mapping: Mapping) =>
      (input.EventSourceArn === undefined || mapping.eventSourceArn === input.EventSourceArn) &&
      (input.FunctionName === undefined || mapping.functionArn.endsWith(`:${input.FunctionName.split(':').at(-1)}`));
    const found = this.all().filter(fits);
    const start = Number(input.Marker ?? 0);
    const end = start + Math.min(input.MaxItems ?? 100, 100);
    return {
      ...(end < found.length && { NextMarker: String(end) }),
      EventSourceMappings: found.slice(start, end).map((mapping) => this.describe(mapping)),
    };
  }

  update(input: MappingInput): EventSourceMappingConfiguration {
    const mapping = this.#touchable(input.UUID ?? '');
    const target = this.#neighbours.functionFor(input.FunctionName ?? mapping.functionArn);
    const changed = { ...withInput(mapping, input), functionArn: target.arn, modifiedMs: this.#clock.nowMs() };
    const queue = this.#neighbours.queue(mapping.eventSourceArn);
    if (queue) checkMapping(changed, queue, target.timeoutSeconds);
    changed.change = this.#changing(changed.enabled === mapping.enabled ? 'Updating' : changed.enabled ? 'Enabling' : 'Disabling');
    this.#mappings.set(changed.uuid, changed);
    return this.describe(changed);
  }

  delete(uuid: string): EventSourceMappingConfiguration {
    const mapping = this.#touchable(uuid);
    mapping.change = this.#changing('Deleting');
    return this.describe(mapping);
  }

  tags(arn: string): Mapping | undefined {
    return this.find(arn.split(':').at(-1) ?? '');
  }

  /** Whether the mapping's pollers run: it takes effect when the change is over. */
  isPolling(mapping: Mapping): boolean {
    const changing = this.#clock.nowMs() < mapping.change.untilMs;
    if (!changing) return mapping.enabled && mapping.change.state !== 'Deleting';
    return mapping.change.state === 'Updating' ? mapping.enabled : mapping.change.state === 'Disabling';
  }

  describe(mapping: Mapping): EventSourceMappingConfiguration {
    return {
      UUID: mapping.uuid,
      EventSourceMappingArn: `arn:aws:lambda:${this.#region.region}:${this.#region.account}:event-source-mapping:${mapping.uuid}`,
      EventSourceArn: mapping.eventSourceArn,
      FunctionArn: mapping.functionArn,
      BatchSize: mapping.batchSize,
      MaximumBatchingWindowInSeconds: mapping.windowSeconds,
      ...(mapping.maximumConcurrency !== undefined && { ScalingConfig: { MaximumConcurrency: mapping.maximumConcurrency } }),
      FunctionResponseTypes: mapping.reportsItemFailures ? ['ReportBatchItemFailures'] : [],
      LastModified: new Date(mapping.modifiedMs),
      State: this.#state(mapping),
      StateTransitionReason: 'USER_INITIATED',
    };
  }

  #state(mapping: Mapping): string {
    if (this.#clock.nowMs() < mapping.change.untilMs) return mapping.change.state;
    return mapping.enabled ? 'Enabled' : 'Disabled';
  }

  #isGone(mapping: Mapping): boolean {
    return mapping.change.state === 'Deleting' && this.#clock.nowMs() >= mapping.change.untilMs;
  }

  #existing(uuid: string): Mapping {
    const mapping = this.find(uuid);
    if (!mapping) throw new AwsError('ResourceNotFoundException', 'The resource you requested does not exist.', 404);
    return mapping;
  }

  #touchable(uuid: string): Mapping {
    const mapping = this.#existing(uuid);
    if (this.#clock.nowMs() >= mapping.change.untilMs) return mapping;
    throw new AwsError(
      'ResourceInUseException',
      `Cannot update the event source mapping with UUID ${uuid} because it is in use. It is in state ${mapping.change.state}.`,
    );
  }

  #refuseDuplicate(queueArn: string, functionArn: string): void {
    const same = this.all().find((mapping) => mapping.eventSourceArn === queueArn && mapping.functionArn === functionArn);
    if (!same) return;
    throw new AwsError(
      'ResourceConflictException',
      `An event source mapping with SQS arn (" ${queueArn} ") and function (" ${functionArn} ") already exists. Please update or delete the existing mapping with UUID ${same.uuid}`,
      409,
    );
  }

  #changing(state: Mapping['change']['state']): Mapping['change'] {
    const { min, max } = this.#settings.mappingChangeMs;
    return { state, untilMs: this.#clock.nowMs() + between(this.#random, min, max) };
  }

  #uuid(): string {
    this.#made += 1;
    return `00000000-0000-4000-8000-${String(this.#made).padStart(12, '0')}`;
  }
}

function withInput(mapping: Mapping, input: MappingInput): Mapping {
  return {
    ...mapping,
    batchSize: input.BatchSize ?? mapping.batchSize,
    windowSeconds: input.MaximumBatchingWindowInSeconds ?? mapping.windowSeconds,
    // An empty ScalingConfig removes the limit (API_UpdateEventSourceMapping).
    maximumConcurrency: input.ScalingConfig === undefined ? mapping.maximumConcurrency : input.ScalingConfig.MaximumConcurrency,
    enabled: input.Enabled ?? mapping.enabled,
    reportsItemFailures:
      input.FunctionResponseTypes === undefined
        ? mapping.reportsItemFailures
        : input.FunctionResponseTypes.includes('ReportBatchItemFailures'),
  };
}

function checkMapping(mapping: Mapping, queue: Queue, timeoutSeconds: number): void {
  const { batchSize, windowSeconds, maximumConcurrency } = mapping;
  if (batchSize < 1 || batchSize > 10_000) throw invalid('Batch size must be between 1 and 10000.');
  if (windowSeconds < 0 || windowSeconds > 300) throw invalid('Maximum batch window must be between 0 and 300 seconds.');
  if (queue.identity.fifo && batchSize > 10) throw invalid('Maximum batch size for FIFO queues is 10.');
  if (queue.identity.fifo && windowSeconds > 0) throw invalid('Batching window is not supported for FIFO queues.');
  if (batchSize > 10 && windowSeconds < 1)
    throw invalid('Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10');
  if (maximumConcurrency !== undefined && (maximumConcurrency < 2 || maximumConcurrency > 1_000)) {
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value '${maximumConcurrency}' at 'scalingConfig.maximumConcurrency' failed to satisfy constraint: Member must have value between 2 and 1000`,
    );
  }
  refuseShortVisibility(queue, timeoutSeconds);
}

/** LDG/services-sqs-configure: the queue's visibility timeout must be at least the function's timeout. */
export function refuseShortVisibility(queue: Queue, timeoutSeconds: number): void {
  const visibility = queue.seconds('VisibilityTimeout');
  if (visibility >= timeoutSeconds) return;
  throw invalid(`Queue visibility timeout: ${visibility} seconds is less than Function timeout: ${timeoutSeconds} seconds`);
}

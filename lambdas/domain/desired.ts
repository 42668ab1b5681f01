/**
 * What should exist for a valid item: plain data, the same for the same item, release and stage. Pure.
 */
import { mappingLimits, queueLimits } from '../contract/limits.ts';
import { contentHash, pipelineNames } from '../contract/names.ts';
import { queueArn, type Stage } from '../contract/stage.ts';
import { pipelineTags, type Tags } from '../contract/tags.ts';
import { consumerVariables } from './consumer-environment.ts';
import type { EffectiveItem } from './item.ts';
import { queuePolicy } from './queue-policy.ts';

export interface DesiredQueue {
  name: string;
  /** As SQS takes them; JSON values are canonical text. */
  attributes: Record<string, string>;
}

/** A function's configuration in the words of Lambda's API, so that wish and observation compare field by field. */
export interface FunctionConfiguration {
  Runtime: string;
  Handler: string;
  Role: string;
  MemorySize: number;
  Timeout: number;
  Environment: Record<string, string>;
  Layers: string[];
  SubnetIds: string[];
  SecurityGroupIds: string[];
  EphemeralStorage: number;
  Tracing: 'Active' | 'PassThrough';
  LogGroup: string;
}

export interface CodeReference {
  key: string;
  version: string;
}

export interface DesiredMapping {
  batchSize: number;
  windowSeconds: number;
  maximumConcurrency: number;
  enabled: boolean;
}

export interface DesiredPipeline {
  taskGroup: string;
  tags: Tags;
  queue: DesiredQueue;
  deadLetterQueue: DesiredQueue;
  functionName: string;
  configuration: FunctionConfiguration;
  architecture: 'arm64' | 'x86_64';
  /** Absent while the group waits for its code: then queues are all there is. */
  code?: CodeReference;
  /** Absent with `reserve: false`. */
  reservedConcurrency?: number;
  mapping: DesiredMapping;
}

/** `version` is the release to run, if there is one. */
export function desiredPipeline(item: EffectiveItem, version: string | undefined, stage: Stage): DesiredPipeline {
  const names = pipelineNames(stage.settings.prefix, item.taskGroup, item.queue.fifo);
  const fn = item.function;
  return {
    taskGroup: item.taskGroup,
    tags: pipelineTags(stage.settings.prefix, item.taskGroup, item.tags),
    queue: desiredQueue(item, names, stage),
    deadLetterQueue: desiredDeadLetterQueue(item, names.deadLetterQueue, stage),
    functionName: names.function,
    configuration: {
      Runtime: fn.runtime,
      Handler: fn.handler,
      Role: fn.role ?? stage.consumerRoleArn,
      MemorySize: fn.memorySize,
      Timeout: fn.timeout,
      Environment: consumerVariables(item, stage),
      Layers: fn.layers,
      SubnetIds: fn.vpc?.subnetIds ?? [],
      SecurityGroupIds: fn.vpc?.securityGroupIds ?? [],
      EphemeralStorage: fn.ephemeralStorage,
      Tracing: fn.tracing,
      LogGroup: stage.consumerLogGroup,
    },
    architecture: fn.architecture,
    ...(version === undefined ? {} : { code: { key: item.code.key, version } }),
    ...(item.reserve ? { reservedConcurrency: item.concurrency } : {}),
    mapping: {
      batchSize: item.batch.size,
      windowSeconds: item.batch.window,
      maximumConcurrency: Math.max(mappingLimits.maximumConcurrency.min, item.concurrency),
      enabled: !item.paused,
    },
  };
}

/** Equal for equal wishes, whatever the release: a rollout changes the code alone. The item counts whole, as not all of it is in the resources. */
export function wishHash(item: EffectiveItem, { code: _code, ...rest }: DesiredPipeline): string {
  return contentHash({ item, ...rest });
}

function desiredQueue(item: EffectiveItem, names: ReturnType<typeof pipelineNames>, stage: Stage): DesiredQueue {
  const arn = queueArn(stage, names.queue);
  return {
    name: names.queue,
    attributes: {
      VisibilityTimeout: String(item.queue.visibilityTimeout),
      MessageRetentionPeriod: String(item.queue.messageRetention),
      DelaySeconds: String(item.queue.delay),
      ...commonAttributes(item),
      Policy: queuePolicy(arn, 'open'),
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: queueArn(stage, names.deadLetterQueue),
        maxReceiveCount: item.queue.maxReceiveCount,
      }),
    },
  };
}

function desiredDeadLetterQueue(item: EffectiveItem, name: string, stage: Stage): DesiredQueue {
  return {
    name,
    attributes: {
      // A dead letter keeps the age it had: its queue must keep messages at least as long as any source (SQS, dead-letter queues).
      MessageRetentionPeriod: String(queueLimits.messageRetentionSeconds.max),
      ...commonAttributes(item),
      Policy: queuePolicy(queueArn(stage, name), 'open'),
    },
  };
}

const commonAttributes = (item: EffectiveItem) => ({ SqsManagedSseEnabled: 'true', ...(item.queue.fifo ? { FifoQueue: 'true' } : {}) });

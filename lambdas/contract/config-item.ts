/**
 * The config item: one task group's wish, as a user writes it to the config table. Every field, unit, default and bound.
 * Rules that need several fields, the defaults item or the stage are in `domain/effective-item.ts`.
 */
import { z } from 'zod';
import { consumerEnvironmentPrefix } from './consumer-env.ts';
import { lambdaLimits, lambdaReservedEnvironment, mappingLimits, queueLimits, tagLimits } from './limits.ts';
import { isLimitsKey, PoolFields } from './placement.ts';
import { reservedTagPrefixes, tagTextPattern } from './tags.ts';

const whole = (bounds: { min: number; max: number }) => z.int().min(bounds.min).max(bounds.max);

const EnvironmentName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]+$/, 'must be at least two letters, digits or _, a letter first')
  .refine((name) => !name.startsWith(consumerEnvironmentPrefix), `must not start with ${consumerEnvironmentPrefix}, which is Sluice's own`)
  .refine((name) => !lambdaReservedEnvironment.some((reserved) => reserved === name), 'is reserved by Lambda');

const TagKey = z
  .string()
  .min(1)
  .max(tagLimits.keyCharacters)
  .regex(tagTextPattern, 'has a character that tags do not take')
  .refine(
    (key) => !reservedTagPrefixes.some((prefix) => key.toLowerCase().startsWith(prefix)),
    `must not start with ${reservedTagPrefixes.join(' or ')}`,
  );

/** A secret by reference: `ssm:/<stage's path>/name` or `secretsmanager:<stage's path>/name`. Never the value. */
const SecretReference = z
  .string()
  .regex(/^(ssm:\/|secretsmanager:)[\w+=.@/-]+$/, 'must be ssm:/<path>/<name> or secretsmanager:<path>/<name>');

const Code = z.strictObject({
  /** Object key of the consumer's zip in the code bucket. Default `consumer.zip`. */
  key: z.string().min(1).max(1_024).optional(),
  /** S3 version that pins this group; without it the key's release pointer decides. */
  version: z.string().min(1).max(1_024).optional(),
});

const Vpc = z.strictObject({
  subnetIds: z
    .array(z.string().regex(/^subnet-\w+$/, 'must be a subnet id'))
    .min(1)
    .max(16),
  securityGroupIds: z
    .array(z.string().regex(/^sg-\w+$/, 'must be a security group id'))
    .min(1)
    .max(5),
});

const FunctionFields = z.strictObject({
  /** Any managed zip runtime Lambda has. Default `nodejs24.x`. */
  runtime: z
    .string()
    .regex(/^[a-z][a-z0-9.]{1,63}$/, 'must be a Lambda runtime identifier such as nodejs24.x')
    .optional(),
  /** Default `index.handler`. */
  handler: z
    .string()
    .regex(/^\S{1,128}$/, 'must be 1-128 characters without spaces')
    .optional(),
  /** MiB, 128-10,240. Default 256. */
  memorySize: whole(lambdaLimits.memoryMiB).optional(),
  /** Seconds, 1-900. Default 30. */
  timeout: whole(lambdaLimits.timeoutSeconds).optional(),
  /** Default `arm64`. */
  architecture: z.enum(['arm64', 'x86_64']).optional(),
  environment: z.record(EnvironmentName, z.string()).optional(),
  layers: z
    .array(z.string().regex(/^arn:[\w-]+:lambda:[\w-]+:\d{12}:layer:[\w-]+:\d+$/, 'must be the ARN of a layer version'))
    .max(lambdaLimits.layers)
    .optional(),
  vpc: Vpc.optional(),
  /** MiB of /tmp, 512-10,240. Default 512. */
  ephemeralStorage: whole(lambdaLimits.ephemeralStorageMiB).optional(),
  /** Default `PassThrough`. */
  tracing: z.enum(['Active', 'PassThrough']).optional(),
  /** ARN of a role under the stage's path; default the stage's consumer role. */
  role: z
    .string()
    .regex(/^arn:[\w-]+:iam::\d{12}:role\/[\w+=,.@/-]+$/, 'must be the ARN of an IAM role')
    .optional(),
});

const QueueFields = z.strictObject({
  /** Seconds, up to 43,200. Default 6 × function.timeout + batch.window. */
  visibilityTimeout: whole(queueLimits.visibilityTimeoutSeconds).optional(),
  /** Seconds, 60-1,209,600. Default 1,209,600 (14 days). */
  messageRetention: whole(queueLimits.messageRetentionSeconds).optional(),
  /** Receives before a task goes to the dead-letter queue, 1-1,000. Default 10 (plain), 1,000 (sluice). */
  maxReceiveCount: whole(queueLimits.maxReceiveCount).optional(),
  /** Seconds each task waits before its first receive, 0-900. Default 0. */
  delay: whole(queueLimits.delaySeconds).optional(),
  /** Default false; changing it replaces the queue after a drain. */
  fifo: z.boolean().optional(),
});

const Batch = z.strictObject({
  /** Tasks an invocation gets at most. Default 1. */
  size: whole(mappingLimits.batchSize).optional(),
  /** Seconds to wait for a batch to fill, 0-300. Default 0. */
  window: whole(mappingLimits.batchWindowSeconds).optional(),
});

const Retry = z.strictObject({
  /** Default 3. */
  maxRetries: z.int().min(0).max(100).optional(),
  /** Seconds before the first retry, doubled each time. Default 2. */
  baseSeconds: z.int().min(1).max(43_200).optional(),
  /** Seconds a retry waits at most, up to SQS's 12 hours. Default 3,600. */
  capSeconds: z.int().min(1).max(43_200).optional(),
});

const fields = {
  /** Tasks of the group that may run at once, 1-1,000. */
  concurrency: z.int().min(1).max(1_000).optional(),
  /** True: reserved concurrency, a guarantee and a cap. False: capped by the mapping alone (at least 2). Default true. */
  reserve: z.boolean().optional(),
  /** Starts a second; fractions allowed. Needs `consumer: sluice`. */
  ratePerSecond: z.number().positive().optional(),
  consumer: z.enum(['plain', 'sluice']).optional(),
  code: Code.optional(),
  function: FunctionFields.optional(),
  secrets: z.record(EnvironmentName, SecretReference).optional(),
  queue: QueueFields.optional(),
  batch: Batch.optional(),
  retry: Retry.optional(),
  tags: z
    .record(TagKey, z.string().max(tagLimits.valueCharacters).regex(tagTextPattern, 'has a character that tags do not take'))
    .optional(),
  /** True: the mapping is disabled, tasks stay queued. Default false. */
  paused: z.boolean().optional(),
  onDelete: z.enum(['drain', 'discard']).optional(),
  /** Offers the pipeline to jobs that state needs. Needs `consumer: sluice`. */
  pool: PoolFields.optional(),
};

export const TaskGroup = z
  .string()
  .min(1)
  .max(255)
  .refine((taskGroup) => !isLimitsKey(taskGroup), 'is the key of limits (docs/pools.md), which no task group has');

/** One task group's item as written, before the defaults item is laid under it. */
export const ConfigItem = z.strictObject({
  taskGroup: TaskGroup,
  ...fields,
  /** Epoch seconds at which the group is removed; the table's TTL attribute. */
  expiresAt: z.int().min(0).optional(),
});
export type ConfigItem = z.infer<typeof ConfigItem>;

/** The item `*`: any field but `expiresAt`, inherited by every group that does not set it. */
export const DefaultsItem = z.strictObject({ taskGroup: z.literal('*'), ...fields });
export type DefaultsItem = z.infer<typeof DefaultsItem>;

/** Attribute the config table's TTL watches. */
export const expiryAttribute = 'expiresAt';

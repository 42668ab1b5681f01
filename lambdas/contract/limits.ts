/**
 * AWS limits this project relies on, in one place, each with its source.
 * Pure constants: no logic, no imports. "LDG" is the AWS Lambda developer guide, "SQS" the SQS developer guide,
 * both under https://docs.aws.amazon.com. Looked up 2026-11-21.
 */

/** Concurrent executions that must stay unreserved in every account (LDG/configuration-concurrency). */
export const unreservedFloor = 100;

/** Calls a second over all Lambda control-plane APIs together, not adjustable (LDG/gettingstarted-limits). */
export const controlPlaneCallsPerSecond = 15;

/** Synchronous invocations a second per execution environment (LDG/gettingstarted-limits). */
export const invocationsPerSecondPerEnvironment = 10;

export const lambdaLimits = {
  /** LDG/gettingstarted-limits. */
  functionNameCharacters: 64,
  timeoutSeconds: { min: 1, max: 900 },
  memoryMiB: { min: 128, max: 10_240 },
  ephemeralStorageMiB: { min: 512, max: 10_240 },
  /** All variables together, as JSON, in bytes (LDG/configuration-envvars). */
  environmentBytes: 4_096,
  layers: 5,
  tags: 50,
  /** Of an asynchronous invocation, in bytes: "1 MB" (LDG/gettingstarted-limits). */
  asyncPayloadBytes: 1_048_576,
} as const;

export const mappingLimits = {
  /** MaximumConcurrency of an SQS event source mapping (LDG/services-sqs-scaling). */
  maximumConcurrency: { min: 2, max: 1_000 },
  /** LDG/services-sqs-parameters; above 10 a window of at least 1 s is needed; FIFO: at most 10 and no window. */
  batchSize: { min: 1, max: 10_000, withoutWindow: 10, fifo: 10 },
  batchWindowSeconds: { min: 0, max: 300 },
} as const;

export const queueLimits = {
  /** SQS/quotas-queues; `.fifo` counts. */
  nameCharacters: 80,
  visibilityTimeoutSeconds: { min: 0, max: 43_200 },
  messageRetentionSeconds: { min: 60, max: 1_209_600 },
  delaySeconds: { min: 0, max: 900 },
  maxReceiveCount: { min: 1, max: 1_000 },
  /** A deleted queue's name may be used again after this (API_CreateQueue, QueueDeletedRecently). */
  nameReuseSeconds: 60,
  /** A changed attribute, the policy too, is in force everywhere within this (API_SetQueueAttributes). */
  attributePropagationSeconds: 60,
  batchEntries: 10,
  /** Body and attributes, with names, types and values of those, in bytes of UTF-8 (SQS/quotas-messages). */
  messageBytes: 1_048_576,
} as const;

/** Visibility timeout AWS asks for, as a multiple of the function's timeout, plus the batch window (LDG/services-sqs-configure). */
export const visibilityTimeoutsPerFunctionTimeout = 6;

/** Receives AWS asks a source queue to allow at least before the DLQ (LDG/services-sqs-errorhandling). */
export const recommendedMaxReceiveCount = 5;

export const tagLimits = {
  /** LDG/configuration-tags and SQS/sqs-queue-tags: the stricter of both. */
  keyCharacters: 128,
  valueCharacters: 256,
} as const;

/** Keys Lambda keeps for itself (LDG/configuration-envvars#configuration-envvars-runtime). */
export const lambdaReservedEnvironment = [
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_DEFAULT_REGION',
  'AWS_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_LAMBDA_RUNTIME_API',
  'LAMBDA_TASK_ROOT',
  'LAMBDA_RUNTIME_DIR',
] as const;

/**
 * The environment of a consumer: set by the reconciler, read by our library and documented in docs/config-item.md for
 * everybody else. Keys only, no parsing: consumers bundle this file.
 */

/** An item's own environment may not use this prefix. */
export const consumerEnvironmentPrefix = 'SLUICE_';

/** Keys the reconciler sets in a consumer's environment; all start with {@link consumerEnvironmentPrefix}. */
export const consumerEnvironment = {
  taskGroup: 'SLUICE_TASK_GROUP',
  queueName: 'SLUICE_QUEUE_NAME',
  deadLetterQueueName: 'SLUICE_DEAD_LETTER_QUEUE_NAME',
  /** JSON: secret name → `ssm:<parameter>` or `secretsmanager:<secret>`; never a value. */
  secrets: 'SLUICE_SECRETS',
  /** The rest only with `consumer: sluice`. */
  stage: 'SLUICE_STAGE',
  /** Name of the table consumers remember in (task-table.ts). */
  tasksTable: 'SLUICE_TASKS_TABLE',
  /** Bucket for results too large for the table, and for saved dead letters. */
  dataBucket: 'SLUICE_DATA_BUCKET',
  /** URL of the queue that takes hints to look at a group. */
  hintsQueueUrl: 'SLUICE_HINTS_QUEUE_URL',
  /** URL of the queue that takes what became of a job's tasks. */
  reportsQueueUrl: 'SLUICE_REPORTS_QUEUE_URL',
  /** `queue.maxReceiveCount`: SQS moves a task after that many receives. */
  maxReceiveCount: 'SLUICE_MAX_RECEIVE_COUNT',
  /** JSON: maxRetries, baseSeconds, capSeconds. */
  retry: 'SLUICE_RETRY',
  /** These three only with `ratePerSecond`. */
  ratePerSecond: 'SLUICE_RATE_PER_SECOND',
  concurrency: 'SLUICE_CONCURRENCY',
  batchSize: 'SLUICE_BATCH_SIZE',
} as const;

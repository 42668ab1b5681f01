/**
 * Every number of AWS that the double enforces, with the page that says so. Tests change one to see what depends on it.
 * "LDG" is the Lambda developer guide, "API" the service's API reference, both under https://docs.aws.amazon.com.
 */
export interface Range {
  min: number;
  max: number;
}

export const defaultSettings = {
  seed: 1,
  region: 'eu-central-1',
  account: '123456789012',
  /** Time a call takes, half of it before it is done. Not documented; what callers in the region see. */
  latencyMs: { min: 20, max: 60 } as Range,
  /** Tries of a throttled or broken call inside `send`, as the SDK's standard mode makes them; 1: errors come up at once. */
  sdkAttempts: 1,
  lambda: {
    /** All control-plane calls but GetFunction and Invoke together, in any second (LDG/gettingstarted-limits). */
    callsPerSecond: 15,
    /** GetFunction alone (LDG/gettingstarted-limits). */
    getFunctionCallsPerSecond: 100,
    /** Concurrent executions of the account, and what must stay unreserved of it (LDG/configuration-concurrency). */
    accountConcurrency: 1_000,
    unreservedFloor: 100,
    /** How long State stays Pending after CreateFunction (LDG/functions-states). */
    pendingMs: { min: 2_000, max: 5_000 } as Range,
    /** How long LastUpdateStatus stays InProgress after an update (LDG/functions-states). */
    updatingMs: { min: 1_000, max: 4_000 } as Range,
    /** How long a mapping is Creating, Updating or Deleting (API_CreateEventSourceMapping, State). */
    mappingChangeMs: { min: 1_000, max: 10_000 } as Range,
    /** Bytes of all environment keys and values (LDG/configuration-envvars). */
    environmentBytes: 4_096,
    /** A synchronous invocation of an empty batch, cold start included. */
    invokeMs: { min: 200, max: 900 } as Range,
    /** From an asynchronous invocation's answer to its start. */
    eventMs: { min: 20, max: 200 } as Range,
    /** Bytes of the payload of an asynchronous invocation (LDG/gettingstarted-limits). */
    asyncPayloadBytes: 1_048_576,
    /** Calls refused while the function is Pending (LDG/functions-states: "any invocations or other API actions that operate on the function"). */
    refusedWhilePending: [
      'Invoke',
      'UpdateFunctionCode',
      'UpdateFunctionConfiguration',
      'PublishVersion',
      'PutFunctionConcurrency',
      'TagResource',
      'CreateEventSourceMapping',
    ],
    /** Calls refused while LastUpdateStatus is InProgress (LDG/functions-states). */
    refusedWhileUpdating: ['UpdateFunctionCode', 'UpdateFunctionConfiguration', 'PublishVersion', 'TagResource'],
  },
  sqs: {
    /** A deleted queue's name is free again after this (API_DeleteQueue). */
    nameReuseMs: 60_000,
    /** How long a deleted queue is still found; AWS says up to 60 s (API_DeleteQueue). */
    deletionMs: 0,
    /** How old approximate counts may be (SQS developer guide, sqs-resources-required-approximate). */
    countLagMs: 0,
    /** How long a changed attribute takes to be in force; AWS says up to 60 s (API_SetQueueAttributes). */
    attributePropagationMs: 0,
    /** Messages received and not deleted, per queue (SQS/quotas-messages). */
    inFlight: 120_000,
    /** Tagging actions a second per account (SQS/quotas-queues). */
    tagCallsPerSecond: 30,
  },
  dynamodb: {
    /** Bytes of an item (DynamoDB/ServiceQuotas). */
    itemBytes: 400 * 1_024,
    /** Bytes of a page of Query or Scan (API_Query). */
    pageBytes: 1_024 * 1_024,
    /** Actions of one transaction (API_TransactWriteItems). */
    transactionActions: 100,
    /** Bytes of all its items, as they were or will be, whichever are more (API_TransactWriteItems). */
    transactionBytes: 4 * 1_024 * 1_024,
    /** How old an eventually consistent read may be (HowItWorks.ReadConsistency); with it every second such read is old. */
    staleMs: 0,
  },
};

export type DoubleSettings = typeof defaultSettings;

export type SettingsChange = {
  [Service in keyof DoubleSettings]?: DoubleSettings[Service] extends unknown[] | Range
    ? DoubleSettings[Service]
    : Partial<DoubleSettings[Service]>;
};

export function doubleSettings(change: SettingsChange = {}): DoubleSettings {
  const { lambda, sqs, dynamodb, ...rest } = change;
  return {
    ...defaultSettings,
    ...rest,
    lambda: { ...defaultSettings.lambda, ...lambda },
    sqs: { ...defaultSettings.sqs, ...sqs },
    dynamodb: { ...defaultSettings.dynamodb, ...dynamodb },
  } as DoubleSettings;
}

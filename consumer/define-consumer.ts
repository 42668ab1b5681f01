/** From an author's options to a Lambda handler. Everything is made at the first batch, so that loading costs nothing. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { awsPorts } from './aws/aws-ports.ts';
import { ConfigurationError } from './errors.ts';
import type { BodyFormat, ConsumerOptions } from './options.ts';
import { consumerSettings } from './runtime/consumer-settings.ts';
import { type Definition, definitionOf } from './runtime/definition.ts';
import { runBatch } from './runtime/run-batch.ts';
import { createRuntime, type Runtime } from './runtime/runtime.ts';

/** Where a handler keeps its definition, for `sluice/consumer/testing`. */
export const definitionKey = Symbol.for('sluice.consumer.definition');

export interface ConsumerHandler {
  (event: SQSEvent, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<SQSBatchResponse>;
  readonly [definitionKey]: Definition;
}

/** The process is the environment: it began at 0 of the monotonic clock. */
const bornMs = 0;

/**
 * Makes a Lambda handler of what one task does. Export it as `handler`, and write `consumer: "sluice"` in the config
 * item. Throws a `ConfigurationError` for options that make no sense; the environment is looked at with the first batch.
 */
export function defineConsumer<Result, Schema extends StandardSchemaV1 | undefined = undefined, Format extends BodyFormat = 'json'>(
  options: ConsumerOptions<Schema, Result, Format>,
): ConsumerHandler {
  const definition = definitionOf(options);
  let runtime: Runtime | undefined;
  const handler = async (event: SQSEvent, context: Pick<Context, 'getRemainingTimeInMillis'>): Promise<SQSBatchResponse> => {
    const records = event?.Records;
    if (!Array.isArray(records)) throw new ConfigurationError('the event is no SQS batch: a Sluice consumer is invoked by its queue alone');
    runtime ??= environmentRuntime(definition);
    // A release is proved by an empty batch: also that it is with an item that says it is a library consumer.
    if (records.length === 0) return { batchItemFailures: [] };
    return runBatch(runtime, records, context.getRemainingTimeInMillis());
  };
  return Object.assign(handler, { [definitionKey]: definition });
}

function environmentRuntime(definition: Definition): Runtime {
  const settings = consumerSettings(process.env);
  return createRuntime(definition, settings, awsPorts(settings), bornMs);
}

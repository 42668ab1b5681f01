/** The event source mappings between a group's queues and its function. `lambda` is the paced client. */
import {
  CreateEventSourceMappingCommand,
  DeleteEventSourceMappingCommand,
  type EventSourceMappingConfiguration,
  GetEventSourceMappingCommand,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { queueArn, type Stage } from '../contract/stage.ts';
import type { Tags } from '../contract/tags.ts';
import type { DesiredMapping } from '../domain/desired.ts';
import type { ObservedMapping } from '../domain/observed.ts';
import type { Clock } from '../framework/clock.ts';
import type { Clients } from './clients.ts';
import { ifThere, isFunctionMissing as isMappingMissing, named } from './errors.ts';

type Lambda = Clients['lambda'];

/** The mappings that read `queueName` for `functionName`: one call, found by the queue as a mapping outlives its function. */
export async function observeMappings(lambda: Lambda, stage: Stage, functionName: string, queueName: string): Promise<ObservedMapping[]> {
  const found = await named('ListEventSourceMappings', queueName, () =>
    lambda.send(new ListEventSourceMappingsCommand({ EventSourceArn: queueArn(stage, queueName) })),
  );
  return (found.EventSourceMappings ?? [])
    .filter((mapping) => mapping.FunctionArn?.split(':')[6] === functionName)
    .map((mapping) => observed(mapping, queueName));
}

function observed(from: EventSourceMappingConfiguration, queueName: string): ObservedMapping {
  const state = from.State ?? '';
  return {
    id: from.UUID ?? '',
    queueName,
    state,
    batchSize: from.BatchSize ?? 10,
    windowSeconds: from.MaximumBatchingWindowInSeconds ?? 0,
    ...(from.ScalingConfig?.MaximumConcurrency === undefined ? {} : { maximumConcurrency: from.ScalingConfig.MaximumConcurrency }),
    reportsItemFailures: from.FunctionResponseTypes?.includes('ReportBatchItemFailures') ?? false,
    enabled: enabledByState[state],
  };
}

/** `Creating` and `Updating` end either way. */
const enabledByState: Record<string, boolean> = { Enabled: true, Enabling: true, Disabled: false, Disabling: false };

const settings = (mapping: DesiredMapping) => ({
  BatchSize: mapping.batchSize,
  MaximumBatchingWindowInSeconds: mapping.windowSeconds,
  ScalingConfig: { MaximumConcurrency: mapping.maximumConcurrency },
  FunctionResponseTypes: ['ReportBatchItemFailures' as const],
  Enabled: mapping.enabled,
});

/** Returns the mapping's id. One that exists already is AWS's ResourceConflictException: the next look sees it. */
export async function createMapping(
  lambda: Lambda,
  stage: Stage,
  functionName: string,
  queueName: string,
  mapping: DesiredMapping,
  tags: Tags,
): Promise<string> {
  const made = await named('CreateEventSourceMapping', queueName, () =>
    lambda.send(
      new CreateEventSourceMappingCommand({
        FunctionName: functionName,
        EventSourceArn: queueArn(stage, queueName),
        ...settings(mapping),
        Tags: tags,
      }),
    ),
  );
  return made.UUID ?? '';
}

export const updateMapping = (lambda: Lambda, id: string, mapping: DesiredMapping) =>
  named('UpdateEventSourceMapping', id, () => lambda.send(new UpdateEventSourceMappingCommand({ UUID: id, ...settings(mapping) })));

export const deleteMapping = (lambda: Lambda, id: string) =>
  named('DeleteEventSourceMapping', id, () =>
    ifThere(isMappingMissing, () => lambda.send(new DeleteEventSourceMappingCommand({ UUID: id }))),
  );

const goneWithinMs = 25_000;

/** Waits until the mapping is gone, which takes AWS seconds; throws after 25 s, to look again later. */
export async function awaitMappingGone(lambda: Lambda, clock: Clock, id: string): Promise<void> {
  const untilMs = clock.nowMs() + goneWithinMs;
  for (let delayMs = 300; ; delayMs = Math.min(3_000, delayMs * 2)) {
    const left = await named('GetEventSourceMapping', id, () =>
      ifThere(isMappingMissing, () => lambda.send(new GetEventSourceMappingCommand({ UUID: id }))),
    );
    if (!left) return;
    if (clock.nowMs() + delayMs > untilMs) throw new MappingStillDeletingError(id);
    await clock.sleep(delayMs);
  }
}

class MappingStillDeletingError extends Error {
  constructor(id: string) {
    super(`mapping ${id} is still being deleted; looking again`);
    this.name = 'ResourceNotReadyException';
  }
}

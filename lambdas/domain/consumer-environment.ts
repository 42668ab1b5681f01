/** The environment a consumer gets: the item's own variables and Sluice's. Pure. */
import { consumerEnvironment as keys } from '../contract/consumer-env.ts';
import { pipelineNames } from '../contract/names.ts';
import type { Stage } from '../contract/stage.ts';
import type { EffectiveItem } from './item.ts';

/**
 * Limits are handed over only to library consumers: a plain consumer has no use for them, and changing its
 * concurrency must not touch its configuration.
 */
export function consumerVariables(item: EffectiveItem, stage: Stage): Record<string, string> {
  const names = pipelineNames(stage.settings.prefix, item.taskGroup, item.queue.fifo);
  return {
    ...item.function.environment,
    [keys.taskGroup]: item.taskGroup,
    [keys.queueName]: names.queue,
    [keys.deadLetterQueueName]: names.deadLetterQueue,
    ...(Object.keys(item.secrets).length > 0 ? { [keys.secrets]: JSON.stringify(item.secrets) } : {}),
    ...(item.consumer === 'sluice' ? libraryVariables(item, stage) : {}),
  };
}

function libraryVariables(item: EffectiveItem, stage: Stage): Record<string, string> {
  return {
    [keys.stage]: stage.settings.prefix,
    [keys.tasksTable]: stage.tasksTable,
    [keys.dataBucket]: stage.dataBucket,
    [keys.hintsQueueUrl]: stage.hintsQueueUrl,
    [keys.reportsQueueUrl]: stage.reportsQueueUrl,
    [keys.maxReceiveCount]: String(item.queue.maxReceiveCount),
    [keys.retry]: JSON.stringify(item.retry),
    ...(item.ratePerSecond === undefined
      ? {}
      : {
          [keys.ratePerSecond]: String(item.ratePerSecond),
          [keys.concurrency]: String(item.concurrency),
          [keys.batchSize]: String(item.batch.size),
        }),
  };
}

/** Size as Lambda measures it: the variables as JSON, in UTF-8, as its refusal (`String measured: {…}`) shows. */
export function environmentBytes(variables: Record<string, string>): number {
  return Buffer.byteLength(JSON.stringify(variables));
}

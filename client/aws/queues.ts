/** Queues of task groups: where they are, which the API knows, and the SDK's client for them. */
import { SQSClient } from '@aws-sdk/client-sqs';
import { PipelinePage } from '../../lambdas/contract/job-api-stage.ts';
import type { Api } from '../api/api.ts';
import { SluiceClientError } from '../errors.ts';
import type { TaskQueue } from '../send/send.ts';
import { clientOptions } from './client-options.ts';
import { sendBatch } from './task-queue.ts';

/** An address is kept for so long: a group's queue is another one once it has become FIFO. */
const keepMs = 60_000;

export function queuesOf(api: Api): (group: string, signal: AbortSignal | undefined) => Promise<TaskQueue> {
  const known = new Map<string, { url: string; untilMs: number }>();
  let sqs: SQSClient | undefined;
  return async (group, signal) => {
    const { region, credentials } = await api.connection();
    sqs ??= new SQSClient({ ...clientOptions, region, credentials });
    const kept = known.get(group);
    if (kept && kept.untilMs > Date.now()) return queueAt(sqs, kept.url, group);
    const url = await lookUp(api, group, signal);
    known.set(group, { url, untilMs: Date.now() + keepMs });
    return queueAt(sqs, url, group);
  };
}

const queueAt = (sqs: SQSClient, url: string, group: string): TaskQueue => ({
  url,
  group,
  send: (batch, delaySeconds, signal) => sendBatch(sqs, url, batch, delaySeconds, signal),
});

async function lookUp(api: Api, group: string, signal: AbortSignal | undefined): Promise<string> {
  const { pipelines } = (await api.call('listPipelines', PipelinePage, { query: { taskGroup: group }, signal })).body;
  const [pipeline] = pipelines;
  if (pipeline === undefined)
    throw new SluiceClientError(
      `There is no task group ${JSON.stringify(group)} on this stage; write its config item first (docs/config-item.md).`,
    );
  if (pipeline.queueUrl === undefined)
    throw new SluiceClientError(`The group ${JSON.stringify(group)} has no queue: it is ${pipeline.phase}, ${pipeline.message}`);
  return pipeline.queueUrl;
}

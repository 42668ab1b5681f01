/**
 * The stack's end in two parts: `receive` starts it, `watch` looks through a queue of its own until it is done, as
 * draining may take longer than one function's 15 minutes.
 */
import type { CloudFormationCustomResourceEvent, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { z } from 'zod';
import { emptyBucket } from '../aws/code-bucket.ts';
import { sendHints } from '../aws/hint-queues.ts';
import { messageVisibility } from '../aws/message-visibility.ts';
import { sendText } from '../aws/send-text.ts';
import type { Services } from '../aws/services.ts';
import type { Hint } from '../contract/messages.ts';
import { defaultsGroup } from '../contract/names.ts';
import type { PipelineRow } from '../contract/pipeline-row.ts';
import { answer, CustomResourceRequest } from '../framework/cloudformation.ts';
import { again, done, eachRecord, type Outcome } from '../framework/sqs-batch.ts';
import { judge } from './judge.ts';

export const CleanerEnvironment = z.object({ SLUICE_CLEANUPS_QUEUE_URL: z.url() });

/** Travels through the cleanups queue. */
const CleanupRequest = z.object({ ...CustomResourceRequest.shape, startedAtMs: z.number() });
type CleanupRequest = z.infer<typeof CleanupRequest>;

const lookAgainSeconds = 5;
const looksBetweenHints = 12;

export function createStackCleaner(services: Services, cleanupsQueueUrl: string) {
  const visibility = messageVisibility(services.clients.sqs);
  return {
    /** Create and update have nothing to do; a delete is answered by `watch`. */
    async receive(event: CloudFormationCustomResourceEvent): Promise<void> {
      const request = CleanupRequest.parse({ ...event, startedAtMs: services.clock.nowMs() });
      if (event.RequestType !== 'Delete') return answer(request, services.stage.settings.prefix, 'SUCCESS');
      await services.stageState.go(services.stage.settings.pipelinesOnDestroy);
      await hintEveryGroup(services);
      await sendText(services.clients.sqs, cleanupsQueueUrl, JSON.stringify(request));
    },

    watch(event: SQSEvent): Promise<SQSBatchResponse> {
      const comeBack = (record: SQSRecord, seconds: number) => visibility(record.eventSourceARN, record.receiptHandle, seconds);
      return eachRecord(event, { log: services.log, comeBack }, (record) =>
        look(services, CleanupRequest.parse(JSON.parse(record.body)), Number(record.attributes.ApproximateReceiveCount)),
      );
    },
  };
}

async function look(services: Services, request: CleanupRequest, looks: number): Promise<Outcome> {
  const { stage, log } = services;
  const { prefix, dataOnDestroy } = stage.settings;
  const rows = await remainingRows(services);
  const verdict = judge(rows, services.clock.nowMs() - request.startedAtMs, stage.settings.pipelinesOnDestroy);
  log.info('cleaning', { left: rows.length, verdict: verdict.kind });
  if (verdict.kind === 'waiting') {
    // Drains look by themselves; now and then everybody is hinted at, for the hint that was lost.
    if (looks % looksBetweenHints === 0) await hintEveryGroup(services);
    return again(lookAgainSeconds);
  }
  if (verdict.kind === 'stuck') {
    // The stack stays, so its pipelines must: what was draining lives on.
    await services.stageState.stay();
    await hintEveryGroup(services);
    await answer(request, prefix, 'FAILED', verdict.reason);
    return done;
  }
  if (dataOnDestroy === 'delete') {
    for (const bucket of [stage.codeBucket, stage.dataBucket]) await emptyBucket(services.clients.s3, bucket);
  }
  await answer(request, prefix, 'SUCCESS');
  return done;
}

async function remainingRows({ pipelines }: Services): Promise<PipelineRow[]> {
  const left: PipelineRow[] = [];
  for await (const rows of pipelines.rows()) left.push(...rows.filter((row) => row.taskGroup !== defaultsGroup));
  return left;
}

/** Of groups with an item too: one may have been written a moment ago and have no row yet. */
async function hintEveryGroup(services: Services): Promise<void> {
  const groups = new Set((await remainingRows(services)).map((row) => row.taskGroup));
  for await (const page of services.config.taskGroups()) for (const group of page) groups.add(group);
  groups.delete(defaultsGroup);
  const hints = [...groups].map((taskGroup): Hint => ({ kind: 'group', taskGroup, class: 'change', hops: 0 }));
  await sendHints(services.clients.sqs, services.hintQueues, 'change', hints);
}

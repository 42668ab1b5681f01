/** A step of a placed job that is on record, with its result, as the consumer library or `/steps/{name}` recorded it. */
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { placedPipeline, StepRecord, stepSortKey, taskKey } from '../../contract/task-table.ts';
import { jobTaskId } from '../../contract/task-wire.ts';
import { named } from '../errors.ts';
import type { JobServices } from '../jobs/job-services.ts';

export interface StepOnRecord {
  recordedAtMs: number;
  /** JSON; undefined where it has no result. */
  json: string | undefined;
}

/** Undefined where it is not on record. */
export async function recordedStep(services: JobServices, job: string, name: string): Promise<StepOnRecord | undefined> {
  const { clients, jobEnvironment, stage } = services;
  const Key = { pk: taskKey(placedPipeline, jobTaskId(job, 1)), sk: stepSortKey(name) };
  const { Item } = await clients.documents.send(
    new GetCommand({ TableName: jobEnvironment.SLUICE_TASKS_TABLE, Key, ConsistentRead: true }),
  );
  if (Item === undefined) return undefined;
  const { recordedAtMs, json, objectKey } = StepRecord.parse(Item);
  return { recordedAtMs, json: objectKey === undefined ? json : await objectText(clients.s3, stage.dataBucket, objectKey) };
}

async function objectText(s3: JobServices['clients']['s3'], Bucket: string, Key: string): Promise<string | undefined> {
  const { Body } = await named('GetObject', Key, () => s3.send(new GetObjectCommand({ Bucket, Key })));
  return Body?.transformToString();
}

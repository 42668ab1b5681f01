/** A step that is done, told by whoever works for a placed job: recorded as the consumer library would, as long as the lease is its. */
import { createHash } from 'node:crypto';
import { stepsPrefix } from '../../contract/data-bucket.ts';
import { leaseKey } from '../../contract/placement-table.ts';
import { placedPipeline, recordKeepSeconds, type StepRecord, stepSortKey, taskKey } from '../../contract/task-table.ts';
import { inlineResultBytes, jobTaskId } from '../../contract/task-wire.ts';
import type { JobServices } from '../jobs/job-services.ts';
import { putObject } from '../jobs/put-object.ts';
import { transact, untilDecided } from '../jobs/transactions.ts';

export interface DoneStep {
  job: string;
  fence: number;
  name: string;
  /** JSON; undefined where it has no result. */
  json: string | undefined;
}

/** False where the lease is another one by now, or there is none: nothing is recorded. */
export async function recordStep(services: JobServices, step: DoneStep): Promise<boolean> {
  const { clients, clock, random, jobEnvironment } = services;
  const { job, fence, name } = step;
  const nowMs = clock.nowMs();
  const times = { recordedAtMs: nowMs, expiresAt: Math.ceil(nowMs / 1_000) + recordKeepSeconds };
  const record: StepRecord = { ...(await kept(services, step)), ...times };
  const Key = { pk: taskKey(placedPipeline, jobTaskId(job, 1)), sk: stepSortKey(name) };
  return untilDecided({ clock, random }, `step ${name} of job ${job}`, async () => {
    const transacted = await transact(clients.documents, [
      {
        ConditionCheck: {
          TableName: jobEnvironment.SLUICE_JOBS_TABLE,
          Key: leaseKey(job),
          ConditionExpression: 'fence = :fence',
          ExpressionAttributeValues: { ':fence': fence },
        },
      },
      { Put: { TableName: jobEnvironment.SLUICE_TASKS_TABLE, Item: { ...Key, ...record } } },
    ]);
    if (transacted.done) return true;
    return transacted.refused.length > 0 ? false : undefined;
  });
}

async function kept({ clients, stage, newId }: JobServices, { job, json }: DoneStep): Promise<Pick<StepRecord, 'json' | 'objectKey'>> {
  if (json === undefined) return {};
  const body = Buffer.from(json);
  if (body.length <= inlineResultBytes) return { json };
  const task = createHash('sha256').update(jobTaskId(job, 1)).digest('hex').slice(0, 32);
  // A name of its own for every try: nobody overwrites a result that is on record.
  const objectKey = `${stepsPrefix}${placedPipeline}/${task}/${newId()}.json`;
  await putObject(clients.s3, { bucket: stage.dataBucket, key: objectKey, body, type: 'application/json' });
  return { objectKey };
}

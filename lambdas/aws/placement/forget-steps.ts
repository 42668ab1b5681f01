/** Steps a placed job has recorded, forgotten from one of them on: its next attempt runs them again. */
import { BatchWriteCommand, type BatchWriteCommandOutput, QueryCommand, type QueryCommandOutput } from '@aws-sdk/lib-dynamodb';
import { placedPipeline, StepRecord, stepSortKey, taskKey } from '../../contract/task-table.ts';
import { jobTaskId } from '../../contract/task-wire.ts';
import type { PlacedJob } from '../../domain/placement/placed-job.ts';
import { type RecordedStep, stepsFrom } from '../../domain/placement/recorded-steps.ts';
import type { Clients } from '../clients.ts';

const prefix = stepSortKey('');
/** DynamoDB takes so many writes in a batch (API_BatchWriteItem). */
const atOnce = 25;

export function recordedSteps(documents: Clients['documents'], TableName: string) {
  const pkOf = (job: string) => taskKey(placedPipeline, jobTaskId(job, 1));

  async function recorded(job: string): Promise<RecordedStep[]> {
    const steps: RecordedStep[] = [];
    let start: QueryCommandOutput['LastEvaluatedKey'];
    do {
      const page: QueryCommandOutput = await documents.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :step)',
          ExpressionAttributeValues: { ':pk': pkOf(job), ':step': prefix },
          ConsistentRead: true,
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      );
      for (const item of page.Items ?? [])
        steps.push({ name: String(item['sk']).slice(prefix.length), recordedAtMs: StepRecord.parse(item).recordedAtMs });
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
    return steps;
  }

  async function forget(job: string, names: readonly string[]): Promise<void> {
    const pk = pkOf(job);
    for (let i = 0; i < names.length; i += atOnce) {
      const deletes = names.slice(i, i + atOnce).map((name) => ({ DeleteRequest: { Key: { pk, sk: stepSortKey(name) } } }));
      let RequestItems: BatchWriteCommandOutput['UnprocessedItems'] = { [TableName]: deletes };
      while (RequestItems !== undefined && Object.keys(RequestItems).length > 0)
        RequestItems = (await documents.send(new BatchWriteCommand({ RequestItems }))).UnprocessedItems;
    }
  }

  return {
    /** Forgets `from` and those after it; false, and nothing is forgotten, where the job has no such step. Before `retry`. */
    async forgetSteps({ job, placed }: PlacedJob, from: string): Promise<boolean> {
      const names = stepsFrom(await recorded(job), placed.steps, from);
      if (names === undefined) return false;
      await forget(job, names);
      return true;
    },
  };
}

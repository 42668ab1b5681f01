/** How placed jobs ended, by the tables and by what was told of it: each must have done so once. */
import { BatchGetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { JobEvent } from '../../lambdas/contract/job.ts';
import { JobRow, jobKey, OutboxRow, outboxPartition, TaskRow, taskRowKey } from '../../lambdas/contract/job-table.ts';
import { inWaves } from '../../lambdas/framework/in-waves.ts';
import { eventually } from './eventually.ts';
import { aws } from './groups.ts';
import { stage } from './shared-stage.ts';
import type { TopicQueue } from './topic-queue.ts';

const TableName = stage.outputs.JobsTableName;
type Item = Record<string, unknown>;

/** DynamoDB gives so many at once. */
const keysAtOnce = 100;

async function items(keys: Item[]): Promise<Item[]> {
  const pages = Array.from({ length: Math.ceil(keys.length / keysAtOnce) }, (_, i) => keys.slice(i * keysAtOnce, (i + 1) * keysAtOnce));
  const found = await inWaves(pages, 1, async (Keys) => {
    const { Responses } = await aws.documents.send(new BatchGetCommand({ RequestItems: { [TableName]: { Keys, ConsistentRead: true } } }));
    return Responses?.[TableName] ?? [];
  });
  return found.flat();
}

export interface PlacedEnd {
  row: JobRow;
  task: TaskRow;
}

export async function endsOf(jobs: readonly string[]): Promise<Map<string, PlacedEnd>> {
  const rows = (await items(jobs.map(jobKey))).map((item) => JobRow.parse(item));
  const tasks = new Map((await items(jobs.map((job) => taskRowKey(job, 1)))).map((item) => [String(item['pk']), TaskRow.parse(item)]));
  return new Map(rows.map((row) => [row.job, { row, task: tasks.get(taskRowKey(row.job, 1).pk) as TaskRow }]));
}

/** What is still to be told. */
async function untold(): Promise<OutboxRow[]> {
  const found: OutboxRow[] = [];
  let start: Item | undefined;
  do {
    const page: { Items?: Item[] | undefined; LastEvaluatedKey?: Item | undefined } = await aws.documents.send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': outboxPartition },
        ConsistentRead: true,
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      }),
    );
    found.push(...(page.Items ?? []).map((item) => OutboxRow.parse(item)));
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  return found;
}

/** Events of ends by job and id, each with its number: told, or written down to be told (a lost hint is found only after minutes). */
export function untilAllEndsAreKnown(
  topic: TopicQueue,
  jobs: readonly string[],
  seconds: number,
): Promise<Map<string, Map<string, number>>> {
  const known = new Map(jobs.map((job) => [job, new Map<string, number>()]));
  const note = (job: string, event: string, sequence = 0) => known.get(job)?.set(event, sequence);
  const isEnd = ({ change }: OutboxRow) => ['completed', 'failed', 'cancelled'].includes(change?.state ?? '');
  return eventually(
    'the end of every job is told',
    async () => {
      // In this order: one that is told meanwhile is in the queue by then.
      for (const row of (await untold()).filter(isEnd)) note(row.job, row.event, row.change?.sequence);
      for (;;) {
        const events: JobEvent[] = await topic.receive();
        for (const { id, job, sequence } of events) note(job.id, id, sequence);
        if (events.length === 0) break;
      }
      const missing = [...known].filter(([, events]) => events.size === 0).map(([job]) => job);
      if (missing.length > 0) throw new Error(`nothing of ${missing.length}, such as ${missing[0]}`);
      return known;
    },
    seconds,
  );
}

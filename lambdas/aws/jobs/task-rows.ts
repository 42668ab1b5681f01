/**
 * What is known of a job's tasks, and the counts of it. A task's row and a part of its job's counts change in one
 * transaction, under the row's revision: each task is counted once, whoever tells of it how often.
 */
import { BatchGetCommand, type BatchGetCommandOutput, GetCommand, QueryCommand, type QueryCommandOutput } from '@aws-sdk/lib-dynamodb';
import { countKey, shards, TaskRow, taskPartition, taskRowKey, taskSortKey } from '../../contract/job-table.ts';
import { type Change, changeBy, sum, type TaskEnd } from '../../domain/job/task-end.ts';
import type { Clients } from '../clients.ts';
import { type Retrying, type TransactItem, transact, untilDecided } from './transactions.ts';

/** DynamoDB takes 100 parts in a transaction (API_TransactWriteItems), one of them the counts; and 4 MB, which 60 results of 32 KB keep. */
const rowsPerTransaction = 60;

export interface Applied {
  /** Numbers of the tasks whose word counted. */
  recorded: Set<number>;
  /** As they are now. */
  rows: Map<number, TaskRow>;
}

interface World extends Retrying {
  clock: Retrying['clock'] & { nowMs(): number };
}

export function taskRows(documents: Clients['documents'], TableName: string, keepSeconds: number, world: World) {
  async function rowsOf(job: string, numbers: readonly number[]): Promise<Map<number, TaskRow>> {
    const rows = new Map<number, TaskRow>();
    let Keys: Record<string, unknown>[] | undefined = numbers.map((n) => taskRowKey(job, n));
    while (Keys !== undefined && Keys.length > 0) {
      const { Responses, UnprocessedKeys }: BatchGetCommandOutput = await documents.send(
        new BatchGetCommand({ RequestItems: { [TableName]: { Keys, ConsistentRead: true } } }),
      );
      for (const item of Responses?.[TableName] ?? []) {
        const row = TaskRow.parse(item);
        rows.set(row.n, row);
      }
      Keys = UnprocessedKeys?.[TableName]?.Keys;
    }
    return rows;
  }

  const expiry = () => Math.ceil(world.clock.nowMs() / 1_000) + keepSeconds;

  async function applySome(job: string, ends: readonly TaskEnd[], besides: readonly TransactItem[]): Promise<Applied> {
    const numbers = [...new Set(ends.map(({ n }) => n))];
    return untilDecided(world, `tasks of job ${job}`, async () => {
      const before = await rowsOf(job, numbers);
      const changes = changesBy(before, ends, expiry());
      const rows = new Map([...before, ...[...changes].map(([n, { row }]) => [n, row] as const)]);
      const applied = { recorded: new Set(changes.keys()), rows };
      if (changes.size === 0) return applied;
      const { done } = await transact(documents, [...writes(job, before, changes), ...besides]);
      return done ? applied : undefined;
    });
  }

  function writes(job: string, before: ReadonlyMap<number, TaskRow>, changes: ReadonlyMap<number, Change>): TransactItem[] {
    const delta = sum([...changes.values()].map((change) => change.delta));
    return [
      ...[...changes].map(([n, { row }]): TransactItem => {
        const seen = before.get(n)?.revision;
        return {
          Put: {
            TableName,
            Item: { ...taskRowKey(job, n), ...row },
            ConditionExpression: seen === undefined ? 'attribute_not_exists(pk)' : 'revision = :seen',
            ...(seen === undefined ? {} : { ExpressionAttributeValues: { ':seen': seen } }),
          },
        };
      }),
      {
        Update: {
          TableName,
          Key: countKey(job, Math.floor(world.random() * shards) % shards),
          UpdateExpression:
            'ADD completed :completed, failed :failed, deadLettered :deadLettered, retrying :retrying, queued :queued, unsent :unsent',
          ExpressionAttributeValues: {
            ':completed': delta.completed,
            ':failed': delta.failed,
            ':deadLettered': delta.deadLettered,
            ':retrying': delta.retrying,
            ':queued': delta.queued,
            ':unsent': delta.unsent,
          },
        },
      },
    ];
  }

  return {
    async get(job: string, n: number): Promise<TaskRow | undefined> {
      const { Item } = await documents.send(new GetCommand({ TableName, Key: taskRowKey(job, n), ConsistentRead: true }));
      return Item === undefined ? undefined : TaskRow.parse(Item);
    },

    /** Those of tasks `fromN` to `toN`, both included, that have one. */
    async range(job: string, fromN: number, toN: number): Promise<Map<number, TaskRow>> {
      const parts = await Promise.all(
        Array.from({ length: Math.min(shards, toN - fromN + 1) }, (_, i) => (fromN + i) % shards).map((shard) =>
          rangeOf(job, shard, fromN, toN),
        ),
      );
      return new Map(parts.flat().map((row) => [row.n, row]));
    },

    /** What one word writes, for a transaction of the caller's, who asks anew where that is refused; nothing where it does not count. */
    async writesOf(job: string, end: TaskEnd): Promise<TransactItem[]> {
      const before = await rowsOf(job, [end.n]);
      const changes = changesBy(before, [end], expiry());
      return changes.size === 0 ? [] : writes(job, before, changes);
    },

    /** Takes one word, and writes `besides` with it where it counts. */
    applyOne: (job: string, end: TaskEnd, besides: readonly TransactItem[] = []) => applySome(job, [end], besides),

    /** Takes each word that counts, once. Repeating it changes nothing. */
    async apply(job: string, ends: readonly TaskEnd[]): Promise<Applied> {
      const applied: Applied = { recorded: new Set(), rows: new Map() };
      for (let i = 0; i < ends.length; i += rowsPerTransaction) {
        const { recorded, rows } = await applySome(job, ends.slice(i, i + rowsPerTransaction), []);
        for (const n of recorded) applied.recorded.add(n);
        for (const [n, row] of rows) applied.rows.set(n, row);
      }
      return applied;
    },
  };

  async function rangeOf(job: string, shard: number, fromN: number, toN: number): Promise<TaskRow[]> {
    const rows: TaskRow[] = [];
    let start: QueryCommandOutput['LastEvaluatedKey'];
    do {
      const page: QueryCommandOutput = await documents.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
          ExpressionAttributeValues: { ':pk': taskPartition(job, shard), ':from': taskSortKey(fromN), ':to': taskSortKey(toN) },
          ConsistentRead: true,
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      );
      rows.push(...(page.Items ?? []).map((item) => TaskRow.parse(item)));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
    return rows;
  }
}
export type TaskRows = ReturnType<typeof taskRows>;

/** The last change of each task, with the counts of all of them. */
function changesBy(before: ReadonlyMap<number, TaskRow>, ends: readonly TaskEnd[], expiresAt: number): Map<number, Change> {
  const changes = new Map<number, Change>();
  for (const end of ends) {
    const earlier = changes.get(end.n);
    const change = changeBy(earlier?.row ?? before.get(end.n), end, expiresAt);
    if (change) changes.set(end.n, { row: change.row, delta: earlier ? sum([earlier.delta, change.delta]) : change.delta });
  }
  return changes;
}

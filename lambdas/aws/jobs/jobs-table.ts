/** Jobs: made, read, listed. What starts and ends them is in `scheduler.ts`, what their tasks come to in `task-rows.ts`. */
import { GetCommand, QueryCommand, type QueryCommandOutput, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import {
  Counts,
  everyJob,
  IdempotencyRow,
  type IntakeProgress,
  idempotencyKey,
  intakeKey,
  JobRow,
  jobIndexes,
  jobIndexSortKey,
  jobKey,
  scheduledKey,
  type WaitingRow,
  waitingKey,
} from '../../contract/job-table.ts';
import { sum } from '../../domain/job/task-end.ts';
import type { Clients } from '../clients.ts';
import { isConditionFailed, isTransactionCancelled } from '../errors.ts';
import type { PlacementStore } from '../placement/placement-store.ts';
import { filteredPage, filteredPages, type ListFilter, listFilter } from './list-filter.ts';
import { type Retrying, type TransactItem, transact, untilDecided } from './transactions.ts';

export interface JobList extends ListFilter {
  target?: string | undefined;
  fromMs?: number | undefined;
  toMs?: number | undefined;
  limit: number;
  /** `next` of the page before. */
  after?: string | undefined;
}

/** `event`: of the outbox, of a job that states needs. */
export type Created = { kind: 'created'; event?: string | undefined } | { kind: 'repeated'; job: string; sameRequest: boolean };

type World = Retrying & { clock: { nowMs(): number } };

/** Of a job that states needs: its row as it is stored, and what is written with it. */
type FirstPlaced = PlacementStore['first'];

export function jobsTable(documents: Clients['documents'], TableName: string, world: World, firstPlaced: FirstPlaced) {
  const nowSeconds = () => world.clock.nowMs() / 1_000;
  /** TTL deletes only within days: until then it is we who do not see it. */
  const isThere = (item: Record<string, unknown> | undefined) =>
    item !== undefined && !(typeof item['expiresAt'] === 'number' && item['expiresAt'] < nowSeconds());

  async function get(job: string): Promise<JobRow | undefined> {
    const { Item } = await documents.send(new GetCommand({ TableName, Key: jobKey(job), ConsistentRead: true }));
    return isThere(Item) ? JobRow.parse(Item) : undefined;
  }

  /** False where the job is gone; with `onlyPending`, also where it is not PENDING any more. */
  async function update(job: string, set: Record<string, unknown>, onlyPending = false): Promise<boolean> {
    const names = Object.keys(set);
    try {
      await documents.send(
        new UpdateCommand({
          TableName,
          Key: jobKey(job),
          UpdateExpression: `SET ${names.map((_, n) => `#f${n} = :f${n}`).join(', ')}`,
          ConditionExpression: `attribute_exists(pk)${onlyPending ? ' AND #status = :pending' : ''}`,
          ExpressionAttributeNames: {
            ...Object.fromEntries(names.map((name, n) => [`#f${n}`, name])),
            ...(onlyPending ? { '#status': 'status' } : {}),
          },
          ExpressionAttributeValues: {
            ...Object.fromEntries(names.map((name, n) => [`:f${n}`, set[name]])),
            ...(onlyPending ? { ':pending': 'PENDING' } : {}),
          },
        }),
      );
      return true;
    } catch (error) {
      if (isConditionFailed(error)) return false;
      throw error;
    }
  }

  const firstOf = (row: JobRow): ReturnType<FirstPlaced> => ({
    row,
    event: undefined,
    besides: [{ Put: { TableName, Item: firstStep(row, world.clock.nowMs()) } }],
  });

  return {
    get,

    /** The job and what its tasks have come to, in one read. */
    async look(job: string): Promise<{ row: JobRow; counts: Counts } | undefined> {
      const { Items = [] } = await documents.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': jobKey(job).pk },
          ConsistentRead: true,
        }),
      );
      const meta = Items.find(({ sk }) => sk === 'meta');
      if (!isThere(meta)) return undefined;
      return { row: JobRow.parse(meta), counts: sum(Items.filter((item) => item !== meta).map((item) => Counts.parse(item))) };
    },

    /** Newest first. `after` as {@link ListCursor} takes it. A page that is filtered may be short: so much is looked through at once. */
    async list({ target, status, fromMs, toMs, limit, after, ...wanted }: JobList): Promise<{ rows: JobRow[]; next?: string }> {
      const index = target !== undefined ? jobIndexes.target : status !== undefined ? jobIndexes.status : jobIndexes.time;
      const value = target ?? status ?? everyJob;
      const filter = listFilter({ ...wanted, status: target === undefined ? undefined : status });
      const range = {
        ':from': new Date(fromMs ?? 0).toISOString(),
        ':to': `${new Date(toMs ?? world.clock.nowMs() + 86_400_000).toISOString()}~`,
      };
      const rows: JobRow[] = [];
      let start: Record<string, unknown> | undefined = after === undefined ? undefined : startAfter(after, index.key, value);
      let pages = 0;
      do {
        const page: QueryCommandOutput = await documents.send(
          new QueryCommand({
            TableName,
            IndexName: index.name,
            KeyConditionExpression: `#key = :value AND ${jobIndexSortKey} BETWEEN :from AND :to`,
            ...(filter === undefined ? {} : { FilterExpression: filter.expression }),
            ExpressionAttributeNames: { '#key': index.key, ...filter?.names },
            ExpressionAttributeValues: { ':value': value, ...range, ...filter?.values },
            ScanIndexForward: false,
            Limit: filter === undefined ? limit - rows.length : filteredPage,
            ...(start === undefined ? {} : { ExclusiveStartKey: start }),
          }),
        );
        rows.push(...(page.Items ?? []).filter(isThere).map((item) => JobRow.parse(item)));
        start = page.LastEvaluatedKey;
        pages += 1;
      } while (start !== undefined && rows.length < limit && (filter === undefined || pages < filteredPages));
      const last = rows.length > limit ? rows[limit - 1]?.createdKey : start?.[jobIndexSortKey];
      return { rows: rows.slice(0, limit), ...(last === undefined ? {} : { next: String(last) }) };
    },

    /** The job and what leads on from there, and its idempotency key, in one. */
    async create(made: JobRow, idempotency?: { key: string; requestHash: string; expiresAt: number }): Promise<Created> {
      const ready = made.source === undefined ? { ...made, readyAtMs: made.readyAtMs ?? world.clock.nowMs() } : made;
      const { row, event, besides } = ready.placed === undefined ? firstOf(ready) : firstPlaced(ready);
      const items: TransactItem[] = [
        { Put: { TableName, Item: { ...jobKey(row.job), ...row }, ConditionExpression: 'attribute_not_exists(pk)' } },
        ...besides,
      ];
      const created = { kind: 'created' as const, event };
      if (idempotency === undefined) {
        const { done } = await transact(documents, items);
        if (!done) throw new Error(`job ${row.job} exists already`);
        return created;
      }
      const { key, ...rest } = idempotency;
      const keep = {
        Put: {
          TableName,
          Item: { ...idempotencyKey(key), job: row.job, ...rest },
          ConditionExpression: 'attribute_not_exists(pk) OR expiresAt < :now',
          ExpressionAttributeValues: { ':now': nowSeconds() },
        },
      };
      return untilDecided(world, `idempotency key ${key}`, async () => {
        if ((await transact(documents, [...items, keep])).done) return created;
        const { Item } = await documents.send(new GetCommand({ TableName, Key: idempotencyKey(key), ConsistentRead: true }));
        if (!isThere(Item)) return undefined;
        const { job, requestHash } = IdempotencyRow.parse(Item);
        // Our own, where the answer was lost and the SDK asked again.
        if (job === row.job) return created;
        return { kind: 'repeated' as const, job, sameRequest: requestHash === rest.requestHash };
      });
    },

    /** False where the job is not to be read any more. */
    saveIntake: (job: string, progress: IntakeProgress) => update(job, { intake: progress }, true),

    noteResultsFile: async (job: string, name: string, objectKey: string): Promise<void> => {
      await documents.send(
        new UpdateCommand({
          TableName,
          Key: jobKey(job),
          UpdateExpression: 'SET resultsFiles.#name = :key',
          ConditionExpression: 'attribute_exists(pk)',
          ExpressionAttributeNames: { '#name': name },
          ExpressionAttributeValues: { ':key': objectKey },
        }),
      );
    },

    /** The dispatcher knows that a refill is due, and says when it wants to hear of the next. */
    async refillTold({ job, refillAt }: JobRow): Promise<void> {
      try {
        await documents.send(
          new UpdateCommand({
            TableName,
            Key: jobKey(job),
            UpdateExpression: 'SET refillAt = :none',
            ConditionExpression: 'refillAt = :seen',
            ExpressionAttributeValues: { ':seen': refillAt, ':none': null },
          }),
        );
      } catch (error) {
        // Somebody else told it, or the dispatcher was here meanwhile, or is.
        if (!isConditionFailed(error) && !isTransactionCancelled(error)) throw error;
      }
    },

    /** Replaces its warnings. */
    warn: (job: string, warnings: string[]) => update(job, { warnings }),

    /** Its file was made young again; a source that is not read yet has another ETag then. */
    renewed: (job: string, renewedAtMs: number, source: JobRow['source']) =>
      update(job, source === undefined ? { renewedAtMs } : { renewedAtMs, source }),
  };
}
export type JobsTable = ReturnType<typeof jobsTable>;

/** What has somebody go on with it: its file is to be read, it is to wait for its time, or for a slot. */
export function firstStep(row: JobRow, nowMs: number): Record<string, unknown> {
  const { job, createdAtMs, source, total } = row;
  if (source !== undefined && total === undefined) return { ...intakeKey(createdAtMs, job), job, createdAtMs };
  return readyStep({ ...row, readyAtMs: row.readyAtMs ?? nowMs }, nowMs);
}

export function readyStep(
  row: Pick<JobRow, 'job' | 'target' | 'customer' | 'priority' | 'runAtMs'> & { readyAtMs: number },
  nowMs: number,
): Record<string, unknown> {
  const { job, runAtMs } = row;
  return runAtMs !== undefined && runAtMs > nowMs ? { ...scheduledKey(runAtMs, job), job, runAtMs } : slotStep(row);
}

/** What has it wait for a slot. */
export function slotStep({
  job,
  target,
  customer,
  priority,
  readyAtMs,
}: Pick<JobRow, 'job' | 'target' | 'customer' | 'priority'> & { readyAtMs: number }): Record<string, unknown> {
  const row: WaitingRow = { job, target, ...(customer === undefined ? {} : { customer }), priority, readyAtMs };
  return { ...waitingKey(priority, readyAtMs, job), ...row };
}

/** `createdKey` of the last one of a page. */
export const ListCursor = z.string().regex(/^\d{4}-\d\d-\d\dT[\d:.]{8,12}Z#[\w-]{1,64}$/, 'must be `next` of the page before');

const startAfter = (createdKey: string, indexKey: string, value: string) => ({
  ...jobKey(createdKey.slice(createdKey.indexOf('#') + 1)),
  [indexKey]: value,
  [jobIndexSortKey]: createdKey,
});

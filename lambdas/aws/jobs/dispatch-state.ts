/**
 * How far a job was sent: its cursor, the chunks that were sent together, the tasks put aside for later, and the pace of
 * its target. Written by the dispatcher alone, under its lease on the target.
 */
import {
  BatchWriteCommand,
  type BatchWriteCommandInput,
  type BatchWriteCommandOutput,
  DeleteCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  type QueryCommandOutput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import {
  type ChunkRow,
  ChunkRow as ChunkSchema,
  type Cursor,
  chunkKey,
  chunksPartition,
  type JobRow,
  jobKey,
  type LaterRow,
  LaterRow as LaterSchema,
  laterKey,
  laterPartition,
  PaceRow,
  paceKey,
} from '../../contract/job-table.ts';
import type { Clients } from '../clients.ts';
import { type Retrying, type TransactItem, transact, untilDecided } from './transactions.ts';

const largestN = 999_999_999_999;
/** Later than any task is due. */
export const endOfTimeMs = 999_999_999_999_999;

/** Written with each chunk, as who wrote it may die right then. */
const sooner = ({ nextChunkMs }: JobRow, dueMs: number) => Math.min(nextChunkMs ?? dueMs, dueMs);

type WriteRequest = NonNullable<BatchWriteCommandInput['RequestItems']>[string][number];

/** What was sent since the last checkpoint. */
export interface Sent {
  cursor: Cursor;
  /** Tasks sent in addition. */
  count: number;
  /** The first of them is overdue then. */
  dueMs: number;
  /** Those to start later than this were put aside. */
  asOfMs: number;
}

interface World extends Retrying {
  clock: Retrying['clock'] & { nowMs(): number };
}

export class StaleDispatch extends Error {
  constructor(job: string) {
    super(`job ${job} was changed by somebody else while it was being sent`);
    this.name = 'StaleDispatch';
  }
}

export function dispatchState(documents: Clients['documents'], TableName: string, keepSeconds: number, world: World) {
  const { clock } = world;
  const expiresAt = (fromMs = clock.nowMs()) => Math.ceil(fromMs / 1_000) + keepSeconds;

  /** Under the job's revision, and only while it runs in this life: throws {@link StaleDispatch} where that is over. */
  const jobWrite = (row: JobRow, expression: string, values: Record<string, unknown>): TransactItem => ({
    Update: {
      TableName,
      Key: jobKey(row.job),
      UpdateExpression: `SET revision = :next, ${expression}`,
      ConditionExpression: '#status = :running AND life = :life AND revision = :seen',
      ExpressionAttributeNames: { '#status': 'status', ...(expression.includes('#cursor') ? { '#cursor': 'cursor' } : {}) },
      ExpressionAttributeValues: {
        ':running': 'RUNNING',
        ':life': row.life,
        ':seen': row.revision,
        ':next': row.revision + 1,
        ...values,
      },
    },
  });

  /** All of them, 25 in a call; again with the same does no harm. */
  async function batchWrite(requests: WriteRequest[]): Promise<void> {
    for (let i = 0; i < requests.length; i += 25) {
      let left = requests.slice(i, i + 25);
      while (left.length > 0) {
        const { UnprocessedItems }: BatchWriteCommandOutput = await documents.send(
          new BatchWriteCommand({ RequestItems: { [TableName]: left } }),
        );
        left = UnprocessedItems?.[TableName] ?? [];
      }
    }
  }

  async function write(row: JobRow, items: TransactItem[]): Promise<void> {
    const done = await untilDecided(world, `the dispatch of job ${row.job}`, async () => {
      const transacted = await transact(documents, items);
      if (transacted.done) return true;
      // Others at the same items, such as who counts tasks and tells of a refill, change nothing of what is written here.
      return transacted.refused.length > 0 ? false : undefined;
    });
    if (!done) throw new StaleDispatch(row.job);
  }

  return {
    /** How long what is put aside is kept after it is due. */
    keepSeconds,

    /** Moves the cursor and remembers the chunk; gives the job as it is then. */
    async checkpoint(row: JobRow, { cursor, count, dueMs, asOfMs }: Sent): Promise<JobRow> {
      const next: JobRow = {
        ...row,
        cursor,
        dispatched: row.dispatched + (row.life === 0 ? count : 0),
        chunks: row.chunks + 1,
        nextChunkMs: sooner(row, dueMs),
        revision: row.revision + 1,
      };
      const chunk: ChunkRow = {
        life: row.life,
        sequence: row.chunks,
        fromN: row.cursor.n + 1,
        toN: cursor.n,
        fromByte: row.cursor.byte,
        toByte: cursor.byte,
        sentAtMs: clock.nowMs(),
        asOfMs,
        dueMs,
        expiresAt: expiresAt(dueMs),
      };
      await write(row, [
        jobWrite(row, '#cursor = :cursor, dispatched = :dispatched, chunks = :chunks, nextChunkMs = :due', {
          ':cursor': cursor,
          ':dispatched': next.dispatched,
          ':chunks': next.chunks,
          ':due': next.nextChunkMs,
        }),
        { Put: { TableName, Item: { ...chunkKey(row.job, row.life, row.chunks), ...chunk } } },
      ]);
      return next;
    },

    /** Of tasks sent out of their order: from those put aside. They go from there in the same write; 90 at most. */
    async sentLater(row: JobRow, sent: readonly LaterRow[], refused: number, dueMs: number): Promise<JobRow> {
      const first = sent.filter(({ attempt, life, taken }) => attempt === 1 && life === 0 && !taken).length - refused;
      const next: JobRow = {
        ...row,
        dispatched: row.dispatched + first,
        chunks: row.chunks + 1,
        nextChunkMs: sooner(row, dueMs),
        revision: row.revision + 1,
      };
      const numbers = sent.map(({ n }) => n);
      const chunk: ChunkRow = {
        life: row.life,
        sequence: row.chunks,
        fromN: Math.min(...numbers),
        toN: Math.max(...numbers),
        ns: sent.map(({ n, attempt, fromByte, toByte }) => ({ n, attempt, fromByte, toByte })),
        sentAtMs: clock.nowMs(),
        asOfMs: clock.nowMs(),
        dueMs,
        expiresAt: expiresAt(dueMs),
      };
      await write(row, [
        jobWrite(row, 'dispatched = :dispatched, chunks = :chunks, nextChunkMs = :due', {
          ':dispatched': next.dispatched,
          ':chunks': next.chunks,
          ':due': next.nextChunkMs,
        }),
        { Put: { TableName, Item: { ...chunkKey(row.job, row.life, row.chunks), ...chunk } } },
        ...sent.map((later): TransactItem => ({ Delete: { TableName, Key: laterKey(row.job, later.dueMs, later.n) } })),
      ]);
      return next;
    },

    /** What a look leaves behind: whether all was sent, when to look next, when to be told to send more. */
    async leave(row: JobRow, left: Pick<JobRow, 'sentAll' | 'nextLookMs' | 'nextChunkMs' | 'refillAt'>): Promise<JobRow> {
      const { sentAll, nextLookMs = null, nextChunkMs = null, refillAt = null } = left;
      const isSame = (a: number | null | undefined, b: number | null) => (a ?? null) === b;
      if (
        row.sentAll === sentAll &&
        isSame(row.nextLookMs, nextLookMs) &&
        isSame(row.nextChunkMs, nextChunkMs) &&
        // Whoever told of it has set it to null since it was read.
        isSame(row.refillAt, null) &&
        refillAt === null
      )
        return row;
      await write(row, [
        jobWrite(row, 'sentAll = :all, nextLookMs = :look, nextChunkMs = :chunk, refillAt = :refill', {
          ':all': sentAll,
          ':look': nextLookMs,
          ':chunk': nextChunkMs,
          ':refill': refillAt,
        }),
      ]);
      return { ...row, sentAll, nextLookMs, nextChunkMs, refillAt, revision: row.revision + 1 };
    },

    /** How far the end of everything that is overdue has come. */
    async saveOverdue(row: JobRow, overdueAt: Cursor | null, end: { cursor: Cursor; sentAll: boolean }): Promise<JobRow> {
      await write(row, [
        jobWrite(row, 'overdueAt = :overdue, #cursor = :cursor, sentAll = :all', {
          ':overdue': overdueAt,
          ':cursor': end.cursor,
          ':all': end.sentAll,
        }),
      ]);
      return { ...row, ...end, overdueAt, revision: row.revision + 1 };
    },

    /** Puts tasks aside. */
    putAside: (job: string, later: readonly LaterRow[]) =>
      batchWrite(later.map((row) => ({ PutRequest: { Item: { ...laterKey(job, row.dueMs, row.n), ...row } } }))),

    /** Of tasks that are not to be sent from there any more. */
    forgetLater: (job: string, later: readonly Pick<LaterRow, 'dueMs' | 'n'>[]) =>
      batchWrite(later.map(({ dueMs, n }) => ({ DeleteRequest: { Key: laterKey(job, dueMs, n) } }))),

    /** Those due by then, the first due first; with 0 as `limit` none. */
    async dueBy(job: string, dueMs: number, limit: number): Promise<LaterRow[]> {
      if (limit <= 0) return [];
      const { Items = [] } = await documents.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk AND sk <= :due',
          ExpressionAttributeValues: { ':pk': laterPartition(job), ':due': laterKey(job, dueMs, largestN).sk },
          ConsistentRead: true,
          Limit: limit,
        }),
      );
      return Items.map((item) => LaterSchema.parse(item));
    },

    async nextDueMs(job: string): Promise<number | undefined> {
      const { Items = [] } = await documents.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': laterPartition(job) },
          ConsistentRead: true,
          Limit: 1,
        }),
      );
      return Items[0] === undefined ? undefined : LaterSchema.parse(Items[0]).dueMs;
    },

    /** Chunks of the job, the oldest first, a page after another. */
    async *chunks(job: string): AsyncGenerator<ChunkRow[]> {
      let start: QueryCommandOutput['LastEvaluatedKey'];
      do {
        const page: QueryCommandOutput = await documents.send(
          new QueryCommand({
            TableName,
            KeyConditionExpression: 'pk = :pk',
            ExpressionAttributeValues: { ':pk': chunksPartition(job) },
            ConsistentRead: true,
            ...(start === undefined ? {} : { ExclusiveStartKey: start }),
          }),
        );
        yield (page.Items ?? []).map((item) => ChunkSchema.parse(item));
        start = page.LastEvaluatedKey;
      } while (start !== undefined);
    },

    async forgetChunk(job: string, { life, sequence }: Pick<ChunkRow, 'life' | 'sequence'>): Promise<void> {
      await documents.send(new DeleteCommand({ TableName, Key: chunkKey(job, life, sequence) }));
    },

    /** Looked at again then, as some of it may end later. */
    async postponeChunk(job: string, { life, sequence }: Pick<ChunkRow, 'life' | 'sequence'>, dueMs: number): Promise<void> {
      await documents.send(
        new UpdateCommand({
          TableName,
          Key: chunkKey(job, life, sequence),
          UpdateExpression: 'SET dueMs = :due, expiresAt = :expires',
          ConditionExpression: 'attribute_exists(pk)',
          ExpressionAttributeValues: { ':due': dueMs, ':expires': expiresAt(dueMs) },
        }),
      );
    },

    async pace(target: string): Promise<PaceRow | undefined> {
      const { Item } = await documents.send(new GetCommand({ TableName, Key: paceKey(target), ConsistentRead: true }));
      return Item === undefined ? undefined : PaceRow.parse(Item);
    },

    async keepPace(target: string, pace: Omit<PaceRow, 'expiresAt'>): Promise<void> {
      await documents.send(new PutCommand({ TableName, Item: { ...paceKey(target), ...pace, expiresAt: expiresAt() } }));
    },
  };
}
export type DispatchState = ReturnType<typeof dispatchState>;

/**
 * A job from one status to the next, each step one transaction: its row, the slots, what waits, and the outbox change
 * together or not at all. Every step may be repeated; each says false where the job was past it already.
 */
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { hasEnded, type JobStatus } from '../../contract/job.ts';
import {
  type Counts,
  intakeKey,
  type JobRow,
  jobKey,
  outboxKey,
  type SlotsRow,
  scheduledKey,
  startOfFile,
  waitingKey,
} from '../../contract/job-table.ts';
import { jobStateKey } from '../../contract/task-table.ts';
import { endEvent, statusAtEnd } from '../../domain/job/ending.ts';
import type { Clients } from '../clients.ts';
import { readyStep, slotStep } from './jobs-table.ts';
import { type Slots, slotOf, withoutJob } from './slots.ts';
import { type Retrying, type TransactItem, transact, untilDecided } from './transactions.ts';

export interface LifecycleOptions {
  documents: Clients['documents'];
  jobsTable: string;
  tasksTable: string;
  slots: Slots;
  retentionSeconds: number;
  world: Retrying & { clock: { nowMs(): number } };
}

export function lifecycle({ documents, jobsTable: TableName, tasksTable, slots, retentionSeconds, world }: LifecycleOptions) {
  const nowMs = () => world.clock.nowMs();
  const keptUntil = () => Math.ceil(nowMs() / 1_000) + retentionSeconds;

  /** An update of the job's row that holds only in the status and life that were seen. */
  const step = (
    row: JobRow,
    UpdateExpression: string,
    values: Record<string, unknown>,
    names: Record<string, string> = {},
  ): TransactItem => ({
    Update: {
      TableName,
      Key: jobKey(row.job),
      UpdateExpression,
      // What it waits under is part of a key: another step that made it wait elsewhere must not be missed.
      ConditionExpression: `#status = :seen AND life = :life AND ${row.readyAtMs === undefined ? 'attribute_not_exists(readyAtMs)' : 'readyAtMs = :ready'}`,
      ExpressionAttributeNames: { '#status': 'status', ...names },
      ExpressionAttributeValues: {
        ':seen': row.status,
        ':life': row.life,
        ...(row.readyAtMs === undefined ? {} : { ':ready': row.readyAtMs }),
        ...values,
      },
    },
  });
  const put = (Item: Record<string, unknown>): TransactItem => ({ Put: { TableName, Item } });
  const drop = (Key: Record<string, unknown>): TransactItem => ({ Delete: { TableName, Key } });

  /** Whatever has somebody go on with a job that has not started. */
  const dropSteps = ({ job, createdAtMs, source, runAtMs, readyAtMs, priority }: JobRow): TransactItem[] => [
    ...(source === undefined ? [] : [drop(intakeKey(createdAtMs, job))]),
    ...(runAtMs === undefined ? [] : [drop(scheduledKey(runAtMs, job))]),
    ...(readyAtMs === undefined ? [] : [drop(waitingKey(priority, readyAtMs, job))]),
  ];

  const toOutbox = (row: JobRow, status: JobStatus): TransactItem => {
    const event = endEvent(row, status);
    const { job, life } = row;
    return put({ ...outboxKey(event), event, job, life, status, atMs: nowMs(), expiresAt: keptUntil() });
  };

  /** A step that needs nothing but its job as it was seen; made again where others were at the same items. */
  const take = (row: JobRow, what: string, items: TransactItem[]): Promise<boolean> =>
    untilDecided(world, `${what} of job ${row.job}`, async () => {
      const { done, refused } = outcome(await transact(documents, items));
      return done ? true : refused.length > 0 ? false : undefined;
    });

  /** PENDING or RUNNING → ended. */
  async function end(row: JobRow, status: JobStatus, more: { failure?: string; dispatched?: number } = {}): Promise<boolean> {
    if (hasEnded(row.status)) return false;
    const set = Object.keys(more)
      .map((name) => `, ${name} = :${name}`)
      .join('');
    return untilDecided(world, `the end of job ${row.job}`, async () => {
      const seen = await slots.read();
      const holds = row.job in seen.running;
      const { done, refused } = outcome(
        await transact(documents, [
          step(row, `SET #status = :next, endedAtMs = :now, expiresAt = :expires${set}`, {
            ':next': status,
            ':now': nowMs(),
            ':expires': keptUntil(),
            ...Object.fromEntries(Object.entries(more).map(([name, value]) => [`:${name}`, value])),
          }),
          toOutbox(row, status),
          ...(row.status === 'PENDING' ? dropSteps(row) : []),
          ...(holds ? [slots.write(seen, withoutJob(seen, row.job))] : []),
        ]),
      );
      if (done) return true;
      // The first part is the job's own; the slots' is somebody else's change, and tried again.
      return refused.includes(0) ? false : undefined;
    });
  }

  return {
    /** Its file is read: it waits for its time, or for a slot. */
    async finishIntake(row: JobRow, { total, fileBytes }: { total: number; fileBytes: number }): Promise<boolean> {
      const readyAtMs = nowMs();
      return take(row, 'the end of the intake', [
        step(
          row,
          'SET #total = :total, fileBytes = :bytes, readyAtMs = :now REMOVE intake',
          { ':total': total, ':bytes': fileBytes, ':now': readyAtMs },
          { '#total': 'total' },
        ),
        drop(intakeKey(row.createdAtMs, row.job)),
        put(readyStep({ ...row, readyAtMs }, nowMs())),
      ]);
    },

    /** Its time has come: it waits for a slot. */
    async becomeReady(row: JobRow): Promise<boolean> {
      const { job, runAtMs } = row;
      if (row.status !== 'PENDING' || runAtMs === undefined) return false;
      const readyAtMs = nowMs();
      return take(row, 'the time', [
        step(row, 'SET readyAtMs = :now', { ':now': readyAtMs }),
        drop(scheduledKey(runAtMs, job)),
        put(slotStep({ ...row, readyAtMs })),
      ]);
    },

    /** PENDING → RUNNING, in a slot. `slotsTaken`: somebody else changed the slots; look again. */
    async start(row: JobRow, seen: SlotsRow): Promise<'started' | 'past' | 'slotsTaken'> {
      const running = { ...seen.running, [row.job]: slotOf(row, nowMs()) };
      const startedAtMs = row.startedAtMs ?? nowMs();
      const deadline = row.timeoutSeconds === undefined ? {} : { ':deadline': nowMs() + row.timeoutSeconds * 1_000 };
      const { done, refused } = outcome(
        await transact(documents, [
          step(row, `SET #status = :next, startedAtMs = :started${row.timeoutSeconds === undefined ? '' : ', deadlineMs = :deadline'}`, {
            ':next': 'RUNNING',
            ':started': startedAtMs,
            ...deadline,
          }),
          slots.write(seen, { ...seen, running }),
          ...dropSteps(row),
        ]),
      );
      if (done) return 'started';
      return refused.includes(0) ? 'past' : 'slotsTaken';
    },

    /** RUNNING → COMPLETED or FAILED, by what its tasks have come to. */
    close: (row: JobRow, counts: Counts): Promise<boolean> =>
      // Its last tasks may have ended before their dispatcher had written down that they were sent.
      end(row, statusAtEnd(row, counts), { dispatched: (row.total ?? 0) - counts.unsent }),

    /** → FAILED as a whole, with why. */
    failWhole: (row: JobRow, failure: string): Promise<boolean> => end(row, 'FAILED', { failure }),

    /** → CANCELLED. Consumers are told first: nothing starts any more once it says so. */
    async cancel(row: JobRow): Promise<boolean> {
      const told = { ...jobStateKey(row.job), cancelledAtMs: nowMs(), expiresAt: keptUntil() };
      await documents.send(new PutCommand({ TableName: tasksTable, Item: told }));
      return end(row, 'CANCELLED');
    },

    /** Ended with failed tasks → PENDING, to try those again. */
    async retry(row: JobRow): Promise<boolean> {
      const readyAtMs = nowMs();
      const next = { cursor: startOfFile, sentAll: false, readyAtMs, life: row.life + 1 };
      return take(row, 'the retry', [
        step(
          row,
          'SET #status = :next, #cursor = :cursor, sentAll = :no, readyAtMs = :now, life = :nextLife REMOVE endedAtMs, expiresAt, failure, deadlineMs, overdueAt, refillAt, nextLookMs, nextChunkMs',
          { ':next': 'PENDING', ':cursor': next.cursor, ':no': false, ':now': readyAtMs, ':nextLife': next.life },
          { '#cursor': 'cursor' },
        ),
        put(slotStep({ ...row, readyAtMs })),
      ]);
    },
  };
}
export type Lifecycle = ReturnType<typeof lifecycle>;

const outcome = (transacted: Awaited<ReturnType<typeof transact>>) => ({
  done: transacted.done,
  refused: transacted.done ? [] : transacted.refused,
});

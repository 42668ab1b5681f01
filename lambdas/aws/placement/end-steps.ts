/**
 * A placed job leaves its place: it is done, has failed, comes back, was lost, handed back, cancelled. Its one task, its row,
 * its lease and all places change in one transaction, under the fencing number: a word of an older lease changes nothing.
 */
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { hasEnded, type TaskError } from '../../contract/job.ts';
import { LeaseRow, leaseKey } from '../../contract/placement-table.ts';
import { clockSkewMs, jobStateKey } from '../../contract/task-table.ts';
import type { FailedAttempt } from '../../contract/task-wire.ts';
import { afterAttempt, withAttempt } from '../../domain/placement/attempt-end.ts';
import type { PlacedJob } from '../../domain/placement/placed-job.ts';
import type { TransactItem } from '../jobs/transactions.ts';
import { givePlacesBack } from './places.ts';
import type { PlacementParts, PlacementSteps, Step, Stepped } from './steps.ts';
import type { WaitingSteps } from './waiting-steps.ts';

/** What a job of one task came to: JSON, or the key of an object in the data bucket. */
export interface JobOutcome {
  result?: string | undefined;
  resultKey?: string | undefined;
}

const holds = ({ status, placed }: PlacedJob, fence: number) => status === 'RUNNING' && placed.step === 'leased' && placed.fence === fence;

export function endSteps(parts: PlacementParts, { take, dropStep, nowMs, keptUntil }: PlacementSteps, { moved, toPool }: WaitingSteps) {
  const { documents, jobsTable: TableName, tasksTable, tasks, retryJobs, world } = parts;

  const ended = (now: number) => ({ endedAtMs: now, expiresAt: keptUntil() });

  async function lease(job: string): Promise<LeaseRow | undefined> {
    const { Item } = await documents.send(new GetCommand({ TableName, Key: leaseKey(job), ConsistentRead: true }));
    return Item && LeaseRow.parse(Item);
  }

  /** Its lease goes, as long as it is this one; `and`: and as long as that holds of it. */
  const dropLease = ({ job, placed }: PlacedJob, and = '', values: Record<string, unknown> = {}): TransactItem => ({
    Delete: {
      TableName,
      Key: leaseKey(job),
      ConditionExpression: `fence = :fence${and}`,
      ExpressionAttributeValues: { ':fence': placed.fence, ...values },
    },
  });

  /** Tried again later, or failed for good. */
  async function failed(row: PlacedJob, error: TaskError, now: number, drop: TransactItem): Promise<Step> {
    const { failures, history } = row.placed;
    const { class: errorClass, message, step } = error;
    const attempt: FailedAttempt = {
      attempt: failures + 1,
      class: errorClass,
      message,
      time: new Date(now).toISOString(),
      ...(step === undefined ? {} : { step }),
    };
    const next = afterAttempt({ failures, maxRetries: row.maxRetries, deadlineMs: row.deadlineMs }, errorClass, {
      retryJobs,
      nowMs: now,
      random: world.random(),
    });
    const placed = { failures: failures + 1, history: withAttempt(history, attempt) };
    const end = { n: 1, life: row.life, attempt: failures + 1, error, atMs: now };
    const places = givePlacesBack(TableName, row);
    if (next.kind === 'final')
      return {
        row: { status: 'FAILED', ...ended(now), failure: failureText(attempt, next.why) },
        placed: { ...placed, step: 'ended', stepKeyMs: now },
        told: { state: 'failed', class: errorClass },
        besides: [drop, ...places, ...(await tasks.writesOf(row.job, { ...end, status: 'failed', deadLettered: true }))],
      };
    const retrying: Step = {
      row: { status: 'PENDING' },
      placed: { ...placed, step: 'later', stepKeyMs: next.dueMs },
      told: { state: 'retrying', class: errorClass },
      besides: [...places, ...(await tasks.writesOf(row.job, { ...end, status: 'retrying' }))],
    };
    return moved(row, retrying, [drop]);
  }

  /** Back among those that wait, where it was in their order; no attempt is counted. */
  async function back(row: PlacedJob, now: number, begun: boolean, drop: TransactItem): Promise<Step> {
    const fresh = begun || row.placed.failures > 0 ? {} : { startedAtMs: undefined, deadlineMs: undefined };
    const step: Step = { row: { status: 'PENDING', ...fresh }, placed: {}, besides: givePlacesBack(TableName, row) };
    return toPool(row, row.readyAtMs ?? now, step, [drop]);
  }

  return {
    /** RUNNING → COMPLETED. */
    complete: (job: string, fence: number, outcome: JobOutcome): Promise<Stepped> =>
      take(job, 'the end', async (row, now) => {
        if (!holds(row, fence)) return undefined;
        const end = { n: 1, status: 'done' as const, life: row.life, attempt: row.placed.failures + 1, ...outcome, atMs: now };
        return {
          row: { status: 'COMPLETED', ...ended(now) },
          placed: { step: 'ended', stepKeyMs: now },
          told: { state: 'completed' },
          besides: [dropLease(row), ...givePlacesBack(TableName, row), ...(await tasks.writesOf(job, end))],
        };
      }),

    /** The attempt failed: RUNNING → PENDING, to be tried again, or FAILED. */
    failAttempt: (job: string, fence: number, error: TaskError): Promise<Stepped> =>
      take(job, 'the failed attempt', (row, now) => (holds(row, fence) ? failed(row, error, now, dropLease(row)) : undefined)),

    /**
     * Its lease ran out. Who had begun failed by silence (RESOURCE, as the consumer library has it: most likely it ran out of
     * something). Where nobody had, the task is still on the pool's queue: the job is placed anew, and no attempt is counted.
     */
    expire: (job: string): Promise<Stepped> =>
      take(job, 'the expiry', async (row, now) => {
        const seen = await lease(job);
        if (seen === undefined || !holds(row, seen.fence)) return undefined;
        // Another clock may be behind ours by so much.
        const byMs = now - clockSkewMs;
        if (seen.deadlineMs !== undefined && seen.deadlineMs <= byMs)
          return failed(row, { class: 'RESOURCE', message: overText(row, seen) }, now, dropLease(row));
        if (seen.expiresAtMs > byMs) return undefined;
        const drop = dropLease(row, ' AND expiresAtMs <= :by', { ':by': byMs });
        if (seen.heartbeatAtMs === undefined) return back(row, now, false, drop);
        const error: TaskError = {
          class: 'RESOURCE',
          message: silentText(seen, seen.heartbeatAtMs),
          ...(seen.step === undefined ? {} : { step: seen.step }),
        };
        return failed(row, error, now, drop);
      }),

    /** From a pool that is no more, as long as nobody has begun: the job is placed anew, and no attempt is counted. */
    handBack: (job: string, fence: number): Promise<Stepped> =>
      take(job, 'the return', (row, now) => (holds(row, fence) ? untilBegun(row, now) : undefined)),

    /**
     * By hand: whoever works for it has no lease any more, its place is free, and the job is placed anew at once. No attempt
     * is counted: it did not fail. Its recorded steps are kept, so that the next one goes on there.
     */
    release: (job: string): Promise<Stepped> =>
      take(job, 'the release', (row, now) => (row.placed.step === 'leased' ? back(row, now, true, dropLease(row)) : undefined)),

    /** → CANCELLED. Consumers are told first: nothing starts any more once it says so. */
    async cancel(job: string): Promise<Stepped> {
      const told = { ...jobStateKey(job), cancelledAtMs: nowMs(), expiresAt: keptUntil() };
      await documents.send(new PutCommand({ TableName: tasksTable, Item: told }));
      return take(job, 'the cancelling', (row, now) => {
        if (hasEnded(row.status)) return undefined;
        return {
          row: { status: 'CANCELLED', ...ended(now) },
          placed: { step: 'ended', stepKeyMs: now },
          told: { state: 'cancelled' },
          besides: row.placed.step === 'leased' ? [dropLease(row), ...givePlacesBack(TableName, row)] : dropStep(row),
        };
      });
    },

    /** FAILED → it waits for a pool again, or is looked at again where it was found bad. Its fencing numbers go on. */
    retry: (job: string): Promise<Stepped> =>
      take(job, 'the retry', async (row, now) => {
        if (row.status !== 'FAILED') return undefined;
        const life = row.life + 1;
        const again = { endedAtMs: undefined, expiresAt: undefined, failure: undefined, startedAtMs: undefined, deadlineMs: undefined };
        // Who has it tried again wants it though its time to start by is over.
        const placed = { failures: 0, startByMs: undefined };
        const queued = await tasks.writesOf(job, { n: 1, status: 'queued', life, attempt: 0, atMs: now });
        const fields = { status: 'PENDING' as const, life, ...again };
        if (!row.placed.unchecked) return toPool(row, now, { row: fields, placed, besides: queued });
        const validating = { ...placed, step: 'validating' as const, stepKeyMs: now };
        return moved(row, { row: fields, placed: validating, told: { state: 'validating' }, besides: queued });
      }),
  };

  /** Undefined where somebody has. */
  async function untilBegun(row: PlacedJob, now: number): Promise<Step | undefined> {
    const seen = await lease(row.job);
    if (seen?.heartbeatAtMs !== undefined) return undefined;
    return back(row, now, false, dropLease(row, ' AND attribute_not_exists(heartbeatAtMs)'));
  }
}

const iso = (ms: number) => new Date(ms).toISOString();
const silentText = ({ holder = 'who worked for it', pool }: LeaseRow, sinceMs: number) =>
  `${holder} on pool ${pool} has been silent since ${iso(sinceMs)}, and its lease ran out`;
const overText = ({ timeoutSeconds }: PlacedJob, { pool }: LeaseRow) =>
  `the ${timeoutSeconds} s of the job were over before it had ended on pool ${pool}`;
const failureText = ({ attempt, class: errorClass, message }: FailedAttempt, why: string) =>
  `attempt ${attempt} failed (${errorClass}): ${message}; ${why}`;

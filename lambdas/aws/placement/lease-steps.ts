/** A placed job gets a place, and whoever works for it says that it is alive. */
import { isDeepStrictEqual } from 'node:util';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { JobRow } from '../../contract/job-table.ts';
import type { Heartbeat } from '../../contract/lease-api.ts';
import type { PlacementReason } from '../../contract/placement.ts';
import { LeaseRow, leaseKey, type OverallRow, type PlacingRow } from '../../contract/placement-table.ts';
import { isPlaced, leaseRowOf, type PlacedJob } from '../../domain/placement/placed-job.ts';
import { isConditionFailed } from '../errors.ts';
import { type TransactItem, transact, untilDecided } from '../jobs/transactions.ts';
import { canBeSummed, type Placing, takePlaces } from './places.ts';
import type { PlacementParts, PlacementSteps } from './steps.ts';

/** Which job, where, and by which limits that was decided. */
export interface Start {
  job: Pick<PlacingRow, 'job' | 'affinity'>;
  pool: Placing['pool'];
  reason: PlacementReason;
  overall: OverallRow;
  /** The limit of its customer's own, as it is known. */
  ownMaxJobs?: number | undefined;
  /** The job as it was a moment ago; where it has changed since, it is read again. */
  seen?: JobRow | undefined;
}

/** Of one transaction, which takes 100 items: a job writes four of its own, its customer's and its pool's. */
export const mostStartsTogether = 16;

/**
 * Of the rows of their jobs. Items of a transaction may have 4 MB, as they were or will be (API_TransactWriteItems): the job's
 * own, and that of its place in the line, which says the same of its inputs.
 */
const mostBytesTogether = 1_500_000;

export interface Leased {
  kind: 'started';
  row: PlacedJob;
  lease: LeaseRow;
  event: string | undefined;
}

export type Started =
  | Leased
  /** The job does not wait there any more: it is somewhere else, or was changed. */
  | { kind: 'past'; row: JobRow | undefined }
  /** A limit holds it, or one was changed: what it was decided by is old. */
  | { kind: 'full'; of: 'overall' | 'customer' | 'pool' };

export function leaseSteps(
  { documents, jobsTable: TableName, leaseSeconds, world }: PlacementParts,
  { read, after, dropStep, nowMs }: PlacementSteps,
) {
  /** An update of the lease row alone; undefined where the lease is another one by now, or there is none. */
  async function touch(job: string, fence: number, set: Record<string, unknown>, condition: string, values: Record<string, unknown> = {}) {
    const names = Object.keys(set);
    try {
      const { Attributes } = await documents.send(
        new UpdateCommand({
          TableName,
          Key: leaseKey(job),
          UpdateExpression: `SET ${names.map((_, i) => `#f${i} = :f${i}`).join(', ')}`,
          ConditionExpression: `fence = :fence${condition}`,
          ExpressionAttributeNames: Object.fromEntries(names.map((name, i) => [`#f${i}`, name])),
          ExpressionAttributeValues: { ':fence': fence, ...Object.fromEntries(names.map((name, i) => [`:f${i}`, set[name]])), ...values },
          ReturnValues: 'ALL_NEW',
        }),
      );
      return LeaseRow.parse(Attributes);
    } catch (error) {
      if (isConditionFailed(error)) return undefined;
      throw error;
    }
  }

  /** The job with its lease, and the writes that give it that; its places are taken besides. */
  function leased(row: PlacedJob, { pool, reason }: Start): { started: Leased; items: TransactItem[] } {
    const now = nowMs();
    const startedAtMs = row.startedAtMs ?? now;
    const deadlineMs = row.deadlineMs ?? (row.timeoutSeconds === undefined ? undefined : startedAtMs + row.timeoutSeconds * 1_000);
    const { next, event, items } = after(row, {
      row: {
        status: 'RUNNING',
        startedAtMs,
        ...(deadlineMs === undefined ? {} : { deadlineMs }),
        // As of a job whose dispatcher is done with it.
        dispatched: 1,
        sentAll: true,
        cursor: { n: row.total ?? 1, byte: row.fileBytes ?? 0 },
      },
      placed: { step: 'leased', stepKeyMs: now, fence: row.placed.fence + 1, pool: pool.taskGroup, reason },
      told: { state: 'started' },
    });
    const lease = leaseRowOf(next, leaseSeconds);
    const put: TransactItem = { Put: { TableName, Item: { ...leaseKey(row.job), ...lease } } };
    return { started: { kind: 'started', row: next, lease, event }, items: [...items, ...dropStep(row), put] };
  }

  return {
    /** PENDING → RUNNING, with a lease and a place of each kind. */
    start: (start: Start): Promise<Started> => {
      const { job, overall } = start;
      let known = start.seen;
      return untilDecided(world, `the start of job ${job.job}`, async (): Promise<Started | undefined> => {
        const row = isPlaced(known) && waitsAs(known, job) ? known : await read(job.job);
        known = undefined;
        if (!isPlaced(row) || !waitsAs(row, job)) return { kind: 'past', row };
        const { started, items } = leased(row, start);
        const places = takePlaces(TableName, [{ ...start, row: started.row }], overall);
        const transacted = await transact(documents, [...items, ...places.items]);
        if (transacted.done) return started;
        const [first, ...more] = transacted.refused;
        // Where the job's own row was refused as well, it is that which is looked at again.
        const of = first === undefined || more.some((place) => place < items.length) ? undefined : places.limits[first - items.length];
        return of && { kind: 'full', of };
      });
    },

    /**
     * The same of several (1 to {@link mostStartsTogether}), of which each has been `seen`: all of them, in their order, or
     * undefined, and nothing is done: each must be looked at alone. All of a stage's starts write the one item of the overall
     * limit, one transaction after the other; together they write it once.
     */
    startTogether: async (starts: readonly Start[]): Promise<Leased[] | undefined> => {
      const placings = starts.flatMap((start) =>
        isPlaced(start.seen) && waitsAs(start.seen, start.job) ? [{ ...start, row: start.seen }] : [],
      );
      const [first] = placings;
      const bytes = placings.reduce((sum, { row }) => sum + Buffer.byteLength(JSON.stringify(row)), 0);
      const isPossible = placings.length === starts.length && bytes <= mostBytesTogether && placings.every(canBeSummed);
      if (first === undefined || !isPossible) return undefined;
      const places = takePlaces(TableName, placings, first.overall);
      const decided = await untilDecided(world, `the start of ${starts.length} jobs`, async (): Promise<Leased[] | 'apart' | undefined> => {
        const all = placings.map((placing) => leased(placing.row, placing));
        const transacted = await transact(documents, [...all.flatMap(({ items }) => items), ...places.items]);
        if (transacted.done) return all.map(({ started }) => started);
        return transacted.refused.length > 0 ? 'apart' : undefined;
      });
      return decided === 'apart' ? undefined : decided;
    },

    /** Its task is on the pool's queue. */
    noteSent: (job: string, fence: number) => touch(job, fence, { sentAtMs: nowMs() }, ''),

    /**
     * The lease as it is now, for so long again; undefined where it is not the caller's. One holder's at a time: another one
     * may take it over only where the work was handed on (`pending`), or says itself that it was handed to it: whoever hands on may
     * not have said so yet.
     */
    heartbeat: (job: string, fence: number, { holder, step, pending }: Heartbeat): Promise<LeaseRow | undefined> => {
      const now = nowMs();
      const said = {
        ...(holder === undefined ? {} : { holder }),
        ...(step === undefined ? {} : { step }),
        ...(pending === undefined ? {} : { pending }),
      };
      const set = { heartbeatAtMs: now, expiresAtMs: now + leaseSeconds * 1_000, ...said };
      if (holder === undefined || pending === true) return touch(job, fence, set, '');
      return touch(job, fence, set, ' AND (attribute_not_exists(holder) OR holder = :holder OR pending = :yes)', {
        ':holder': holder,
        ':yes': true,
      });
    },
  };
}

/** Its place in the order may be another by now; that it may start there is what counts. */
const waitsAs = ({ status, placed }: PlacedJob, { affinity }: Start['job']) =>
  status === 'PENDING' && placed.step === 'placing' && isDeepStrictEqual(placed.affinity, affinity);

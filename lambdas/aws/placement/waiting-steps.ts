/** Steps of a placed job that has no place: it is made, found good, becomes due, is changed, or never starts. */

import { isDeepStrictEqual } from 'node:util';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import type { JobState, TaskError } from '../../contract/job.ts';
import type { JobRow } from '../../contract/job-table.ts';
import type { JobChange } from '../../contract/lease-api.ts';
import { limitDefaults } from '../../contract/placement.ts';
import { OverallRow, overallKey, type Placed, type PlacedStep, type SizedInput } from '../../contract/placement-table.ts';
import { isPlaced, type PlacedJob, placingOrder } from '../../domain/placement/placed-job.ts';
import type { TransactItem } from '../jobs/transactions.ts';
import type { PlacementParts, PlacementSteps, Step, Stepped } from './steps.ts';

/** What looking at a job has brought. */
export interface Checked {
  inputs?: readonly SizedInput[];
  findings?: readonly string[];
}

/** Why a job failed before it had a place. */
export interface Unstarted extends Checked {
  error: TaskError;
  /** Only of a job that is in one of these. */
  from: readonly Exclude<PlacedStep, 'leased' | 'ended'>[];
}

const waits = ({ status, placed }: PlacedJob) => status === 'PENDING' && placed.step !== 'leased' && placed.step !== 'ended';

export type WaitingSteps = ReturnType<typeof waitingSteps>;

export function waitingSteps(
  { documents, jobsTable: TableName, tasks }: PlacementParts,
  { take, after, dropStep, putStep, keptUntil }: PlacementSteps,
) {
  async function ageingSeconds(): Promise<number> {
    const { Item } = await documents.send(new GetCommand({ TableName, Key: overallKey, ConsistentRead: true }));
    return Item === undefined ? limitDefaults.ageingSeconds : OverallRow.parse(Item).ageingSeconds;
  }

  /** To where a job waits that is as `step` says: its row there, in place of the one before, unless who calls takes care of that. */
  function moved(row: PlacedJob, step: Step, drop = dropStep(row)): Step {
    const there = { ...row, ...step.row, placed: { ...row.placed, ...step.placed } } as PlacedJob;
    return { ...step, besides: [...drop, putStep(there), ...(step.besides ?? [])] };
  }

  /** It waits for a pool, since `readyAtMs`. */
  async function toPool(
    row: PlacedJob,
    readyAtMs: number,
    { row: fields, placed, besides = [] }: Step,
    drop?: TransactItem[],
  ): Promise<Step> {
    const stepKeyMs = placingOrder(row, readyAtMs, await ageingSeconds());
    const step: Step = {
      row: { ...fields, readyAtMs },
      placed: { ...placed, step: 'placing', stepKeyMs },
      told: { state: 'waiting' },
      besides,
    };
    return moved(row, step, drop);
  }

  return {
    moved,
    toPool,

    /** The row of a new job as it is stored, and what is written with it. */
    first(made: JobRow): { row: JobRow; event: string | undefined; besides: TransactItem[] } {
      if (!isPlaced(made)) throw new Error(`job ${made.job} states no needs`);
      const state = firstStates[made.placed.step];
      const { next, event, items } = after({ ...made, placed: { ...made.placed, revision: 0 } }, { placed: {}, told: { state } });
      return { row: next, event, besides: [putStep(next), ...items.slice(1)] };
    },

    /** It was found good, or its time has come: it waits for a pool, or for its time first. */
    toPlacing: (job: string, { inputs, findings }: Checked = {}): Promise<Stepped> =>
      take(job, 'the way to a pool', async (row, now) => {
        const { step, stepKeyMs } = row.placed;
        if (!waits(row) || step === 'placing' || (step === 'later' && stepKeyMs > now)) return undefined;
        const placed = {
          ...(inputs === undefined ? {} : { inputs: [...inputs] }),
          ...(findings === undefined ? {} : { findings: [...findings] }),
          unchecked: undefined,
        };
        if (step === 'validating' && row.runAtMs !== undefined && row.runAtMs > now)
          return moved(row, { placed: { ...placed, step: 'later', stepKeyMs: row.runAtMs }, told: { state: 'scheduled' } });
        return toPool(row, now, { placed });
      }),

    /** PENDING → FAILED without a place: it was found bad, or nobody could begin it in time. */
    failUnstarted: (job: string, { error, findings, from }: Unstarted): Promise<Stepped> =>
      take(job, 'the failure', async (row, now) => {
        const { step, failures } = row.placed;
        if (!waits(row) || !from.some((one) => one === step)) return undefined;
        const { class: errorClass, message } = error;
        const end = { n: 1, status: 'failed' as const, life: row.life, attempt: failures, error, unsent: row.dispatched === 0, atMs: now };
        return {
          row: { status: 'FAILED', endedAtMs: now, expiresAt: keptUntil(), failure: message },
          placed: {
            step: 'ended',
            stepKeyMs: now,
            ...(findings === undefined ? {} : { findings: [...findings] }),
            ...(step === 'validating' ? { unchecked: true } : {}),
          },
          told: { state: 'failed', class: errorClass },
          besides: [...dropStep(row), ...(await tasks.writesOf(job, end))],
        };
      }),

    /** Of a job that waits: another priority, another pool it wants, more or fewer retries. */
    change: (job: string, { priority, affinity, maxRetries }: JobChange): Promise<Stepped> =>
      take(job, 'the change', async (row) => {
        if (!waits(row)) return undefined;
        const fields = { ...(priority === undefined ? {} : { priority }), ...(maxRetries === undefined ? {} : { maxRetries }) };
        const placed: Partial<Record<'affinity', Placed['affinity']>> = affinity === undefined ? {} : { affinity: affinity ?? undefined };
        if (row.placed.step !== 'placing') return { row: fields, placed };
        return replaced(row, { ...fields }, placed, await ageingSeconds());
      }),
  };

  /** Stays where it is in the order but for its priority: since when it waits is kept. A transaction takes no item twice. */
  function replaced(row: PlacedJob, fields: Step['row'] & object, placed: Step['placed'], ageing: number): Step {
    const readyAtMs = row.readyAtMs ?? row.createdAtMs;
    const stepKeyMs = placingOrder({ priority: fields.priority ?? row.priority }, readyAtMs, ageing);
    const there = { ...row, ...fields, placed: { ...row.placed, ...placed, stepKeyMs } } as PlacedJob;
    const drop = isDeepStrictEqual(dropStep(row), dropStep(there)) ? [] : dropStep(row);
    return { row: fields, placed: { ...placed, stepKeyMs }, besides: [...drop, putStep(there)] };
  }
}

const firstStates: Record<PlacedStep, JobState> = {
  validating: 'validating',
  later: 'scheduled',
  placing: 'waiting',
  leased: 'started',
  ended: 'failed',
};

/** Figures of a stage put together from what was read of its parts. Pure. */

import { hasEnded } from '../../contract/job.ts';
import type { ConcurrencyStats, GroupStats } from '../../contract/job-api-stage.ts';
import { groupTarget } from '../../contract/job-messages.ts';
import type { JobRow } from '../../contract/job-table.ts';
import type { PipelineRow } from '../../contract/pipeline-row.ts';
import { shownItem } from './pipeline-view.ts';

export interface SeenGroup {
  row: PipelineRow;
  queue: { inFlight: number; queued: number };
  deadLetters: number;
}

/** `jobs`: those that have not ended. */
export function groupStats({ row, queue, deadLetters }: SeenGroup, jobs: readonly JobRow[], nowMs: number): GroupStats {
  const { concurrency, ratePerSecond, paused = false } = shownItem(row);
  const own = jobs.filter(({ target, status }) => target === groupTarget(row.taskGroup) && !hasEnded(status));
  const age = oldestAgeSeconds(own, nowMs);
  const cools = row.limited?.mappingDisabled === true && row.limited.untilMs > nowMs;
  return {
    taskGroup: row.taskGroup,
    phase: row.phase,
    ...(concurrency === undefined ? {} : { limit: concurrency }),
    ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
    ...(row.reserved === undefined ? {} : { reserved: row.reserved }),
    ...queue,
    stored: own.reduce((sum, job) => sum + storedTasks(job), 0),
    ...(age === undefined ? {} : { oldestAgeSeconds: age }),
    deadLetters,
    mappingRuns: row.resources.mappingId !== undefined && !paused && !cools,
    dispatching: own.some(isDispatching),
    jobs: {
      running: own.filter(({ status }) => status === 'RUNNING').length,
      waiting: own.filter(({ status }) => status === 'PENDING').length,
    },
  };
}

/** Not sent yet; of a job whose file is being read, those that were read so far. */
const storedTasks = ({ total, intake, dispatched }: JobRow) => Math.max(0, (total ?? intake?.n ?? 0) - dispatched);

export const isDispatching = ({ status, sentAll }: Pick<JobRow, 'status' | 'sentAll'>) => status === 'RUNNING' && !sentAll;

export function oldestAgeSeconds(jobs: readonly Pick<JobRow, 'createdAtMs'>[], nowMs: number): number | undefined {
  const oldestMs = jobs.reduce((oldest, { createdAtMs }) => Math.min(oldest, createdAtMs), Number.POSITIVE_INFINITY);
  return Number.isFinite(oldestMs) ? Math.max(0, Math.round((nowMs - oldestMs) / 1_000)) : undefined;
}

type Sums = Pick<ConcurrencyStats['overall'], 'limit' | 'inFlight' | 'queued' | 'stored' | 'deadLetters'>;

export const sumOfGroups = (groups: readonly GroupStats[]): Sums =>
  groups.reduce<Sums>(
    (sum, { limit = 0, inFlight, queued, stored, deadLetters }) => ({
      limit: sum.limit + limit,
      inFlight: sum.inFlight + inFlight,
      queued: sum.queued + queued,
      stored: sum.stored + stored,
      deadLetters: sum.deadLetters + deadLetters,
    }),
    { limit: 0, inFlight: 0, queued: 0, stored: 0, deadLetters: 0 },
  );

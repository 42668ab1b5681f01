/** A job as the API shows it. Pure. */
import { hasEnded, type Job, type JobTask, type JobTaskStatus } from '../../contract/job.ts';
import { functionOfTarget, taskGroupOfTarget } from '../../contract/job-messages.ts';
import type { Counts, JobRow, TaskRow } from '../../contract/job-table.ts';
import type { LeaseRow } from '../../contract/placement-table.ts';
import { processed } from './ending.ts';
import { placedMessage, placedView } from './placed-view.ts';

const iso = (ms: number) => new Date(ms).toISOString();
const isoIf = <Name extends string>(name: Name, ms: number | undefined) =>
  (ms === undefined ? {} : { [name]: iso(ms) }) as { [K in Name]?: string };

/** `lease`: of a job that was placed on a pool and is there. */
export function apiView(row: JobRow, counts: Counts, nowMs: number, lease?: LeaseRow): Job {
  const taskGroup = taskGroupOfTarget(row.target);
  const reference = functionOfTarget(row.target);
  return {
    id: row.job,
    status: row.status,
    message: row.placed === undefined ? messageOf(row, counts, nowMs) : placedMessage(row, row.placed, lease, nowMs),
    ...(taskGroup === undefined ? {} : { taskGroup }),
    ...(reference === undefined ? {} : { function: reference }),
    ...(row.name === undefined ? {} : { name: row.name }),
    ...(row.customer === undefined ? {} : { customer: row.customer }),
    ...(row.placed === undefined ? {} : placedView(row, row.placed, lease)),
    priority: row.priority,
    ...(row.total === undefined ? {} : { total: row.total }),
    dispatched: row.dispatched,
    processed: processed(counts),
    completed: counts.completed,
    failed: counts.failed,
    retrying: hasEnded(row.status) ? 0 : counts.retrying,
    deadLettered: counts.deadLettered,
    cancelled: row.status === 'CANCELLED' ? Math.max(0, (row.total ?? 0) - processed(counts)) : 0,
    ...pace(row, counts, nowMs),
    maxFailures: row.maxFailures,
    life: row.life,
    ...(row.warnings.length === 0 ? {} : { warnings: row.warnings }),
    createdAt: iso(row.createdAtMs),
    ...isoIf('runAt', row.runAtMs),
    ...isoIf('startedAt', row.startedAtMs),
    ...isoIf('endedAt', row.endedAtMs),
  };
}

/** Since it started: what is left takes as long per task as what is done did. */
function pace(
  { startedAtMs, endedAtMs, total, status }: JobRow,
  counts: Counts,
  nowMs: number,
): Pick<Job, 'ratePerSecond' | 'estimatedEndAt'> {
  const done = processed(counts);
  const seconds = startedAtMs === undefined ? 0 : ((endedAtMs ?? nowMs) - startedAtMs) / 1_000;
  if (done === 0 || seconds <= 0) return {};
  const ratePerSecond = done / seconds;
  const rate = { ratePerSecond: Number(ratePerSecond.toPrecision(4)) };
  if (status !== 'RUNNING' || total === undefined) return rate;
  const leftMs = ((total - done) / ratePerSecond) * 1_000;
  const end = new Date(nowMs + leftMs);
  return Number.isNaN(end.getTime()) ? rate : { ...rate, estimatedEndAt: end.toISOString() };
}

function messageOf(row: JobRow, counts: Counts, nowMs: number): string {
  const { status, total = 0, failure, maxFailures } = row;
  switch (status) {
    case 'PENDING':
      return pendingMessage(row, nowMs);
    case 'RUNNING':
      return `${processed(counts)} of ${tasks(total)} processed, ${row.dispatched} sent`;
    case 'COMPLETED':
      return counts.failed === 0
        ? `all ${tasks(total)} done`
        : `${counts.completed} of ${tasks(total)} done, ${counts.failed} failed, ${maxFailures} may`;
    case 'FAILED':
      return failure ?? `${counts.failed} of ${tasks(total)} failed, ${maxFailures === 0 ? 'none' : `at most ${maxFailures}`} may`;
    case 'CANCELLED':
      return `cancelled with ${counts.completed} of ${tasks(total)} done`;
  }
}

function pendingMessage({ intake, total, runAtMs, life }: JobRow, nowMs: number): string {
  if (total === undefined) return intake === undefined ? 'waits for its file to be read' : `reads its file: ${tasks(intake.n)} so far`;
  if (runAtMs !== undefined && runAtMs > nowMs) return `starts at ${iso(runAtMs)}`;
  return life === 0 ? 'starts as soon as it has a slot' : 'waits for a slot to try its failed tasks again';
}

const tasks = (count: number) => (count === 1 ? '1 task' : `${count} tasks`);

/** A task without a row: nothing more is known than whether it was sent. */
export function statusWithoutRow(row: Pick<JobRow, 'status' | 'cursor' | 'life'>, n: number): JobTaskStatus {
  if (row.status === 'CANCELLED') return 'cancelled';
  return row.life > 0 || n <= row.cursor.n ? 'queued' : 'pending';
}

export function taskView(row: TaskRow): JobTask {
  const { n, id, attempt, error, updatedAtMs, status } = row;
  return {
    n,
    ...(id === undefined ? {} : { id }),
    status,
    ...(attempt > 0 ? { attempts: attempt } : {}),
    ...(row.result === undefined ? {} : { result: JSON.parse(row.result) }),
    ...(row.resultKey === undefined ? {} : { resultTooLarge: true }),
    ...(error === undefined ? {} : { error }),
    updatedAt: iso(updatedAtMs),
  };
}

/** What a job that states needs shows besides: where it is, who works for it, and until when it is so. Pure. */
import { hasEnded, type Job, type JobLease } from '../../contract/job.ts';
import type { JobRow } from '../../contract/job-table.ts';
import type { LeaseRow, Placed } from '../../contract/placement-table.ts';

const iso = (ms: number) => new Date(ms).toISOString();

type Shown = Pick<
  Job,
  | 'needs'
  | 'affinity'
  | 'objective'
  | 'maxRetries'
  | 'startBy'
  | 'pool'
  | 'reason'
  | 'quantities'
  | 'attempts'
  | 'history'
  | 'findings'
  | 'lease'
>;

export function placedView({ maxRetries, status }: JobRow, placed: Placed, lease: LeaseRow | undefined): Shown {
  const { needs, affinity, objective, startByMs, pool, reason, fence, history, findings } = placed;
  const isOn = !hasEnded(status) && lease !== undefined && lease.fence === fence;
  const quantities = isOn ? lease.quantities : needs.quantities;
  return {
    needs,
    ...(affinity === undefined ? {} : { affinity }),
    objective,
    maxRetries,
    ...(startByMs === undefined ? {} : { startBy: iso(startByMs) }),
    ...(pool === undefined ? {} : { pool }),
    ...(reason === undefined ? {} : { reason }),
    ...(quantities === undefined ? {} : { quantities }),
    attempts: fence,
    ...(history.length === 0 ? {} : { history }),
    ...(findings === undefined ? {} : { findings }),
    ...(isOn ? { lease: leaseView(lease) } : {}),
  };
}

export function leaseView({ pool, fence, holder, grantedAtMs, heartbeatAtMs, expiresAtMs, step }: LeaseRow): JobLease {
  return {
    pool,
    fence,
    ...(holder === undefined ? {} : { holder }),
    grantedAt: iso(grantedAtMs),
    ...(heartbeatAtMs === undefined ? {} : { heartbeatAt: iso(heartbeatAtMs) }),
    expiresAt: iso(expiresAtMs),
    ...(step === undefined ? {} : { step }),
  };
}

/** One line, which always says until when it is so, or what is done about it. */
export function placedMessage(row: JobRow, placed: Placed, lease: LeaseRow | undefined, nowMs: number): string {
  switch (row.status) {
    case 'PENDING':
      return waitingMessage(row, placed, nowMs);
    case 'RUNNING':
      return leasedMessage(placed, lease, nowMs);
    case 'COMPLETED':
      return `done${placed.pool === undefined ? '' : ` on pool ${placed.pool}`}`;
    case 'FAILED':
      return row.failure ?? lastFailure(placed) ?? 'failed';
    case 'CANCELLED':
      return placed.fence === 0 ? 'cancelled before it started' : 'cancelled';
  }
}

function waitingMessage({ readyAtMs }: JobRow, placed: Placed, nowMs: number): string {
  const { step, stepKeyMs, startByMs, fence, failures } = placed;
  const by = startByMs === undefined || fence > 0 ? '' : `; fails if it has not started by ${iso(startByMs)}`;
  if (step === 'validating') return `its inputs are looked at before it waits for a pool, again every minute until that is done${by}`;
  if (step === 'later')
    return failures === 0
      ? `waits for its time: starts at ${iso(stepKeyMs)} or later${by}`
      : `retried at ${iso(stepKeyMs)}: ${lastFailure(placed) ?? ''}`;
  const since = readyAtMs === undefined || readyAtMs > nowMs ? '' : ` since ${iso(readyAtMs)}`;
  return `waits for a pool${since}; GET /jobs/{id}/explain says for what, and when it starts${by}`;
}

function leasedMessage({ pool = '?' }: Placed, lease: LeaseRow | undefined, nowMs: number): string {
  if (lease === undefined) return `on pool ${pool}`;
  const { grantedAtMs, expiresAtMs, holder, step } = lease;
  const since = `on pool ${lease.pool} since ${iso(grantedAtMs)}`;
  if (expiresAtMs <= nowMs)
    return `${since}; nobody was heard of, and its lease is over since ${iso(expiresAtMs)}: it is tried again within 30 s`;
  const who = holder === undefined ? ', not begun yet' : step === undefined ? '' : `, at step ${step}`;
  return `${since}${who}, lease until ${iso(expiresAtMs)}`;
}

function lastFailure({ history }: Placed): string | undefined {
  const last = history.at(-1);
  if (last === undefined) return undefined;
  return `attempt ${last.attempt} failed${last.step === undefined ? '' : ` in step ${last.step}`}, ${last.class}: ${last.message}`;
}

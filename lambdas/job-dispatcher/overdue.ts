/** Ends what should have ended: tasks past their own deadline, chunk by chunk; or, where the time of their job is over, all. */
import { attemptFailed } from '../aws/jobs/function-attempts.ts';
import type { JobServices } from '../aws/jobs/job-services.ts';
import type { ChunkRow, JobRow } from '../contract/job-table.ts';
import type { Located } from '../domain/job/line.ts';
import { deadlineOf, graceMs, isOfChunk, isOpen, usualTimeoutSeconds } from '../domain/job/overdue.ts';
import { inWaves } from '../framework/in-waves.ts';
import { endAll } from './end-all.ts';
import { failedEnd, rowsOf, tasksAtOnce } from './ended-tasks.ts';
import { type JobFile, jobFile } from './job-file.ts';
import type { TargetState } from './target-state.ts';

const attemptsAtOnce = 10;
/** Between two looks through a job's chunks: of a function there may be thousands, and one due at any moment. */
const pauseMs = 10_000;

/** Whether anything was changed. */
export async function endOverdue(services: JobServices, state: TargetState, row: JobRow, endMs: number): Promise<boolean> {
  const nowMs = services.clock.nowMs();
  if (row.deadlineMs !== undefined && row.deadlineMs + graceMs <= nowMs) return endAll(services, row, endMs);
  if (typeof row.nextChunkMs !== 'number' || row.nextChunkMs > nowMs || state.kind === 'waits') return false;
  const file = jobFile(services, row);
  const usualSeconds = state.kind === 'gone' ? 0 : usualTimeoutSeconds(state);
  const kind = row.target.startsWith('function:') ? 'function' : 'group';
  let next: number | null = null;
  for await (const page of services.dispatchState.chunks(row.job)) {
    for (const chunk of page) {
      // The next look begins anew, with those that are left.
      if (services.clock.nowMs() >= endMs) return true;
      const dueMs = chunk.dueMs > nowMs ? chunk.dueMs : await endChunk(services, row, chunk, { file, kind, usualSeconds, nowMs });
      if (dueMs !== undefined) next = Math.min(next ?? dueMs, dueMs);
    }
  }
  await services.dispatchState.leave(row, { ...row, nextChunkMs: next === null ? null : Math.max(next, nowMs + pauseMs) });
  return true;
}

interface Overdue {
  file: JobFile;
  kind: 'group' | 'function';
  usualSeconds: number;
  nowMs: number;
}

/** When it is to be looked at again; undefined: never. */
async function endChunk(services: JobServices, job: JobRow, chunk: ChunkRow, overdue: Overdue): Promise<number | undefined> {
  const { file, kind, usualSeconds, nowMs } = overdue;
  let nextMs: number | undefined;
  if (chunk.life === job.life)
    for await (const located of file.ofChunk(chunk, tasksAtOnce)) {
      const tasks = located.filter(({ task }) => isOfChunk(chunk, task));
      const rows = await rowsOf(services, job, tasks);
      const late: Located[] = [];
      for (const place of tasks) {
        if (!isOpen(rows.get(place.task.n), { life: chunk.life, attempt: attemptOf(chunk, place.task.n), kind })) continue;
        const dueMs = deadlineOf(place.task, chunk.sentAtMs, usualSeconds) + (kind === 'group' ? graceMs : 0);
        if (dueMs <= nowMs) late.push(place);
        else nextMs = Math.min(nextMs ?? dueMs, dueMs);
      }
      await endLate(services, job, chunk, late, kind);
    }
  if (nextMs === undefined) await services.dispatchState.forgetChunk(job.job, chunk);
  else await services.dispatchState.postponeChunk(job.job, chunk, nextMs);
  return nextMs;
}

/** Those of a range were sent for the first time, in their life. */
const attemptOf = ({ ns }: ChunkRow, n: number) => ns?.find((task) => task.n === n)?.attempt ?? 1;

async function endLate(
  services: JobServices,
  job: JobRow,
  chunk: ChunkRow,
  late: readonly Located[],
  kind: Overdue['kind'],
): Promise<void> {
  if (late.length === 0) return;
  services.log.warn('tasks overdue', { job: job.job, tasks: late.length, first: late[0]?.task.n });
  if (kind === 'group') {
    const message = 'it has not ended by its deadline, and nothing was heard of it: lost, or its consumer does not report';
    await services.tasks.apply(
      job.job,
      late.map(({ task }) => failedEnd(task, chunk.life, message, services.clock.nowMs())),
    );
    return;
  }
  const error = { class: 'TRANSIENT', message: 'the function gave no result by the deadline' } as const;
  await inWaves(late, attemptsAtOnce, ({ task: { n, id }, fromByte, toByte }) =>
    attemptFailed(services, job, { n, id, life: chunk.life, attempt: attemptOf(chunk, n), fromByte, toByte }, error),
  );
}

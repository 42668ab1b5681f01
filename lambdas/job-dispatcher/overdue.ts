/** Ends what should have ended: tasks past their own deadline, chunk by chunk, and everything of a job whose time is over. */
import { endOfTimeMs } from '../aws/jobs/dispatch-state.ts';
import { attemptFailed } from '../aws/jobs/function-attempts.ts';
import type { JobServices } from '../aws/jobs/job-services.ts';
import type { ChunkRow, JobRow, TaskRow } from '../contract/job-table.ts';
import type { Located } from '../domain/job/line.ts';
import { deadlineOf, graceMs, isOfChunk, isOpen, usualTimeoutSeconds } from '../domain/job/overdue.ts';
import type { TaskEnd } from '../domain/job/task-end.ts';
import { type JobFile, jobFile } from './job-file.ts';
import type { TargetState } from './target-state.ts';

const tasksAtOnce = 500;

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
      const dueMs = chunk.dueMs > nowMs ? chunk.dueMs : await endChunk(services, row, chunk, { file, kind, usualSeconds, nowMs });
      if (dueMs !== undefined) next = Math.min(next ?? dueMs, dueMs);
    }
    if (services.clock.nowMs() >= endMs) break;
  }
  await services.dispatchState.leave(row, { ...row, nextChunkMs: next });
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

async function rowsOf({ tasks }: JobServices, { job }: JobRow, located: readonly Located[]): Promise<Map<number, TaskRow>> {
  const numbers = located.map(({ task }) => task.n);
  return numbers.length === 0 ? new Map() : tasks.range(job, Math.min(...numbers), Math.max(...numbers));
}

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
  for (const { task, fromByte, toByte } of late) {
    const attempt = attemptOf(chunk, task.n);
    const error = { class: 'TRANSIENT', message: 'the function gave no result by the deadline' } as const;
    await attemptFailed(services, job, { n: task.n, id: task.id, life: chunk.life, attempt, fromByte, toByte }, error);
  }
}

const failedEnd = ({ n, id }: { n: number; id?: string | undefined }, life: number, message: string, atMs: number): TaskEnd => ({
  n,
  id,
  status: 'failed',
  life,
  attempt: 0,
  error: { class: 'RESOURCE', message },
  atMs,
});

/** The job's time is over: all that has not ended has failed, sent or not. Goes on where the last look stopped. */
async function endAll(services: JobServices, job: JobRow, endMs: number): Promise<boolean> {
  const { clock, dispatchState, tasks } = services;
  if (job.sentAll && job.overdueAt === null) return false;
  let row = job;
  const message = `the ${job.timeoutSeconds} s of its job were over before it had ended`;
  if (!(await endPutAside(services, job, message, endMs))) return true;
  for await (const located of jobFile(services, job).blocks(job.overdueAt?.byte ?? 0, tasksAtOnce)) {
    const rows = await rowsOf(services, job, located);
    const open = located.filter(({ task }) => {
      const known = rows.get(task.n);
      return known?.status !== 'done' && known?.status !== 'failed';
    });
    await tasks.apply(
      job.job,
      open.map(({ task }) => ({
        ...failedEnd(task, job.life, message, clock.nowMs()),
        unsent: job.life === 0 && task.n > job.cursor.n,
      })),
    );
    const last = located.at(-1);
    if (last !== undefined && clock.nowMs() >= endMs) {
      await dispatchState.saveOverdue(row, { n: last.task.n, byte: last.toByte }, row);
      return true;
    }
  }
  row = await dispatchState.saveOverdue(row, null, { cursor: { n: row.total ?? 0, byte: row.fileBytes ?? 0 }, sentAll: true });
  return true;
}

/** Tasks that were to be sent later: ended, then forgotten. False: there are more, and no time. */
async function endPutAside({ clock, dispatchState, tasks }: JobServices, job: JobRow, message: string, endMs: number): Promise<boolean> {
  for (;;) {
    const later = await dispatchState.dueBy(job.job, endOfTimeMs, tasksAtOnce);
    if (later.length === 0) return true;
    if (clock.nowMs() >= endMs) return false;
    const ofThisLife = later.filter(({ life }) => life === job.life);
    await tasks.apply(
      job.job,
      ofThisLife.map(({ n, attempt, taken }) => ({
        ...failedEnd({ n }, job.life, message, clock.nowMs()),
        unsent: job.life === 0 && attempt === 1 && !taken,
      })),
    );
    await dispatchState.forgetLater(job.job, later);
  }
}

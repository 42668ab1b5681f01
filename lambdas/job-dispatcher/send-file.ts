/**
 * The next tasks of a job's file, as many as are allowed. Tasks that are not to start yet are put aside; where failed ones
 * are tried again, only those are sent; of a function each block is claimed before the first of it is invoked, so that a
 * dispatcher that dies can have left no more accepted than was counted.
 */
import { attemptFailed } from '../aws/jobs/function-attempts.ts';
import type { StoredTask } from '../contract/job-table.ts';
import type { Located } from '../domain/job/line.ts';
import { isPutAside } from '../domain/job/overdue.ts';
import type { Dispatched, Progress, Refusal } from './dispatch-input.ts';
import type { JobSending } from './job-sending.ts';
import { dispatchTo } from './outlet.ts';
import { retriedTasks } from './retried-tasks.ts';

/** Why it stopped; `end` only where all was sent or put aside. */
export async function sendFile(sending: JobSending, allowance: number): Promise<Dispatched['stopped']> {
  const { services, row, file, target } = sending;
  const claims = target.kind === 'function';
  const retried = retriedTasks(sending);
  let isOver = false;
  // What was begun is sent to its end all the same: each try of a task that is not taken at once would be its first.
  async function* turn(blocks: AsyncIterable<Located[]>): AsyncGenerator<Located[]> {
    for await (const block of blocks) {
      isOver = services.clock.nowMs() >= sending.time.turnEndMs;
      if (isOver) return;
      yield block;
    }
  }
  let saved = 0;
  const save = async ({ cursor, sent }: Progress) => {
    const count = sent - saved;
    saved = sent;
    if (row.life > 0) await retried.count(cursor.n);
    return sending.write((current) =>
      services.dispatchState.checkpoint(current, { cursor, count, dueMs: sending.takeDue(), asOfMs: sending.asOfMs }),
    );
  };
  const tryOf = (n: number) => ({ attempt: 1, error: retried.errorOf(n) });
  const dispatched = await dispatchTo(sending, tryOf, {
    blocks: turn(file.blocks(row.cursor.byte, row.batchSize)),
    start: row.cursor,
    allowance,
    prepare: async (tasks) => {
      const due = row.life === 0 ? await withoutLater(sending, tasks) : await retried.choose(tasks);
      if (claims) await claim(sending, tasks, due);
      if (claims && row.life > 0) await retried.count();
      return due;
    },
    refused: (refusals) => refuse(sending, refusals),
    ...(claims ? { setAside: (places) => putAsideClaimed(sending, places) } : { checkpoint: save }),
  });
  if (!claims && dispatched.cursor.n > sending.row.cursor.n) await save(dispatched);
  return isOver ? 'time' : dispatched.stopped;
}

async function withoutLater(sending: JobSending, tasks: readonly Located[]): Promise<readonly Located[]> {
  const { services, row } = sending;
  const later = tasks.filter(({ task }) => isPutAside(task, sending.asOfMs));
  // A look that died may have put aside what is due by now: it is sent from here, and must not be from there as well.
  const due = tasks.flatMap(({ task: { n, runAtMs } }) =>
    runAtMs !== undefined && runAtMs > (row.startedAtMs ?? 0) && runAtMs <= sending.asOfMs ? [{ n, dueMs: runAtMs }] : [],
  );
  await services.dispatchState.forgetLater(row.job, due);
  if (later.length === 0) return tasks;
  await services.dispatchState.putAside(
    row.job,
    later.map((located) => ({ ...laterOf(sending, located.task, located), dueMs: located.task.runAtMs ?? sending.asOfMs })),
  );
  return tasks.filter((located) => !later.includes(located));
}

type Place = Pick<Located, 'fromByte' | 'toByte'>;

const laterOf = ({ services, row }: JobSending, { n, runAtMs = 0 }: Pick<StoredTask, 'n' | 'runAtMs'>, { fromByte, toByte }: Place) => ({
  n,
  dueMs: runAtMs,
  attempt: 1,
  life: row.life,
  taken: false,
  fromByte,
  toByte,
  expiresAt: Math.ceil(Math.max(runAtMs, services.clock.nowMs()) / 1_000) + services.dispatchState.keepSeconds,
});

/** From here on they count as accepted. */
async function claim(sending: JobSending, read: readonly Located[], due: readonly Located[]): Promise<void> {
  const last = read.at(-1);
  if (last === undefined) return;
  for (const { task } of due) sending.noteDue(task);
  const cursor = { n: last.task.n, byte: last.toByte };
  await sending.write((row) =>
    sending.services.dispatchState.checkpoint(row, { cursor, count: due.length, dueMs: sending.takeDue(), asOfMs: sending.asOfMs }),
  );
}

/** Soon: what was claimed and could not be invoked is accepted by nobody. */
const soonMs = 5_000;

async function putAsideClaimed(sending: JobSending, places: readonly (Place & { n: number })[]): Promise<void> {
  const dueMs = sending.services.clock.nowMs() + soonMs;
  await sending.services.dispatchState.putAside(
    sending.row.job,
    places.map((place) => ({ ...laterOf(sending, { n: place.n, runAtMs: dueMs }, place), taken: true })),
  );
}

/** They count as failed, and as never sent; those of a function as an attempt, which may be followed by another. */
export async function refuse(sending: JobSending, refusals: readonly Refusal[], attemptOf: (n: number) => number = () => 1): Promise<void> {
  const { services, row, target } = sending;
  services.log.warn('tasks refused', { job: row.job, tasks: refusals.length, reason: refusals[0]?.message });
  if (target.kind === 'function') {
    for (const { n, id, fromByte, toByte, class: errorClass, message } of refusals)
      await attemptFailed(
        services,
        row,
        { n, id, life: row.life, attempt: attemptOf(n), fromByte, toByte },
        { class: errorClass, message },
      );
    return;
  }
  const atMs = services.clock.nowMs();
  await services.tasks.apply(
    row.job,
    refusals.map(({ n, id, class: errorClass, message }) => ({
      n,
      id,
      status: 'failed',
      life: row.life,
      attempt: 0,
      error: { class: errorClass, message },
      unsent: true,
      atMs,
    })),
  );
}

/** Tasks that were put aside and are due. Of a group they are sent, then forgotten; of a function claimed, then invoked. */
import type { LaterRow } from '../contract/job-table.ts';
import type { Located } from '../domain/job/line.ts';
import type { Refusal } from './dispatch-input.ts';
import type { JobSending } from './job-sending.ts';
import { dispatchTo } from './outlet.ts';
import { refuse } from './send-file.ts';

/** What goes with the job's row into one transaction. */
const atOnce = 90;

/** How many were sent. */
export async function sendLater(sending: JobSending, allowance: number): Promise<number> {
  const { services, row, asOfMs, endMs } = sending;
  let sent = 0;
  while (sent < allowance && services.clock.nowMs() < endMs) {
    const due = await services.dispatchState.dueBy(row.job, asOfMs, Math.min(atOnce, allowance - sent));
    if (due.length === 0) break;
    sent += await sendDue(sending, due);
  }
  return sent;
}

async function sendDue(sending: JobSending, due: readonly LaterRow[]): Promise<number> {
  const claims = sending.target.kind === 'function';
  const open = claims ? await stillOpen(sending, due) : due;
  const located = await read(sending, open);
  const attempts = new Map(open.map(({ n, attempt }) => [n, attempt]));
  if (claims) {
    for (const { task } of located) sending.noteDue(task);
    await forget(sending, due, open, 0);
  }
  const refusals: Refusal[] = [];
  const { dispatchState } = sending.services;
  const tryOf = (n: number) => ({ attempt: attempts.get(n) ?? 1, error: undefined });
  const { cursor, stopped } = await dispatchTo(sending, tryOf, {
    blocks: oneBlock(located),
    start: { n: 0, byte: 0 },
    allowance: Number.POSITIVE_INFINITY,
    refused: async (refused) => {
      refusals.push(...refused);
      await refuse(sending, refused, (n) => attempts.get(n) ?? 1);
    },
    ...(claims
      ? {
          setAside: (places) =>
            dispatchState.putAside(
              sending.row.job,
              due.filter(({ n }) => places.some((place) => place.n === n)).map((row) => ({ ...row, taken: true })),
            ),
        }
      : {}),
  });
  // Sent before they are forgotten: after a crash they are sent once more, under the same ids.
  if (!claims && stopped === 'end' && cursor.n === (located.at(-1)?.task.n ?? 0)) await forget(sending, due, open, refusals.length);
  return open.length;
}

async function forget(sending: JobSending, due: readonly LaterRow[], open: readonly LaterRow[], refused: number): Promise<void> {
  const dropped = due.filter((row) => !open.includes(row)).map((row) => ({ ...row, taken: true }));
  await sending.write((row) => sending.services.dispatchState.sentLater(row, [...open, ...dropped], refused, sending.takeDue()));
}

/** A later attempt counts as under way from here on, unless the task has ended meanwhile. */
async function stillOpen({ services, row }: JobSending, due: readonly LaterRow[]): Promise<LaterRow[]> {
  const again = due.filter(({ attempt, life }) => attempt > 1 || life > 0);
  const atMs = services.clock.nowMs();
  const { recorded, rows } = await services.tasks.apply(
    row.job,
    again.map(({ n, life, attempt }) => ({ n, status: 'queued', life, attempt, atMs })),
  );
  return due.filter((later) => {
    if (!again.includes(later)) return true;
    const known = rows.get(later.n);
    return recorded.has(later.n) || (known?.status === 'queued' && known.life === later.life && known.attempt === later.attempt);
  });
}

async function read({ file }: JobSending, places: readonly LaterRow[]): Promise<Located[]> {
  const located: Located[] = [];
  for await (const some of file.at(places)) located.push(...some);
  return located;
}

async function* oneBlock(located: readonly Located[]): AsyncGenerator<readonly Located[]> {
  if (located.length > 0) yield located;
}

/** Tasks that were put aside and are due. Of a group they are sent, then forgotten; of a function claimed, then invoked. */
import type { JobRow, LaterRow } from '../contract/job-table.ts';
import type { Located } from '../domain/job/line.ts';
import type { Refusal } from './dispatch-input.ts';
import type { JobSending } from './job-sending.ts';
import { dispatchTo } from './outlet.ts';
import { refuse } from './send-file.ts';

/** What goes with the job's row into one transaction. */
const atOnce = 90;
/** Of a function, those that were claimed already are looked for among so many; a job may have claimed no more. */
const mostClaimed = 1_000;

/** How many were sent; those that count as sent already go beyond the allowance. */
export async function sendLater(sending: JobSending, allowance: number): Promise<number> {
  const { services, row, asOfMs, time, target } = sending;
  let sent = 0;
  while (services.clock.nowMs() < time.turnEndMs) {
    const left = allowance - sent;
    const due = await services.dispatchState.dueBy(row.job, asOfMs, target.kind === 'function' ? mostClaimed : Math.min(atOnce, left));
    const stale = due.filter((later) => isStale(later, sending.row));
    const fresh = due.filter((later) => !stale.includes(later));
    const unclaimed = fresh.filter(({ taken }) => !taken).slice(0, left);
    const chosen = [...fresh.filter(({ taken }) => taken), ...unclaimed].slice(0, atOnce);
    await services.dispatchState.forgetLater(row.job, stale);
    if (chosen.length > 0) await sendDue(sending, chosen);
    else if (stale.length === 0) break;
    sent += chosen.filter(({ taken }) => !taken).length;
  }
  return sent;
}

/**
 * Left behind: by an earlier life, of which the file has what failed; or by a look that died before it wrote down how far
 * it had read, so that the task comes again in the file, and would count twice.
 */
const isStale = ({ life, attempt, taken, n }: LaterRow, row: JobRow) =>
  life < row.life || (life === 0 && attempt === 1 && !taken && n > row.cursor.n);

async function sendDue(sending: JobSending, due: readonly LaterRow[]): Promise<void> {
  const claims = sending.target.kind === 'function';
  const places = await read(sending, due);
  const attempts = new Map(due.map(({ n, attempt }) => [n, attempt]));
  if (claims) {
    for (const { task } of places) sending.noteDue(task);
    await forget(sending, due, 0);
  }
  // Claimed before they count as under way: where a dispatcher dies in between they are overdue some day, and hold back nobody.
  const open = claims ? await stillOpen(sending, due) : due;
  const located = places.filter(({ task }) => open.some(({ n }) => n === task.n));
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
          setAside: (left) =>
            dispatchState.putAside(
              sending.row.job,
              due.filter(({ n }) => left.some((place) => place.n === n)).map((row) => ({ ...row, taken: true })),
            ),
        }
      : {}),
  });
  // Sent before they are forgotten: after a crash they are sent once more, under the same ids.
  if (!claims && stopped === 'end' && cursor.n === (located.at(-1)?.task.n ?? 0)) await forget(sending, due, refusals.length);
}

async function forget(sending: JobSending, due: readonly LaterRow[], refused: number): Promise<void> {
  await sending.write((row) => sending.services.dispatchState.sentLater(row, due, refused, sending.takeDue()));
}

/** A later attempt counts as under way from here on, unless the task has ended meanwhile. */
async function stillOpen({ services, row }: JobSending, due: readonly LaterRow[]): Promise<LaterRow[]> {
  const again = due.filter(({ attempt, life, taken }) => attempt > 1 || life > 0 || taken);
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

/** The part of a wish that has to wait for what was done before it: noted in the status, and looked at again in time. */
import type { LimitsMemory } from '../contract/pipeline-row.ts';
import type { Action } from '../domain/actions.ts';
import { settleDelaySeconds } from '../domain/failure.ts';
import type { Waiting } from '../domain/limit-change.ts';
import type { Observed } from '../domain/observed.ts';
import { again, done, type Outcome } from '../framework/sqs-batch.ts';
import type { Look } from './look.ts';
import { progressRow } from './progress-row.ts';
import type { Wish } from './wish.ts';

const settling = 'AWS is still at the last change of its mapping; goes on when that is done';

/** Whether all that can be done now was done, and somebody comes for the rest. */
export function isWithheld({ row, services }: Look, wish: Wish): boolean {
  const withheld = row?.withheld;
  const under = row?.phase === 'Creating' || row?.phase === 'Updating' || row?.phase === 'Active';
  return under && withheld?.hash === wish.hash && services.clock.nowMs() < withheld.untilMs;
}

/** Unless another comes for it. */
export const comeBackForRest = (look: Look): Outcome => (look.awaited ? comeBackAt(look, look.row?.withheld?.untilMs) : done);

export function comeBackAt({ services }: Look, atMs: number | undefined): Outcome {
  return atMs === undefined ? done : again(Math.max(0, Math.ceil((atMs - services.clock.nowMs()) / 1_000)));
}

/** AWS would refuse the change of a mapping: nothing is begun until it takes one. That is no failure. */
export async function lookWhenSettled(look: Look, wish: Wish, limits: LimitsMemory | undefined): Promise<Outcome> {
  const waiting = settled(look);
  const withheld = { hash: wish.hash, untilMs: waiting.untilMs };
  // What a sweep meets half-way is somebody else's change.
  if (look.hint.class !== 'sweep') await look.save({ ...progressRow(look, wish, limits, waiting.message), withheld });
  return comeBackAt(look, waiting.untilMs);
}

const settled = ({ services }: Look): Waiting => ({ untilMs: services.clock.nowMs() + settleDelaySeconds * 1_000, message: settling });

/** What AWS does not tell of a mapping it changes, and nobody has seen applied, is looked at when it is done. */
export function unsettled(look: Look, { hash }: Wish, plan: readonly Action[], { mappings }: Observed): Waiting | undefined {
  const told = mappings.every(({ enabled, state }) => enabled !== undefined || state === 'Deleting');
  if (told || look.row?.appliedHash === hash || plan.some(({ type }) => type === 'updateMapping')) return undefined;
  return settled(look);
}

/** When the next task of an invocation may start: the rate, the group's cooling, and what still fits into the time. */
import { fits, type TimeBudget } from '../../lambdas/domain/task/time-budget.ts';
import type { Runtime } from './runtime.ts';

/** No further task of this invocation; they come back after `seconds`, and the invocation stays for `holdMs`. */
export interface Stop {
  kind: 'stop';
  seconds: number;
  holdMs: number;
  why: string;
}

/** A cooling group is not left at once, or its poller would bring the next batch only to put it back. */
const longestHoldMs = 30_000;

const wholeShare = 0.9;

/** One moment by two clocks. */
interface Moment {
  /** Monotonic. */
  nowMs: number;
  wallMs: number;
}

/** The usual case, asked without waiting: whether a task may start at this moment. If not, the others say why. */
export function mayStartNow(
  runtime: Runtime,
  budget: TimeBudget,
  start: { first: boolean; unseen: boolean },
  { nowMs, wallMs }: Moment,
): boolean {
  const { cooling, turns } = runtime;
  const { spacingMs, nextStartMs } = turns;
  const look = cooling.look(wallMs);
  // What waits for no call of ours is not made to wait for this one, the first of a fresh environment.
  const mustKnow = look !== undefined && !(start.unseen && cooling.isUnknown);
  if (mustKnow || cooling.untilMs > wallMs || nextStartMs > nowMs) return false;
  return fits(budget, { startMs: nowMs, spacingMs, expectedMs: runtime.typicalMs, first: start.first });
}

/**
 * How long the next task must wait, or that it cannot start in this invocation. `first`: none has started in it yet.
 * `guess`: a fresh environment need not know yet whether its group cools; it is asked again before the start.
 */
export async function planTurn(
  runtime: Runtime,
  budget: TimeBudget,
  first: boolean,
  guess = false,
): Promise<{ kind: 'wait'; ms: number } | Stop> {
  const { clock } = runtime.ports;
  const { spacingMs, nextStartMs } = runtime.turns;
  const look = runtime.cooling.look(clock.nowMs());
  if (!(guess && runtime.cooling.isUnknown)) await look;
  const coolsMs = Math.max(0, runtime.cooling.untilMs - clock.nowMs());
  const now = clock.monotonicMs();
  const ms = Math.max(coolsMs, nextStartMs - now, 0);
  // Nobody knows yet how long a task takes here: it gets nearly a whole invocation, or else the next one.
  const expectedMs = runtime.typicalMs || wholeShare * (budget.deadlineMs - now);
  if (fits(budget, { startMs: now + ms, spacingMs, expectedMs, first: first && ms === 0 })) return { kind: 'wait', ms };
  const holdMs = Math.max(0, Math.min(ms, longestHoldMs, budget.deadlineMs - now));
  const why = coolsMs > 0 ? 'its group cools' : 'the invocation has no time left for it';
  return { kind: 'stop', seconds: coolsMs / 1_000, holdMs, why };
}

/** Waits until a task may start, where that is within this invocation. */
export async function awaitTurn(runtime: Runtime, budget: TimeBudget, first: boolean): Promise<{ kind: 'go' } | Stop> {
  for (;;) {
    const turn = await planTurn(runtime, budget, first);
    if (turn.kind === 'stop') return turn;
    if (turn.ms === 0) return { kind: 'go' };
    await runtime.ports.clock.sleep(turn.ms);
  }
}

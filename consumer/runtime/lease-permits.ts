/**
 * Permits as leases on one item that is read, decided upon (lambdas/domain/task/permit.ts) and written if unchanged. Over
 * any store: the tasks table and SQS (`consumer/aws/permits.ts`), or memory. Decides nothing about who holds what.
 */

import {
  type AcquireDecision,
  decideAcquire,
  decideRelease,
  isKept,
  type PermitState,
  secondsToWait,
} from '../../lambdas/domain/task/permit.ts';
import { holderEndMs, leaseEndMs, surelyOverMs } from '../../lambdas/domain/task/permit-lease.ts';
import { fallbackSeconds, rankOf, type Waiter, waiterId } from '../../lambdas/domain/task/permit-line.ts';
import type { PermitAnswer, PermitRequest, Permits } from '../ports.ts';

export interface PermitStore {
  /** What is true now, no older; undefined: the stage has no such permit. */
  read(name: string): Promise<PermitState | undefined>;
  /** Writes `next` if version and limit are still those of `seen`; false where they are not. */
  write(name: string, seen: PermitState, next: PermitState): Promise<boolean>;
  /** Moves a lease's end, never back; counts the version up. False where it is gone or ends later already. */
  extend(name: string, token: string, surelyOverMs: number): Promise<boolean>;
  /** Takes a lease off whatever else is written meanwhile; counts the version up. */
  drop(name: string, token: string): Promise<void>;
  /** The rank of one who waited before. */
  rank(name: string, id: string): Promise<number | undefined>;
  /** Keeps how to wake a waiter from `wakeableMs` on, and his rank. */
  rememberWaiter(waiter: Waiter, request: PermitRequest, wakeableMs: number): Promise<void>;
  forgetWaiter(name: string, id: string): Promise<void>;
  /** Has the waiter's task come back, now or when it is wakeable; false where it cannot be reached. */
  wake(name: string, id: string, nowMs: number): Promise<boolean>;
}

export interface PermitWorld {
  /** 0 up to 1. */
  random(): number;
  newId(): string;
  sleep(milliseconds: number): Promise<void>;
}

const tries = 12;
/** From then on a release no longer waits for its turn to write. */
const triesBeforeDrop = 4;

/** Who is told to wait has given his message back to the queue by then. */
const handBackMs = 2_000;

const stands = ({ line }: PermitState, waiter: Waiter) => line.some(({ id }) => id === waiter.id);

export function leasePermits(store: PermitStore, world: PermitWorld): Permits {
  /** How long the leases of this process are, for their renewal; by token. */
  const lengthsMs = new Map<string, number>();

  async function acquire(request: PermitRequest, nowMs: number): Promise<PermitAnswer> {
    const token = world.newId();
    try {
      const answer = await ask(request, token, nowMs);
      if (answer) return answer;
    } catch (error) {
      await store.drop(request.name, token).catch(() => undefined);
      throw error;
    }
    // Too many at once. A write of ours may have been done and its answer lost: nobody would give that lease back.
    await store.drop(request.name, token);
    return { kind: 'wait', seconds: fallbackSeconds(1, true, world.random()) };
  }

  /** Undefined where others were always quicker. */
  async function ask(request: PermitRequest, token: string, nowMs: number): Promise<PermitAnswer | undefined> {
    const { name, pipeline, task, sentAtMs } = request;
    const waiter = { id: waiterId(pipeline, task), pipeline, sentAtMs, rankMs: rankOf(sentAtMs, nowMs) };
    const unreachable = new Set<string>();
    let [ranked, remembered] = [false, false];
    for (let tried = 0; tried < tries; tried += 1) {
      const state = await store.read(name);
      if (!state) return { kind: 'unknown' };
      const endMs = leaseEndMs(nowMs, request.deadlineMs, state.limit, request.leaseMs);
      const decision = decideAcquire(state, { token, waiter, surelyOverMs: surelyOverMs(endMs) }, { nowMs, unreachable });
      // Woken by now, the message would be run a second time while it is held here: so it comes back for it.
      if (decision.granted && remembered) return { kind: 'wait', seconds: 1 };
      if (!decision.granted && !ranked && !stands(state, waiter)) {
        waiter.rankMs = (await store.rank(name, waiter.id)) ?? waiter.rankMs;
        ranked = true;
        continue;
      }
      if (decision.next && !(await store.write(name, state, decision.next))) {
        await pause(tried);
        continue;
      }
      if (decision.granted) return await grant(request, token, { state, decision, waiter }, nowMs);
      const missed = await wakeAll(name, decision.wake, nowMs);
      for (const id of missed) unreachable.add(id);
      if (missed.length > 0) continue;
      if (remembered || decision.place === undefined) return { kind: 'wait', seconds: waitOf(decision, state, request, nowMs) };
      // And looks once more: who freed a place just before could not wake him yet.
      await store.rememberWaiter(waiter, request, nowMs + handBackMs);
      remembered = true;
    }
    return undefined;
  }

  interface Granting {
    state: PermitState;
    decision: AcquireDecision;
    waiter: Waiter;
  }

  async function grant(request: PermitRequest, token: string, granting: Granting, nowMs: number): Promise<PermitAnswer> {
    const { state, decision, waiter } = granting;
    const { name } = request;
    const overMs = (decision.next ?? state).holders[token] ?? surelyOverMs(nowMs);
    const untilMs = holderEndMs(overMs);
    lengthsMs.set(token, untilMs - nowMs);
    // It holds the permit whatever becomes of these.
    await Promise.allSettled([
      stands(state, waiter) || waiter.id in state.kept ? store.forgetWaiter(name, waiter.id) : undefined,
      wakeAll(name, decision.wake, nowMs).then((missed) => (missed.length > 0 ? passOn(name, undefined, nowMs, missed) : undefined)),
    ]);
    return { kind: 'granted', token, untilMs };
  }

  async function renew(name: string, token: string, deadlineMs: number, nowMs: number): Promise<number | undefined> {
    const endMs = leaseEndMs(nowMs, deadlineMs, 0, lengthsMs.get(token));
    if (await store.extend(name, token, surelyOverMs(endMs))) return endMs;
    // Gone, or a renewal sent later was quicker than this one.
    const overMs = (await store.read(name))?.holders[token];
    return overMs === undefined ? undefined : holderEndMs(overMs);
  }

  async function release(name: string, token: string, nowMs: number): Promise<void> {
    lengthsMs.delete(token);
    try {
      await passOn(name, token, nowMs, []);
    } catch (error) {
      await store.drop(name, token);
      throw error;
    }
  }

  /** Gives a lease back, if there is one, and wakes who is next; who cannot be reached is passed over. */
  async function passOn(name: string, token: string | undefined, nowMs: number, missed: readonly string[]): Promise<void> {
    const unreachable = new Set(missed);
    for (let tried = 0; tried < tries; tried += 1) {
      if (token !== undefined && tried === triesBeforeDrop) await store.drop(name, token);
      const state = await store.read(name);
      // The stage has it no longer: nobody waits for it.
      if (!state) return token === undefined ? undefined : store.drop(name, token);
      const { next, wake } = decideRelease(state, token, { nowMs, unreachable });
      if (next && !(await store.write(name, state, next))) {
        await pause(tried);
        continue;
      }
      const missed = await wakeAll(name, wake, nowMs);
      if (missed.length === 0) return;
      for (const id of missed) unreachable.add(id);
    }
  }

  async function wakeAll(name: string, ids: readonly string[], nowMs: number): Promise<string[]> {
    const reached = await Promise.all(ids.map((id) => store.wake(name, id, nowMs)));
    return ids.filter((_id, at) => !reached[at]);
  }

  const waitOf = ({ next, place }: AcquireDecision, state: PermitState, { receives }: PermitRequest, nowMs: number) =>
    secondsToWait(next ?? state, place, fallbackSeconds(receives, place !== undefined, world.random()), nowMs);

  const pause = (tried: number) => world.sleep(world.random() * 20 * 2 ** Math.min(tried, 4));

  async function isOffered({ name, pipeline, task }: Pick<PermitRequest, 'name' | 'pipeline' | 'task'>, nowMs: number): Promise<boolean> {
    const state = await store.read(name);
    return state !== undefined && isKept(state, waiterId(pipeline, task), nowMs);
  }

  return { acquire, renew, release, isOffered };
}

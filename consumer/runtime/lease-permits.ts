/**
 * Permits as leases on one item that is read, decided upon (lambdas/domain/task/permit.ts) and written if unchanged. Over
 * any store: the tasks table and SQS (`consumer/aws/permits.ts`), or memory. Decides nothing about who holds what.
 */

import { type AcquireDecision, decideAcquire, decideRelease, type PermitState, secondsToWait } from '../../lambdas/domain/task/permit.ts';
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
  /** Keeps how to wake a waiter, and his rank where none is kept; returns the rank that is kept. */
  rememberWaiter(waiter: Waiter, request: PermitRequest, nowMs: number): Promise<number>;
  forgetWaiter(name: string, id: string): Promise<void>;
  /** Has the waiter's task come back now; false where it cannot be reached. */
  wake(name: string, id: string): Promise<boolean>;
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
    let remembered = false;
    for (let tried = 0; tried < tries; tried += 1) {
      const state = await store.read(name);
      if (!state) return { kind: 'unknown' };
      const endMs = leaseEndMs(nowMs, request.deadlineMs, state.limit, request.leaseMs);
      const decision = decideAcquire(state, { token, waiter, surelyOverMs: surelyOverMs(endMs) }, { nowMs, unreachable });
      if (!decision.granted && decision.place !== undefined && !remembered) {
        // Before the line says that he waits, and then looks again: whoever frees a place from now on can wake him.
        waiter.rankMs = await store.rememberWaiter(waiter, request, nowMs);
        remembered = true;
      } else if (decision.next && !(await store.write(name, state, decision.next))) {
        await pause(tried);
      } else if (decision.granted) {
        return await grant(request, token, { state, decision, waiter, remembered }, nowMs);
      } else {
        const missed = await wakeAll(name, decision.wake);
        if (missed.length === 0) return { kind: 'wait', seconds: waitOf(decision, state, request, nowMs) };
        for (const id of missed) unreachable.add(id);
      }
    }
    return undefined;
  }

  interface Granting {
    state: PermitState;
    decision: AcquireDecision;
    waiter: Waiter;
    remembered: boolean;
  }

  async function grant(request: PermitRequest, token: string, granting: Granting, nowMs: number): Promise<PermitAnswer> {
    const { state, decision, waiter, remembered } = granting;
    const { name } = request;
    const overMs = (decision.next ?? state).holders[token] ?? surelyOverMs(nowMs);
    const untilMs = holderEndMs(overMs);
    lengthsMs.set(token, untilMs - nowMs);
    const waited = remembered || waiter.id in state.kept || state.line.some(({ id }) => id === waiter.id);
    // It holds the permit whatever becomes of these.
    await Promise.allSettled([
      waited ? store.forgetWaiter(name, waiter.id) : undefined,
      wakeAll(name, decision.wake).then((missed) => (missed.length > 0 ? passOn(name, undefined, nowMs, missed) : undefined)),
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
      const missed = await wakeAll(name, wake);
      if (missed.length === 0) return;
      for (const id of missed) unreachable.add(id);
    }
  }

  async function wakeAll(name: string, ids: readonly string[]): Promise<string[]> {
    const reached = await Promise.all(ids.map((id) => store.wake(name, id)));
    return ids.filter((_id, at) => !reached[at]);
  }

  const waitOf = ({ next, place }: AcquireDecision, state: PermitState, { receives }: PermitRequest, nowMs: number) =>
    secondsToWait(next ?? state, place, fallbackSeconds(receives, place !== undefined, world.random()), nowMs);

  const pause = (tried: number) => world.sleep(world.random() * 20 * 2 ** Math.min(tried, 4));

  return { acquire, renew, release };
}

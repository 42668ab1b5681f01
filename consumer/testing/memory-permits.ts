/**
 * A test's permits: the very decisions of the real ones, over memory. Others that hold them, as tasks of other groups
 * would, are told by `hold`.
 */
import type { PermitState } from '../../lambdas/domain/task/permit.ts';
import type { Permits } from '../ports.ts';
import { leasePermits, type PermitStore } from '../runtime/lease-permits.ts';

export interface MemoryPermits extends Permits {
  /** Changes how many may hold it; undefined: the stage has none of that name. */
  setLimit(name: string, limit: number | undefined): void;
  /** Somebody else holds one from now on. Returns how to give it back. */
  hold(name: string): () => void;
  /** How many are held, or were and their leases are not known to be over. */
  held(name: string): number;
}

const noState: Omit<PermitState, 'limit'> = { version: 0, holders: {}, kept: {}, line: [] };

/** `wake`: makes the message of that receipt handle visible; by default whoever waits comes back by himself. */
export function memoryPermits(limits: Readonly<Record<string, number>>, wake?: (receiptHandle: string) => boolean): MemoryPermits {
  const states = new Map<string, PermitState>(Object.entries(limits).map(([name, limit]) => [name, { ...noState, limit }]));
  const ids = counter();
  const change = (name: string, how: (state: PermitState) => PermitState) => {
    const state = states.get(name);
    if (state) states.set(name, { ...how(state), version: state.version + 1 });
  };
  const drop = (name: string, token: string) => change(name, (state) => ({ ...state, holders: without(state.holders, token) }));
  const world = { random: () => 0.5, newId: ids, sleep: async () => {} };
  return {
    ...leasePermits(memoryStore(states, change, drop, wake ?? (() => true)), world),
    setLimit(name, limit) {
      if (limit === undefined) states.delete(name);
      else states.set(name, { ...(states.get(name) ?? noState), limit });
    },
    hold(name) {
      const token = ids();
      change(name, (state) => ({ ...state, holders: { ...state.holders, [token]: Number.MAX_SAFE_INTEGER } }));
      return () => drop(name, token);
    },
    held: (name) => Object.keys(states.get(name)?.holders ?? {}).length,
  };
}

type Change = (name: string, how: (state: PermitState) => PermitState) => void;

function memoryStore(
  states: Map<string, PermitState>,
  change: Change,
  drop: (name: string, token: string) => void,
  wake: (receiptHandle: string) => boolean,
): PermitStore {
  const waiters = new Map<string, { rankMs: number; receiptHandle: string }>();
  return {
    read: async (name) => states.get(name),
    async write(name, seen, next) {
      if (states.get(name) !== seen) return false;
      states.set(name, next);
      return true;
    },
    async extend(name, token, surelyOverMs) {
      if ((states.get(name)?.holders[token] ?? Number.POSITIVE_INFINITY) > surelyOverMs) return false;
      change(name, (state) => ({ ...state, holders: { ...state.holders, [token]: surelyOverMs } }));
      return true;
    },
    drop: async (name, token) => drop(name, token),
    rank: async (name, id) => waiters.get(`${name}#${id}`)?.rankMs,
    async rememberWaiter({ id, rankMs }, { name, receiptHandle }) {
      waiters.set(`${name}#${id}`, { rankMs, receiptHandle });
    },
    forgetWaiter: async (name, id) => void waiters.delete(`${name}#${id}`),
    async wake(name, id) {
      const waiter = waiters.get(`${name}#${id}`);
      return waiter !== undefined && wake(waiter.receiptHandle);
    },
  };
}

function without(holders: Readonly<Record<string, number>>, token: string): Record<string, number> {
  const { [token]: _left, ...rest } = holders;
  return rest;
}

function counter(): () => string {
  let last = 0;
  return () => {
    last += 1;
    return `token-${last}`;
  };
}

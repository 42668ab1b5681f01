/**
 * What one task does with permits: asks, keeps its lease alive while the author's function runs, gives it back. Knows the
 * world only through what it is given. One guard per run of a task.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { PermitOptions } from '../context.ts';
import { ConfigurationError, TransientError } from '../errors.ts';
import type { PermitRequest, Permits, TaskClock } from '../ports.ts';
import { KeptLease, type LeaseTerm } from './kept-lease.ts';

/** Nothing was free: the task is handed back and comes again after that many seconds, if it is not woken before. */
export class PermitWait extends Error {
  readonly seconds: number;
  constructor(name: string, seconds: number) {
    super(`waits for permit ${name}`);
    this.name = 'PermitWait';
    this.seconds = seconds;
  }
}

export interface GuardOptions {
  permits: Permits;
  clock: Pick<TaskClock, 'nowMs' | 'after'>;
  request: Omit<PermitRequest, 'name' | 'leaseMs'>;
  /** Aborts the task: its lease could not be renewed, and others may soon hold its permit. */
  lose(reason: Error): void;
  /** A call failed that the task need not fail for. */
  warn(message: string, fields: Record<string, unknown>): void;
}

/** A permit that is held by the code that runs in this asynchronous context. */
interface Held {
  names: ReadonlySet<string>;
  over: boolean;
}

export class PermitGuard {
  readonly #options: GuardOptions;
  readonly #held = new AsyncLocalStorage<Held>();
  /** By name, what asked last: the next waits for its end. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /**
   * Inside itself the same permit is the one that is held already. Side by side, the same task uses one after the other,
   * as it waits for its turn of a permit and not for its own.
   */
  async withPermit<T>(name: string, fn: () => T | Promise<T>, options: PermitOptions = {}): Promise<T> {
    checkLease(options);
    const held = this.#held.getStore();
    if (held && !held.over && held.names.has(name)) return call(fn);
    const run = () => this.#run(name, fn, options, held);
    const result = (this.#last.get(name) ?? Promise.resolve()).then(run, run);
    this.#last.set(name, result);
    return result;
  }

  async #run<T>(name: string, fn: () => T | Promise<T>, { leaseSeconds }: PermitOptions, outer: Held | undefined): Promise<T> {
    const { permits, clock, request } = this.#options;
    const fromMs = clock.nowMs();
    const leaseMs = leaseSeconds === undefined ? undefined : leaseSeconds * 1_000;
    const answer = await permits.acquire({ ...request, name, leaseMs }, fromMs);
    if (answer.kind === 'unknown') throw unknownPermit(name);
    if (answer.kind === 'wait') throw new PermitWait(name, answer.seconds);
    const lease = this.#kept(name, answer.token, { fromMs, untilMs: answer.untilMs });
    const held: Held = { names: new Set([...(outer && !outer.over ? outer.names : []), name]), over: false };
    try {
      // The answer came so late that others may hold it by now.
      if (lease.isOver()) throw new PermitWait(name, 1);
      lease.keep();
      return await this.#held.run(held, () => call(fn));
    } catch (error) {
      if (!lease.lost || error === lease.lost) throw error;
      throw new TransientError(lease.lost.message, { cause: error });
    } finally {
      held.over = true;
      lease.end();
      await this.#giveBack(name, answer.token);
    }
  }

  #kept(name: string, token: string, term: LeaseTerm): KeptLease {
    const { permits, clock, request, lose, warn } = this.#options;
    const { deadlineMs } = request;
    return new KeptLease(
      {
        clock,
        deadlineMs,
        renew: (nowMs) => permits.renew(name, token, deadlineMs, nowMs),
        lose: () => {
          const lost = new TransientError(`permit ${name} could not be renewed in time and is lost: others may hold it soon`);
          lose(lost);
          return lost;
        },
        warn: (error) => warn('a permit could not be renewed; tried again', { permit: name, error }),
      },
      term,
    );
  }

  async #giveBack(name: string, token: string): Promise<void> {
    const { permits, clock, warn } = this.#options;
    try {
      await permits.release(name, token, clock.nowMs());
    } catch (error) {
      warn('a permit could not be given back: its place is free when the lease is over', { permit: name, error });
    }
  }
}

/** Shorter ones are over before a renewal that has to be repeated got through; no function runs longer (LDG/gettingstarted-limits). */
const leaseBounds = { leastSeconds: 10, mostSeconds: 900 };

function checkLease({ leaseSeconds }: PermitOptions): void {
  const { leastSeconds, mostSeconds } = leaseBounds;
  if (leaseSeconds === undefined || (leaseSeconds >= leastSeconds && leaseSeconds <= mostSeconds)) return;
  throw new ConfigurationError(`withPermit: leaseSeconds is ${leaseSeconds}, must be ${leastSeconds}-${mostSeconds}`);
}

const call = async <T>(fn: () => T | Promise<T>): Promise<T> => fn();

const unknownPermit = (name: string) =>
  new ConfigurationError(`the stage has no permit ${name}; add it to the stage's setting "permits", e.g. {"${name}": 1}`);

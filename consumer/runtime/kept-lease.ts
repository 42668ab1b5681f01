/** A lease in the hands of its holder: renewed while it is needed, lost in time where it cannot be. */
import { renewalTimes } from '../../lambdas/domain/task/permit-lease.ts';
import type { TaskClock } from '../ports.ts';

export interface LeaseTerm {
  /** When it was asked for. */
  fromMs: number;
  /** When it ends for the holder, by its own clock. */
  untilMs: number;
}

/** What a kept lease needs of its holder. */
export interface Keeping {
  clock: Pick<TaskClock, 'nowMs' | 'after'>;
  /** The holder itself has surely ended by then. */
  deadlineMs: number;
  /** Asks for more time, and returns when it ends then; undefined: it is lost. */
  renew(nowMs: number): Promise<number | undefined>;
  /** Has whatever counts on it stop, and returns what that is told. */
  lose(): Error;
  /** A renewal failed; it is tried again. */
  warn(error: unknown): void;
}

export class KeptLease {
  readonly #keeping: Keeping;
  #term: LeaseTerm;
  #triedMs = Number.NEGATIVE_INFINITY;
  #ended = false;
  #callOff: () => void = () => {};
  lost: Error | undefined;

  constructor(keeping: Keeping, term: LeaseTerm) {
    this.#keeping = keeping;
    this.#term = term;
  }

  isOver(): boolean {
    return this.#keeping.clock.nowMs() >= (this.#times()?.loseMs ?? this.#term.untilMs);
  }

  /** Renews in the background until it ends; where it cannot, loses it in time. */
  keep(): void {
    const times = this.#times();
    // Lambda itself ends the holder at the end of the lease.
    if (!times) return;
    const nowMs = this.#keeping.clock.nowMs();
    if (nowMs >= times.loseMs) {
      this.#lose();
      return;
    }
    // Not waited for: the answer may never come.
    if (nowMs >= this.#nextTryMs(times)) void this.renew();
    const lookAgainMs = Math.min(this.#nextTryMs(times), times.loseMs);
    this.#callOff = this.#keeping.clock.after(lookAgainMs - nowMs, () => this.keep());
  }

  /** Asks for more time now, whether that is due or not. Never rejects. */
  async renew(): Promise<void> {
    const nowMs = this.#keeping.clock.nowMs();
    this.#triedMs = nowMs;
    try {
      const untilMs = await this.#keeping.renew(nowMs);
      if (untilMs === undefined) this.#lose();
      else if (untilMs > this.#term.untilMs) this.#term = { fromMs: nowMs, untilMs };
    } catch (error) {
      this.#keeping.warn(error);
    }
  }

  /** It is needed no longer: nothing is renewed, and nothing lost. */
  end(): void {
    this.#ended = true;
    this.#callOff();
  }

  #times() {
    return renewalTimes({ ...this.#term, deadlineMs: this.#keeping.deadlineMs });
  }

  #nextTryMs = ({ firstMs, retryAfterMs }: { firstMs: number; retryAfterMs: number }) => Math.max(firstMs, this.#triedMs + retryAfterMs);

  #lose(): void {
    if (this.#ended || this.lost) return;
    this.#callOff();
    this.lost = this.#keeping.lose();
  }
}

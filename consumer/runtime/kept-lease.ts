/** A lease of a permit in the hands of its holder: renewed while it is needed, lost in time where it cannot be. */
import { renewalTimes } from '../../lambdas/domain/task/permit-lease.ts';
import { TransientError } from '../errors.ts';
import type { GuardOptions } from './permit-guard.ts';

export interface TakenLease {
  name: string;
  token: string;
  /** When it was asked for. */
  fromMs: number;
  /** When it ends for the holder, by its own clock. */
  untilMs: number;
}

export class KeptLease {
  readonly #options: GuardOptions;
  #lease: TakenLease;
  #triedMs = Number.NEGATIVE_INFINITY;
  #givenBack = false;
  #callOff: () => void = () => {};
  lost: Error | undefined;

  constructor(options: GuardOptions, lease: TakenLease) {
    this.#options = options;
    this.#lease = lease;
  }

  isOver(): boolean {
    return this.#options.clock.nowMs() >= (this.#times()?.loseMs ?? this.#lease.untilMs);
  }

  /** Renews in the background until it is given back; where it cannot, loses the task in time. */
  keep(): void {
    const times = this.#times();
    // Lambda itself ends the holder at the end of the lease.
    if (!times) return;
    const nowMs = this.#options.clock.nowMs();
    if (nowMs >= times.loseMs) {
      this.#lose();
      return;
    }
    if (nowMs >= this.#nextTryMs(times)) {
      this.#triedMs = nowMs;
      // Not waited for: the answer may never come.
      void this.#renew(nowMs);
    }
    const lookAgainMs = Math.min(this.#nextTryMs(times), times.loseMs);
    this.#callOff = this.#options.clock.after(lookAgainMs - nowMs, () => this.keep());
  }

  async giveBack(): Promise<void> {
    const { permits, clock, warn } = this.#options;
    const { name, token } = this.#lease;
    this.#givenBack = true;
    this.#callOff();
    try {
      await permits.release(name, token, clock.nowMs());
    } catch (error) {
      warn('a permit could not be given back: its place is free when the lease is over', { permit: name, error });
    }
  }

  async #renew(nowMs: number): Promise<void> {
    const { permits, request, warn } = this.#options;
    const { name, token } = this.#lease;
    try {
      const untilMs = await permits.renew(name, token, request.deadlineMs, nowMs);
      if (untilMs === undefined) this.#lose();
      else if (untilMs > this.#lease.untilMs) this.#lease = { ...this.#lease, fromMs: nowMs, untilMs };
    } catch (error) {
      warn('a permit could not be renewed; tried again', { permit: name, error });
    }
  }

  #times() {
    const { fromMs, untilMs } = this.#lease;
    return renewalTimes({ fromMs, untilMs, deadlineMs: this.#options.request.deadlineMs });
  }

  #nextTryMs = ({ firstMs, retryAfterMs }: { firstMs: number; retryAfterMs: number }) => Math.max(firstMs, this.#triedMs + retryAfterMs);

  #lose(): void {
    if (this.#givenBack || this.lost) return;
    this.#callOff();
    this.lost = new TransientError(`permit ${this.#lease.name} could not be renewed in time and is lost: others may hold it soon`);
    this.#options.lose(this.lost);
  }
}

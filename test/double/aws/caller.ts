/**
 * One process that calls the double, such as a Lambda environment. A killed process is gone at once: nothing it does
 * afterwards arrives, and nothing it waits for ever comes. It does not decide when to be killed.
 */
import type { Clock } from '../../../lambdas/framework/clock.ts';
import type { VirtualClock } from '../virtual-clock.ts';

export class Caller {
  readonly name: string;
  readonly clock: Clock;
  #alive = true;
  readonly #dead: Promise<'killed'>;
  #die: () => void = () => {};

  constructor(name: string, clock: VirtualClock) {
    this.name = name;
    this.#dead = new Promise((resolve) => {
      this.#die = () => resolve('killed');
    });
    this.clock = {
      nowMs: () => clock.nowMs(),
      sleep: async (milliseconds) => {
        await clock.sleep(milliseconds);
        if (!this.#alive) await never();
      },
    };
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Settles when the process is killed, and never otherwise. */
  get dead(): Promise<'killed'> {
    return this.#dead;
  }

  kill(): void {
    this.#alive = false;
    this.#die();
  }
}

export const never = () => new Promise<never>(() => {});

/**
 * A limit on calls in any one second. AWS does not publish how it counts; a sliding window is the strictest reading,
 * so what passes here passes there.
 */
export class RateLimit {
  readonly #perSecond: number;
  #accepted: number[] = [];
  #first = 0;
  /** Calls refused so far. */
  refused = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Whether a call at `nowMs` is within the limit; it counts only when it is. */
  accepts(nowMs: number): boolean {
    while (this.#first < this.#accepted.length && (this.#accepted[this.#first] as number) <= nowMs - 1_000) this.#first += 1;
    if (this.#first > 1_024) {
      this.#accepted = this.#accepted.slice(this.#first);
      this.#first = 0;
    }
    if (this.#accepted.length - this.#first >= this.#perSecond) {
      this.refused += 1;
      return false;
    }
    this.#accepted.push(nowMs);
    return true;
  }
}

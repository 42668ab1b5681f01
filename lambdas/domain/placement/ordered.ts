/** Things in order that change their places, the first of them at hand: a binary heap that knows where each thing is. Pure. */

/**
 * A place in the whole order of waiting jobs: the customer with the lower share first, then the job whose turn within a
 * customer is earlier, then by name. No two jobs have the same.
 */
export interface Place {
  /** Weighted dominant share of the customer. */
  share: number;
  orderMs: number;
  job: string;
}

export const isBefore = (a: Place, b: Place): boolean =>
  a.share !== b.share ? a.share < b.share : a.orderMs !== b.orderMs ? a.orderMs < b.orderMs : a.job < b.job;

export const comparePlaces = (a: Place, b: Place): number => (isBefore(a, b) ? -1 : isBefore(b, a) ? 1 : 0);

interface Entry<T> {
  readonly item: T;
  place: Place;
  index: number;
}

/** Each place is kept with its item, so it changes by `set` alone. Changes cost the logarithm of the size, `first` nothing. */
export class Ordered<T> {
  readonly #heap: Entry<T>[] = [];
  /** `share` and `orderMs` of those entries: side by side they are compared several times as fast. */
  readonly #shares: number[] = [];
  readonly #orders: number[] = [];
  readonly #entries = new Map<T, Entry<T>>();

  get size(): number {
    return this.#heap.length;
  }

  get first(): T | undefined {
    return this.#heap[0]?.item;
  }

  get firstPlace(): Place | undefined {
    return this.#heap[0]?.place;
  }

  has(item: T): boolean {
    return this.#entries.has(item);
  }

  placeOf(item: T): Place | undefined {
    return this.#entries.get(item)?.place;
  }

  /** In no order. */
  *entries(): Generator<readonly [T, Place]> {
    for (const { item, place } of this.#heap) yield [item, place];
  }

  set(item: T, place: Place): void {
    const known = this.#entries.get(item);
    const entry = known ?? { item, place, index: this.#heap.length };
    entry.place = place;
    if (known === undefined) this.#entries.set(item, entry);
    this.#settle(entry, entry.index);
  }

  delete(item: T): void {
    const entry = this.#entries.get(item);
    if (entry === undefined) return;
    this.#entries.delete(item);
    const last = this.#heap.pop();
    this.#shares.pop();
    this.#orders.pop();
    if (last !== undefined && last !== entry) this.#settle(last, entry.index);
  }

  /** From the gap at `index` to where it belongs. */
  #settle(entry: Entry<T>, index: number): void {
    const up = this.#risen(entry, index);
    const at = up === index ? this.#sunk(entry, index) : up;
    this.#put(entry, entry.place.share, entry.place.orderMs, at);
  }

  #risen(entry: Entry<T>, from: number): number {
    const { share, orderMs } = entry.place;
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (!this.#precedes(share, orderMs, entry, above)) break;
      this.#move(above, index);
      index = above;
    }
    return index;
  }

  #sunk(entry: Entry<T>, from: number): number {
    const { share, orderMs } = entry.place;
    const size = this.#heap.length;
    let index = from;
    for (let below = 2 * index + 1; below < size; below = 2 * index + 1) {
      const right = this.#heap[below + 1];
      if (right !== undefined && this.#precedes(this.#shares[below + 1] ?? 0, this.#orders[below + 1] ?? 0, right, below)) below += 1;
      if (this.#precedes(share, orderMs, entry, below)) break;
      this.#move(below, index);
      index = below;
    }
    return index;
  }

  /** Whether `entry`, of that share and turn, goes before the one at `index`. */
  #precedes(share: number, orderMs: number, { place }: Entry<T>, index: number): boolean {
    const otherShare = this.#shares[index] ?? 0;
    if (share !== otherShare) return share < otherShare;
    const otherOrderMs = this.#orders[index] ?? 0;
    return orderMs !== otherOrderMs ? orderMs < otherOrderMs : place.job < (this.#heap[index]?.place.job ?? '');
  }

  #move(from: number, to: number): void {
    const entry = this.#heap[from];
    if (entry !== undefined) this.#put(entry, this.#shares[from] ?? 0, this.#orders[from] ?? 0, to);
  }

  #put(entry: Entry<T>, share: number, orderMs: number, index: number): void {
    entry.index = index;
    this.#heap[index] = entry;
    this.#shares[index] = share;
    this.#orders[index] = orderMs;
  }
}

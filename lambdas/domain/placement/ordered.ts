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
  item: T;
  place: Place;
  index: number;
}

/** Each place is kept with its item, so it changes by `set` alone. Changes cost the logarithm of the size, `first` nothing. */
export class Ordered<T> {
  readonly #heap: Entry<T>[] = [];
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
    if (known !== undefined) {
      known.place = place;
      this.#settle(known);
      return;
    }
    const entry = { item, place, index: this.#heap.length };
    this.#heap.push(entry);
    this.#entries.set(item, entry);
    this.#rise(entry);
  }

  delete(item: T): void {
    const entry = this.#entries.get(item);
    if (entry === undefined) return;
    this.#entries.delete(item);
    const last = this.#heap.pop();
    if (last === undefined || last === entry) return;
    this.#put(last, entry.index);
    this.#settle(last);
  }

  #settle(entry: Entry<T>): void {
    this.#rise(entry);
    this.#sink(entry);
  }

  #put(entry: Entry<T>, index: number): void {
    this.#heap[index] = entry;
    entry.index = index;
  }

  #rise(entry: Entry<T>): void {
    for (let index = entry.index; index > 0; index = entry.index) {
      const above = this.#heap[(index - 1) >> 1];
      if (above === undefined || !isBefore(entry.place, above.place)) return;
      this.#put(entry, above.index);
      this.#put(above, index);
    }
  }

  #sink(entry: Entry<T>): void {
    for (;;) {
      const index = entry.index;
      const below = this.#earlier(this.#heap[2 * index + 1], this.#heap[2 * index + 2]);
      if (below === undefined || !isBefore(below.place, entry.place)) return;
      this.#put(entry, below.index);
      this.#put(below, index);
    }
  }

  #earlier(left: Entry<T> | undefined, right: Entry<T> | undefined): Entry<T> | undefined {
    return left !== undefined && right !== undefined && isBefore(right.place, left.place) ? right : left;
  }
}

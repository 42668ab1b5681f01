/**
 * A clock whose time moves only when everything that waits for nothing else has run: hours of waiting pass in seconds,
 * and the same program gives the same run. It knows nothing of AWS. What runs on it may wait only on this clock and on
 * promises; real input or output would be overtaken.
 */
import type { Clock } from '../../lambdas/framework/clock.ts';

interface Timer {
  atMs: number;
  order: number;
  run(): void;
}

export type Cancel = () => void;

export class VirtualClock implements Clock {
  #nowMs: number;
  #order = 0;
  readonly #timers = new TimerHeap();

  /** Starts at 2026-01-01 unless told otherwise, so that dates made from it look like dates. */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.after(milliseconds, resolve));
  }

  /** Calls `run` once, `milliseconds` from now. */
  after(milliseconds: number, run: () => void): Cancel {
    const delay = Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : 0;
    const timer: Timer = { atMs: this.#nowMs + delay, order: this.#order++, run };
    this.#timers.push(timer);
    return () => {
      timer.run = () => {};
    };
  }

  /** Calls `run` every `milliseconds` until it is cancelled. */
  every(milliseconds: number, run: () => void): Cancel {
    let stopped = false;
    const tick = () => {
      if (stopped) return;
      run();
      this.after(milliseconds, tick);
    };
    this.after(milliseconds, tick);
    return () => {
      stopped = true;
    };
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  /**
   * Lets time pass until `until` (an instant or a condition) is reached or nothing waits any more.
   * Timers of one instant fire together in the order they were set; promises settle before time moves on.
   */
  async run(until: number | (() => boolean) = Number.POSITIVE_INFINITY): Promise<void> {
    const reached = typeof until === 'function' ? until : () => false;
    const end = typeof until === 'number' ? until : Number.POSITIVE_INFINITY;
    await settle();
    while (!reached()) {
      const next = this.#timers.peek();
      if (next === undefined || next.atMs > end) break;
      this.#fireInstant(next.atMs);
      await settle();
    }
    if (Number.isFinite(end)) this.#nowMs = Math.max(this.#nowMs, end);
  }

  /** Runs until the promise settles, and gives its value; throws when nothing is left that could settle it. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    await this.run(() => settled);
    if (!settled) throw new Error('Nothing waits on the clock any more, and the promise is still open.');
    return promise;
  }

  /** Lets `milliseconds` pass. */
  advance(milliseconds: number): Promise<void> {
    return this.run(this.#nowMs + milliseconds);
  }

  #fireInstant(atMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, atMs);
    const lastOrder = this.#order;
    for (let next = this.#timers.peek(); next && next.atMs <= atMs && next.order < lastOrder; next = this.#timers.peek()) {
      this.#timers.pop();
      next.run();
    }
  }
}

/** One turn of the event loop runs every microtask there is, and those they lead to. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

class TimerHeap {
  readonly #heap: Timer[] = [];

  get size(): number {
    return this.#heap.length;
  }

  peek(): Timer | undefined {
    return this.#heap[0];
  }

  push(timer: Timer): void {
    const heap = this.#heap;
    heap.push(timer);
    let child = heap.length - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!earlier(heap[child], heap[parent])) break;
      swap(heap, child, parent);
      child = parent;
    }
  }

  pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (heap.length === 0 || last === undefined) return;
    heap[0] = last;
    for (let parent = 0; ; ) {
      let first = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) if (earlier(heap[child], heap[first])) first = child;
      if (first === parent) return;
      swap(heap, parent, first);
      parent = first;
    }
  }
}

function earlier(a: Timer | undefined, b: Timer | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function swap(heap: Timer[], a: number, b: number): void {
  [heap[a], heap[b]] = [heap[b] as Timer, heap[a] as Timer];
}

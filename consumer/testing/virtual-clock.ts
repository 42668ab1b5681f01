/** Time that passes only when somebody sleeps, or a test says so. Real timers of the author's code run as ever. */
import { setImmediate } from 'node:timers/promises';
import type { TaskClock } from '../ports.ts';

interface Timer {
  atMs: number;
  callback: () => void;
}

export class VirtualTaskClock implements TaskClock {
  private readonly beganMs: number;
  /** Since it began: fractions of a millisecond would be lost in an epoch's. */
  private now = 0;
  private timers: Timer[] = [];

  constructor(startMs: number) {
    this.beganMs = startMs;
  }

  nowMs(): number {
    return this.beganMs + this.now;
  }

  monotonicMs(): number {
    return this.now;
  }

  /** Lets time pass at once, and everything happen that was due meanwhile. */
  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    const endMs = this.now + Math.max(0, milliseconds);
    signal?.throwIfAborted();
    // As with a real clock, nothing happens before the caller has gone on.
    await Promise.resolve();
    for (let timer = this.takeDue(endMs); timer; timer = this.takeDue(endMs)) {
      this.now = Math.max(this.now, timer.atMs);
      timer.callback();
      // What it set off gets to run before more time passes.
      await setImmediate();
      signal?.throwIfAborted();
    }
    this.now = Math.max(this.now, endMs);
    await Promise.resolve();
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { atMs: this.now + Math.max(0, milliseconds), callback };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  private takeDue(endMs: number): Timer | undefined {
    const [first] = this.timers.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
    this.timers = this.timers.filter((timer) => timer !== first);
    return first;
  }
}

/** The virtual clock: order, settling and speed. */
import { describe, expect, it } from 'vitest';
import { VirtualClock } from './virtual-clock.ts';

describe('virtual clock', () => {
  it('wakes sleepers in the order of time, then of setting', async () => {
    const clock = new VirtualClock(0);
    const woken: string[] = [];
    const sleeper = async (name: string, ms: number) => {
      await clock.sleep(ms);
      woken.push(`${name}@${clock.nowMs()}`);
    };
    void sleeper('late', 3_600_000);
    void sleeper('first', 5);
    void sleeper('second', 5);
    await clock.run();
    expect(woken).toEqual(['first@5', 'second@5', 'late@3600000']);
  });

  it('moves on only when every promise that waits for nothing has run', async () => {
    const clock = new VirtualClock(0);
    let seenAt = -1;
    const deep = async (depth: number): Promise<void> => {
      if (depth > 0) return deep(depth - 1);
      await clock.sleep(10);
      seenAt = clock.nowMs();
    };
    clock.after(5, () => void deep(1_000));
    clock.after(6, () => {});
    await clock.run();
    expect(seenAt).toBe(15);
  });

  it('stops at an instant, goes on from there and cancels', async () => {
    const clock = new VirtualClock(0);
    let ticks = 0;
    const stop = clock.every(10, () => {
      ticks += 1;
    });
    await clock.run(35);
    expect([ticks, clock.nowMs()]).toEqual([3, 35]);
    stop();
    await clock.run();
    expect(ticks).toBe(3);
  });

  it('says so when a promise can never settle', async () => {
    await expect(new VirtualClock(0).until(new Promise(() => {}))).rejects.toThrow('still open');
  });

  it('runs 50,000 timers in a moment', async () => {
    const clock = new VirtualClock(0);
    let woken = 0;
    for (let i = 0; i < 50_000; i += 1) void clock.sleep((i * 7_919) % 100_000).then(() => (woken += 1));
    const started = performance.now();
    await clock.run();
    expect(woken).toBe(50_000);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

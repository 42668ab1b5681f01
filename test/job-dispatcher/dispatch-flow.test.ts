/** How the dispatch engine flows: no barrier, bounded reading, order within lanes, checkpoints beside it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Located } from '../../lambdas/domain/job/line.ts';
import { accepted, type EntryOutcome } from '../../lambdas/domain/job/send-outcome.ts';
import { VirtualClock } from '../double/virtual-clock.ts';
import { blocksOf, run, tasks } from './dispatch-world.ts';

const again: EntryOutcome = { kind: 'again', message: 'InternalError' };
const one = { tasks: 1, bytes: 1_000 };

describe('the window', () => {
  it('slides: while one send hangs, the others go through all blocks', async () => {
    const { seen } = await run(tasks(1_000), { tookMs: (batch) => (batch.includes(3) ? 60_000 : 100) });
    const others = seen.sends.filter(({ batch }) => !batch.includes(3));
    const startedMs = Math.min(...seen.sends.map(({ fromMs }) => fromMs));
    // 99 sends of 100 ms, 19 at a time.
    expect(Math.max(...others.map(({ toMs }) => toMs)) - startedMs).toBe(600);
    expect(seen.tookMs).toBeLessThan(60_100);
  });

  it('is used: n sends of 100 ms take no longer than the window asks for', async () => {
    const { seen } = await run(tasks(500), {}, { limits: one });
    expect(seen.tookMs).toBe((500 / 20) * 100);
    expect(seen.mostInFlight).toBe(20);
  });

  it('is kept full while the next block is prepared', async () => {
    const clock = new VirtualClock();
    const prepare = async (some: readonly Located[]) => {
      await clock.sleep(100);
      return some;
    };
    const { seen } = await run(tasks(500), {}, { limits: one, prepare, clock });
    // But for the first block, which nothing was in flight beside.
    expect(seen.tookMs).toBe(2_600);
  });

  it('a task that waits to be sent again takes no slot', async () => {
    const { seen } = await run(
      tasks(200),
      { entry: (n, tries) => (n <= 5 && tries < 6 ? again : accepted) },
      { limits: one, maxConcurrent: 5 },
    );
    const others = seen.sends.filter(({ batch: [n = 0] }) => n > 5).map(({ toMs }) => toMs);
    const last = Math.max(...seen.sends.map(({ toMs }) => toMs));
    expect(last - Math.max(...others)).toBeGreaterThan(500);
  });
});

describe('reading', () => {
  it('stays within two blocks and what is under way', async () => {
    let read = 0;
    let most = 0;
    const all = tasks(5_000);
    async function* counted() {
      for await (const block of blocksOf(all, 50)) {
        read += block.length;
        yield block;
      }
    }
    let sent = 0;
    const counting = ({ task: { n } }: { task: { n: number } }) => {
      sent += 1;
      most = Math.max(most, read - sent);
      return { entry: n, bytes: 1 };
    };
    await run(all, {}, { blocks: counted(), message: counting, maxConcurrent: 4 });
    expect(read).toBe(5_000);
    expect(most).toBeLessThanOrEqual(100);
  });

  it('closes the blocks where it stops early', async () => {
    let closed = false;
    async function* blocks() {
      try {
        for (let i = 0; ; i += 1) yield tasks(50).map(({ task }) => ({ task: { ...task, n: i * 50 + task.n }, fromByte: 0, toByte: 0 }));
      } finally {
        closed = true;
      }
    }
    const { result } = await run([], {}, { blocks: blocks(), allowance: 120 });
    expect(result).toMatchObject({ sent: 120, stopped: 'allowance' });
    expect(closed).toBe(true);
  });

  it('hands no more to be prepared than may be sent, and takes what is dropped for settled', async () => {
    const handed: number[] = [];
    const { result, seen } = await run(
      tasks(200),
      {},
      {
        allowance: 30,
        prepare: async (some) => {
          handed.push(some.length);
          return some.filter(({ task: { n } }) => n % 3 === 0);
        },
      },
    );
    expect(Math.max(...handed)).toBe(30);
    expect(seen.taken).toHaveLength(30);
    expect(result).toMatchObject({ sent: 30, cursor: { n: 90 }, stopped: 'allowance' });
  });

  it('says `end`, not `allowance`, where both are reached together', async () => {
    expect((await run(tasks(100), {}, { allowance: 100 })).result).toMatchObject({ sent: 100, stopped: 'end' });
  });
});

describe('checkpoints', () => {
  it('come at most once a second, in order, and pass no task that is not settled', async () => {
    const entry = (n: number, tries: number) => (n % 40 === 0 && tries <= 3 ? again : accepted);
    const { seen } = await run(tasks(3_000), { entry, tookMs: () => 150 }, { maxConcurrent: 3 });
    expect(seen.checkpoints.length).toBeGreaterThan(5);
    for (const [i, { cursor, sent, settled, atMs }] of seen.checkpoints.entries()) {
      expect(settled).toBe(cursor.n);
      expect(sent).toBe(cursor.n);
      const before = seen.checkpoints[i - 1];
      if (before) expect([atMs - before.atMs >= 1_000, cursor.n > before.cursor.n]).toEqual([true, true]);
    }
  });

  it('hold no send up', async () => {
    const { seen } = await run(tasks(5_000), { savingMs: 1_700 }, { maxConcurrent: 5 });
    expect(seen.sends.at(-1)?.toMs).toBe(10_000 + (seen.sends[0]?.fromMs ?? 0));
    expect(seen.mostSaving).toBe(1);
  });
});

describe('lanes', () => {
  it('keep the order of each, whatever fails, and share the sends', async () => {
    const shape = fc.record({ lanes: fc.integer({ min: 1, max: 8 }), seed: fc.nat(1_000), maxConcurrent: fc.integer({ min: 1, max: 10 }) });
    await fc.assert(
      fc.asyncProperty(shape, async ({ lanes, seed, maxConcurrent }) => {
        const draw = (a: number, b: number) => (Math.imul((a + seed) ^ (b * 977), 2_654_435_761) >>> 0) % 10;
        const lane = (n: number) => `lane ${draw(n, 11) % lanes}`;
        const { seen } = await run(
          tasks(150),
          { entry: (n, tries) => (tries < 4 && draw(n, tries) < 3 ? again : accepted), tookMs: (_, sends) => 10 + draw(sends, 1) * 30 },
          { maxConcurrent, message: ({ task: { n } }) => ({ entry: n, bytes: 1, lane: lane(n) }) },
        );
        expect(seen.taken).toHaveLength(150);
        for (const name of new Set(seen.taken.map(lane))) {
          const order = seen.taken.filter((n) => lane(n) === name);
          expect(order).toEqual(order.toSorted((a, b) => a - b));
        }
        expect(seen.mostInFlight).toBeLessThanOrEqual(maxConcurrent);
      }),
      { numRuns: 100 },
    );
  });
});

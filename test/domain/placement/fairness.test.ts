/** Shares of customers who all want more than there is; and jobs that small ones would never leave room for. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { priorities } from '../../../lambdas/contract/job.ts';
import { limitDefaults } from '../../../lambdas/contract/placement.ts';
import type { PlacingRow } from '../../../lambdas/contract/placement-table.ts';
import type { Book } from '../../../lambdas/domain/placement/book.ts';
import { begin, book, customer, pool, startMs, waiting } from './builders.ts';

const jain = (shares: readonly number[]) => {
  const sum = shares.reduce((total, share) => total + share, 0);
  return (sum * sum) / (shares.length * shares.reduce((total, share) => total + share * share, 0));
};

/** Where every customer always has a job of its kind waiting, jobs end in any order, and time goes on. */
class BusyStage {
  nowMs = startMs;
  made = 0;
  /** Between two ends. */
  readonly tickMs: number;
  readonly running: string[] = [];
  readonly book: Book;
  readonly kinds: readonly (readonly PlacingRow[])[];
  readonly any: () => number;

  constructor(onBook: Book, kinds: readonly (readonly PlacingRow[])[], any: () => number, tickMs: number) {
    this.tickMs = tickMs;
    this.book = onBook;
    this.kinds = kinds;
    this.any = any;
    for (let i = 0; i < backlog; i += 1) for (const kind of kinds) this.handIn(kind);
  }

  /** One more of a customer's kinds. */
  handIn(kinds: readonly PlacingRow[]): void {
    const kind = kinds[this.any() % kinds.length];
    if (kind === undefined) return;
    this.made += 1;
    const waitedMs = kind.orderMs - startMs;
    this.book.addWaiting({ ...kind, job: `job-${this.made}`, readyAtMs: this.nowMs, orderMs: this.nowMs + waitedMs });
  }

  startAll(): string[] {
    const started: string[] = [];
    for (let start = this.book.next(this.nowMs); start !== undefined; start = this.book.next(this.nowMs)) {
      begin(this.book, start, this.nowMs);
      started.push(start.job.job);
      const own = this.kinds.find(([kind]) => kind?.customer === start.job.customer);
      if (own !== undefined) this.handIn(own);
    }
    this.running.push(...started);
    return started;
  }

  /** What starts once the next job has ended. */
  goOn(): string[] {
    this.nowMs += this.tickMs;
    const [ended] = this.running.splice(this.any() % Math.max(1, this.running.length), 1);
    if (ended !== undefined) this.book.removeLease(ended);
    return this.startAll();
  }
}

/** Jobs of each customer that wait. */
const backlog = 20;

const numbers = fc.infiniteStream(fc.nat(1_000_000)).map((stream) => () => stream.next().value ?? 0);
const kind = (name: string) =>
  fc
    .record({ cpu: fc.integer({ min: 1, max: 4 }), memory: fc.integer({ min: 1, max: 8 }), priority: fc.constantFrom(...priorities) })
    .map(({ priority, ...quantities }) => waiting('kind', { customer: name, priority, needs: { quantities } }));
const names = ['a', 'b', 'c', 'd'];
/** On several pools the same but for what is left over on each: a last bit that only one customer's jobs fit is given to it. */
const crowd = fc
  .record({
    kinds: fc.tuple(...names.map((name) => fc.array(kind(name), { minLength: 1, maxLength: 3 }))),
    weights: fc.tuple(...names.map(() => fc.constantFrom(1, 1, 2))),
    capacity: fc.record({ cpu: fc.integer({ min: 60, max: 120 }), memory: fc.integer({ min: 120, max: 240 }) }),
    any: numbers,
  })
  .map(({ kinds, weights, capacity, any }) => () => {
    const customers = names.map((name, i) => customer(name, { weight: weights[i] }));
    return new BusyStage(book({ pools: [pool('one', { maxJobs: 1_000, capacity })], customers }), kinds, any, 60_000);
  });

describe('while every customer has jobs waiting', () => {
  it('their weighted shares of what is scarcest to each are alike', () => {
    fc.assert(
      fc.property(crowd, (made) => {
        const stage = made();
        stage.startAll();
        const sums = new Map(names.map((name) => [name, 0]));
        for (let ends = 0; ends < 600; ends += 1) {
          stage.goOn();
          for (const name of names) sums.set(name, (sums.get(name) ?? 0) + (stage.book.customer(name)?.share ?? 0));
        }
        expect(jain([...sums.values()])).toBeGreaterThanOrEqual(0.95);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a job as large as the whole pool', () => {
  const places = 8;
  const small = (name: string, fields: object = {}) => [waiting('kind', { customer: name, needs: { quantities: { cpu: 1 } }, ...fields })];
  const big = (fields: object = {}) => waiting('big', { customer: 'big', needs: { quantities: { cpu: places } }, ...fields });
  const busy = (any: () => number, row: PlacingRow, fields: object = {}) => {
    const kinds = [small('a', fields), small('b', fields)];
    const stage = new BusyStage(book({ pools: [pool('one', { maxJobs: 100, capacity: { cpu: places } })] }), kinds, any, 20_000);
    stage.startAll();
    stage.book.addWaiting(row);
    return stage;
  };

  it('starts, however many small ones keep coming, once it has waited for long and all have ended that were there', () => {
    fc.assert(
      fc.property(numbers, (any) => {
        const stage = busy(any, big());
        let after = 0;
        while (!stage.goOn().includes('big')) {
          if (stage.nowMs > startMs + 900_000) after += 1;
          expect(after).toBeLessThanOrEqual(places);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('of low priority starts, though critical ones keep coming, before any that came when it had made good for its priority', () => {
    fc.assert(
      fc.property(numbers, (any) => {
        const stage = busy(any, big({ priority: 'low' }), { priority: 'critical' });
        const madeGoodMs = startMs + 3 * limitDefaults.ageingSeconds * 1_000;
        let after = 0;
        while (!stage.goOn().includes('big')) {
          if (stage.nowMs > madeGoodMs) after += 1;
          expect(after).toBeLessThanOrEqual(places + 2 * backlog);
        }
      }),
      { numRuns: 10 },
    );
  });
});

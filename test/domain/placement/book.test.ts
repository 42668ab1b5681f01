/** A book that is told of changes decides as the rules say, as one that is made anew does, and whatever came first. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { priorities } from '../../../lambdas/contract/job.ts';
import type { LeaseRow, PlacingRow } from '../../../lambdas/contract/placement-table.ts';
import { Book } from '../../../lambdas/domain/placement/book.ts';
import type { Start } from '../../../lambdas/domain/placement/turn.ts';
import { begin, leaseOf, overall, pool, startAll, startMs, told, waiting } from './builders.ts';
import { oracle, type World } from './oracle.ts';
import { anyEvents, anyWorld, type Event } from './worlds.ts';

/** Rows and a book that both were told of all events so far. */
class Stage {
  nowMs = startMs;
  world: World;
  readonly book: Book;

  constructor(world: World) {
    this.world = { ...world };
    this.book = new Book(world);
  }

  happen(event: Event): void {
    if (event.kind === 'time') this.nowMs += event.seconds * 1_000;
    else if (event.kind === 'start') this.starts(this.book.next(this.nowMs));
    else if (event.kind === 'end') this.ends(this.world.leases[event.nth % Math.max(1, this.world.leases.length)]?.job);
    else if (event.kind === 'noWaiting') this.noWaiting(event.job);
    else if (event.kind === 'waiting') this.waits(event.row);
    else if (event.kind === 'lease') this.runs(event.row);
    else this.isSet(event);
  }

  isSet(event: Exclude<Event, { kind: 'time' | 'start' | 'end' | 'noWaiting' | 'waiting' | 'lease' }>): void {
    const { world, book } = this;
    const others = (name: string) => world.pools.filter(({ taskGroup }) => taskGroup !== name);
    if (event.kind === 'pool') {
      world.pools = [...others(event.row.taskGroup), event.row];
      book.setPool(event.row);
    } else if (event.kind === 'noPool') {
      world.pools = others(event.taskGroup);
      book.removePool(event.taskGroup);
    } else if (event.kind === 'customer') {
      world.customers = [...world.customers.filter(({ customer }) => customer !== event.row.customer), event.row];
      book.setCustomer(event.row);
    } else {
      world.overall = event.row;
      book.setOverall(event.row);
    }
  }

  waits(row: PlacingRow): void {
    this.world.waiting = [...this.world.waiting.filter(({ job }) => job !== row.job), row];
    this.book.addWaiting(row);
  }

  runs(row: LeaseRow): void {
    this.ends(row.job);
    this.world.leases = [...this.world.leases, row];
    this.book.addLease(row);
  }

  starts(start: Start | undefined): void {
    if (start === undefined) return;
    this.noWaiting(start.job.job);
    this.runs(leaseOf(start, this.nowMs));
  }

  noWaiting(name: string): void {
    this.world.waiting = this.world.waiting.filter(({ job }) => job !== name);
    this.book.removeWaiting(name);
  }

  ends(name: string | undefined): void {
    if (name === undefined) return;
    this.world.leases = this.world.leases.filter(({ job }) => job !== name);
    this.book.removeLease(name);
  }
}

const runs = { numRuns: 300 };

describe('a book that is told of whatever happens', () => {
  it('decides as the rules say, looked at job by job and pool by pool', () => {
    fc.assert(
      fc.property(anyWorld(), anyEvents, (world, events) => {
        const stage = new Stage(world);
        for (const event of [{ kind: 'time', seconds: 0 } as const, ...events]) {
          stage.happen(event);
          const rules = oracle(stage.world, stage.nowMs);
          const start = stage.book.next(stage.nowMs);
          expect(start?.job.job).toBe(rules.next?.job);
          if (start !== undefined) expect(rules.next?.pools).toContain(start.pool);
          const kept = stage.book.reservation(stage.nowMs);
          expect([kept?.job.job, kept?.pool.row.taskGroup]).toEqual([rules.kept?.job.job, rules.kept?.pool?.taskGroup]);
        }
      }),
      runs,
    );
  });

  it('decides as one that is made anew from the same rows', () => {
    fc.assert(
      fc.property(anyWorld(), anyEvents, (world, events) => {
        const stage = new Stage(world);
        for (const event of events) {
          stage.happen(event);
          expect(stage.book.next(stage.nowMs)).toEqual(new Book(stage.world).next(stage.nowMs));
        }
      }),
      runs,
    );
  });

  it('is not changed by being told twice', () => {
    fc.assert(
      fc.property(anyWorld(), anyEvents, (world, events) => {
        const [once, twice] = [new Stage(world), new Stage(world)];
        for (const event of events) {
          if (event.kind === 'start' || event.kind === 'end') continue;
          once.happen(event);
          twice.happen(event);
          if (event.kind !== 'time') twice.happen(event);
        }
        expect(startAll(twice.book, twice.nowMs).map(told)).toEqual(startAll(once.book, once.nowMs).map(told));
      }),
      runs,
    );
  });

  it('does not mind in which order it heard', () => {
    const permuted = anyWorld().chain((world) =>
      fc.record({
        world: fc.constant(world),
        other: fc.record({
          overall: fc.constant(world.overall),
          pools: fc.shuffledSubarray(world.pools, { minLength: world.pools.length }),
          customers: fc.shuffledSubarray(world.customers, { minLength: world.customers.length }),
          waiting: fc.shuffledSubarray(world.waiting, { minLength: world.waiting.length }),
          leases: fc.shuffledSubarray(world.leases, { minLength: world.leases.length }),
        }),
      }),
    );
    fc.assert(
      fc.property(permuted, ({ world, other }) => {
        expect(startAll(new Book(other)).map(told)).toEqual(startAll(new Book(world)).map(told));
      }),
      runs,
    );
  });
});

describe('a book with many shapes', () => {
  /** As many as are put in order rather than looked at one by one, and more. */
  const manyShapes = fc.record({
    sizes: fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 90, maxLength: 140 }),
    perCustomer: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
    ends: fc.array(fc.nat(1_000), { maxLength: 30 }),
  });
  it('decides as the rules say, too', () => {
    fc.assert(
      fc.property(manyShapes, ({ sizes, perCustomer, ends }) => {
        const jobs = sizes.map((cpu, i) =>
          waiting(`j${i}`, {
            customer: `c${i % 7}`,
            ageMs: (i % 13) * 100_000,
            priority: priorities[i % 4],
            needs: { quantities: { cpu } },
          }),
        );
        const pools = ['a', 'b', 'c'].map((name) => pool(name, { maxJobs: 30, capacity: { cpu: 1_500 } }));
        const limits = overall(perCustomer === undefined ? {} : { perCustomerMaxJobs: perCustomer });
        const stage = new Stage({ overall: limits, pools, customers: [], waiting: jobs, leases: [] });
        const decide = () => {
          const start = stage.book.next(stage.nowMs);
          expect(start?.job.job).toBe(oracle(stage.world, stage.nowMs).next?.job);
          return start;
        };
        for (const nth of [undefined, ...ends]) {
          if (nth !== undefined) stage.happen({ kind: 'end', nth });
          for (let start = decide(); start !== undefined; start = decide()) stage.starts(start);
        }
      }),
      { numRuns: 15 },
    );
  });
});

describe('starts until nothing can', () => {
  it('pass no limit that was kept before', () => {
    fc.assert(
      fc.property(anyWorld({ leases: 0, jobs: 30 }), (world) => {
        const book = new Book(world);
        const leases = startAll(book).map((start) => leaseOf(start));
        expect(leases.length).toBeLessThanOrEqual(world.overall.maxJobs);
        for (const { taskGroup, maxJobs, capacity } of world.pools) {
          const own = leases.filter((row) => row.pool === taskGroup);
          expect(own.length).toBeLessThanOrEqual(maxJobs);
          for (const name of ['cpu', 'gpu']) {
            const used = own.reduce((sum, { quantities }) => sum + (quantities[name] ?? 0), 0);
            expect(used).toBeLessThanOrEqual(capacity[name] ?? 0);
          }
        }
        for (const name of ['a', 'b', 'c']) {
          const most = world.customers.find(({ customer }) => customer === name)?.maxJobs ?? world.overall.perCustomerMaxJobs;
          expect(leases.filter(({ customer }) => customer === name).length).toBeLessThanOrEqual(most ?? Number.POSITIVE_INFINITY);
        }
      }),
      runs,
    );
  });

  it('leave nothing waiting that fits, but for a pool that is kept', () => {
    fc.assert(
      fc.property(anyWorld({ leases: 4, jobs: 30 }), (world) => {
        const book = new Book(world);
        const starts = startAll(book);
        const started = new Set(starts.map(({ job }) => job.job));
        const left = {
          ...world,
          waiting: world.waiting.filter(({ job }) => !started.has(job)),
          leases: [...world.leases, ...starts.map((start) => leaseOf(start))],
        };
        if (left.leases.length >= world.overall.maxJobs) return;
        const rules = oracle(left, startMs);
        const keptPool = rules.kept?.pool?.taskGroup;
        for (const job of rules.inOrder) {
          expect(
            left.pools.filter((pool) => pool.taskGroup !== keptPool && rules.fits(job, pool)).map(({ taskGroup }) => taskGroup),
          ).toEqual([]);
        }
      }),
      runs,
    );
  });
});

describe('a stage that is drained', () => {
  it('starts every job that could fit, each once', () => {
    fc.assert(
      fc.property(anyWorld({ leases: 3, jobs: 30 }), fc.infiniteStream(fc.nat(1_000)), (made, choices) => {
        const waiting = made.waiting.map(({ startByMs: _, ...row }) => row);
        const customers = made.customers.map(({ maxJobs, ...row }) => ({
          ...row,
          ...(maxJobs === undefined ? {} : { maxJobs: maxJobs + 1 }),
        }));
        const limits = { ...made.overall, maxJobs: made.overall.maxJobs + 1 };
        const overall = limits.perCustomerMaxJobs === undefined ? limits : { ...limits, perCustomerMaxJobs: limits.perCustomerMaxJobs + 1 };
        const world: World = { ...made, waiting, customers, overall };
        const book = new Book(world);
        const running = world.leases.map(({ job }) => job);
        const started: string[] = [];
        for (let nowMs = startMs; ; nowMs += 60_000) {
          for (let start = book.next(nowMs); start !== undefined; start = book.next(nowMs)) {
            begin(book, start, nowMs);
            running.push(start.job.job);
            started.push(start.job.job);
          }
          if (running.length === 0) break;
          const [ended = ''] = running.splice((choices.next().value ?? 0) % running.length, 1);
          book.removeLease(ended);
        }
        const rules = oracle({ ...world, leases: [] }, startMs);
        const could = world.waiting.filter((job) => world.pools.some((pool) => rules.couldFit(job, pool))).map(({ job }) => job);
        expect(started.toSorted()).toEqual(could.toSorted());
      }),
      runs,
    );
  });
});

/** The lease of a placed job while its task runs: kept by heartbeats, and given up in time where it cannot be. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TaskContext } from '../../consumer/index.ts';
import type { LeaseAnswer, LeaseWord } from '../../consumer/ports.ts';
import { clockSkewMs } from '../../lambdas/contract/task-table.ts';
import { batches, until } from '../support/consumer-batches.ts';
import { sqsRecord } from '../support/sqs-record.ts';

const timeoutSeconds = 900;

interface Said {
  atMs: number;
  word: LeaseWord;
}

/** One placed task in an invocation of 15 minutes; `answer`: what becomes of the heartbeat number `n`, 0 the one before it starts. */
function placedRun(
  task: (context: TaskContext) => unknown,
  answer: (n: number) => LeaseAnswer | 'silent' | 'never' = () => ({ kind: 'held' }),
  leaseSeconds = 300,
) {
  const said: Said[] = [];
  const world = batches(
    { task: (_body, context) => task(context) },
    {
      timeoutSeconds,
      ports: ({ clock }) => ({
        jobLeases: {
          async heartbeat(_lease, word) {
            const found = answer(said.length);
            said.push({ atMs: clock.monotonicMs(), word });
            if (found === 'silent') throw new Error('nobody answers');
            return found === 'never' ? new Promise<never>(() => {}) : found;
          },
        },
      }),
    },
  );
  const lease = JSON.stringify(world.leases.grant('j', leaseSeconds));
  const message = (receives: number) =>
    sqsRecord('a', { receives, attributes: { 'sluice.job': 'j', 'sluice.task': 'j/1', 'sluice.lease': lease } });
  return { world, said, run: (receives = 1) => world.run(message(receives)) };
}

const held: LeaseAnswer = { kind: 'held' };
const gone: LeaseAnswer = { kind: 'lost', why: 'HTTP 409' };
const seconds = (said: Said[]) => said.map(({ atMs }) => Math.round(atMs / 1_000));

describe('while it runs', () => {
  it('a heartbeat goes out each third of its lease, and says who it is, and its step', async () => {
    const { said, run, world } = placedRun(async ({ step, sleep }) => {
      await sleep(150_000);
      await step('render', async () => {
        await new Promise((resolve) => setImmediate(resolve));
        await sleep(200_000);
      });
      await sleep(50_000);
    });
    expect(await run()).toEqual([]);
    expect(seconds(said)).toEqual([0, 98, 150, 248, 347]);
    expect(said.map(({ word }) => word.step)).toEqual([undefined, undefined, 'render', 'render', 'render']);
    expect(new Set(said.map(({ word }) => word.holder))).toEqual(new Set(['acme']));
    expect(world.jobs.reported).toMatchObject([{ status: 'done' }]);
  });

  it('ends with the task', async () => {
    const { said, run, world } = placedRun(({ sleep }) => sleep(10_000));
    await run();
    await world.clock.sleep(600_000);
    expect(said).toHaveLength(1);
  });

  it('is one at a time, however fast its steps are', async () => {
    let steps = 0;
    const { said, run, world } = placedRun(
      async ({ step, sleep }) => {
        for (let n = 1; n <= 50; n += 1) {
          await step(`step ${n}`, async () => {
            steps += 1;
            await sleep(10);
          });
        }
      },
      (n) => (n === 1 ? 'never' : held),
    );
    await run();
    expect(steps).toBe(50);
    expect(said.map(({ word }) => word.step)).toEqual([undefined, 'step 1']);
    expect(world.jobs.reported).toMatchObject([{ status: 'done' }]);
  });
});

describe('a lease that is lost', () => {
  it('aborts the task at the next heartbeat, and nothing is reported; its copies do not run', async () => {
    let reason: unknown;
    const { said, run, world } = placedRun(
      ({ signal, sleep }) => {
        signal.addEventListener('abort', () => {
          reason = signal.reason;
        });
        return sleep(800_000);
      },
      (n) => (n === 2 ? gone : held),
    );
    expect(await run()).toEqual([]);
    expect(reason).toMatchObject({ name: 'TransientError', class: 'TRANSIENT', message: expect.stringContaining('HTTP 409') });
    expect([Math.round(world.clock.monotonicMs() / 1_000), world.jobs.reported, world.deadLetters]).toEqual([197, [], []]);
    expect(await run(2)).toEqual([]);
    expect([said.length, world.jobs.reported]).toEqual([3, []]);
  });

  it('makes nothing of a result, either', async () => {
    const { run, world } = placedRun(
      ({ sleep }) => sleep(800_000).catch(() => 'finished all the same'),
      (n) => (n === 1 ? gone : held),
    );
    expect(await run()).toEqual([]);
    expect(world.jobs.reported).toEqual([]);
    expect(world.logs()).toContainEqual(expect.objectContaining({ level: 'WARN', reason: 'HTTP 409' }));
  });

  it.each(['silent', 'never'] as const)('as nobody answers (%s), is given up before others may count it as over', async (how) => {
    const { said, run, world } = placedRun(
      ({ sleep }) => sleep(800_000),
      (n) => (n === 0 ? held : how),
    );
    expect(await run()).toEqual([]);
    const endedMs = world.clock.monotonicMs();
    expect(endedMs).toBeLessThanOrEqual(300_000 - clockSkewMs);
    expect(endedMs).toBeGreaterThan(280_000);
    // Tried again and again, not only once.
    expect(said.length).toBeGreaterThan(5);
    expect(world.jobs.reported).toEqual([]);
  });

  it('has the invocation go on without a task that ignores its signal, three seconds after', async () => {
    const { run, world } = placedRun(
      async ({ sleep }) => {
        await sleep(800_000).catch(() => undefined);
        await new Promise<void>(() => {});
      },
      (n) => (n === 1 ? gone : held),
    );
    void run();
    await until(() => world.clock.monotonicMs() > 98_000);
    await world.clock.sleep(3_000);
    await until(() => world.asked.length === 1);
    expect([world.asked, world.jobs.reported]).toEqual([[['a/1', 'deleted']], []]);
  });
});

it('an attempt that ended without a word is told to its job by the next receive, and not run', async () => {
  let runs = 0;
  const { run, world } = placedRun(async () => {
    runs += 1;
    await new Promise(() => {});
  });
  void run();
  await until(() => runs === 1);
  world.kill();
  await world.clock.sleep(1_000_000);
  expect(await run(2)).toEqual([]);
  expect(runs).toBe(1);
  const message = expect.stringContaining('ended without a word');
  expect(world.jobs.reported).toMatchObject([{ status: 'failed', class: 'RESOURCE', message, attempt: 1, deadLettered: false }]);
  expect(world.deadLetters).toEqual([]);
});

it('a report that cannot be sent is told by the next receive', async () => {
  let deaf = true;
  const world = batches(
    { task: () => 7 },
    {
      ports: ({ reports }) => ({
        reports: { ...reports, send: (report) => (deaf ? Promise.reject(new Error('down')) : reports.send(report)) },
      }),
    },
  );
  const attributes = { 'sluice.job': 'j', 'sluice.task': 'j/1', 'sluice.lease': JSON.stringify(world.leases.grant('j', 300)) };
  expect(await world.run(sqsRecord('a', { attributes }))).toEqual(['a']);
  expect(world.asked).toEqual([['a/1', 5]]);
  deaf = false;
  expect(await world.run(sqsRecord('a', { receives: 2, attributes }))).toEqual([]);
  expect(world.jobs.reported).toMatchObject([{ status: 'done', result: '7', lease: 'token-j-1' }]);
});

/** Whatever becomes of its heartbeats: nobody else may have the job while it works, and it works as long as it may. */
it('holds over any row of answers: it works only under its lease, and is told or lost, never both', async () => {
  const answers = fc.array(fc.constantFrom<'held' | 'gone' | 'silent' | 'never'>('held', 'held', 'silent', 'never', 'gone'), {
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(
      answers,
      fc.integer({ min: 3, max: 400 }),
      fc.integer({ min: 1, max: 800 }),
      async (row, leaseSeconds, taskSeconds) => {
        let abortedMs = Number.POSITIVE_INFINITY;
        let endedMs = 0;
        const of = (n: number) => row[n - 1] ?? 'held';
        const { said, run, world } = placedRun(
          async ({ signal, sleep }) => {
            signal.addEventListener('abort', () => {
              abortedMs = world.clock.monotonicMs();
            });
            await sleep(taskSeconds * 1_000).finally(() => {
              endedMs = world.clock.monotonicMs();
            });
          },
          (n) => (n === 0 || of(n) === 'held' ? held : of(n) === 'gone' ? gone : (of(n) as 'silent' | 'never')),
          leaseSeconds,
        );
        expect(await run()).toEqual([]);
        const heard = said.filter((_, n) => n === 0 || of(n) === 'held');
        const lostMs = said.find((_, n) => n > 0 && of(n) === 'gone')?.atMs ?? Number.POSITIVE_INFINITY;
        const heardMs = heard.filter(({ atMs }) => atMs <= lostMs).at(-1)?.atMs ?? 0;
        // Never past the end of the lease as it was last heard of, with room for clocks; nor past the word that it is gone.
        const skewMs = Math.min(clockSkewMs, (leaseSeconds * 1_000) / 3);
        expect(endedMs).toBeLessThanOrEqual(Math.min(heardMs + leaseSeconds * 1_000 - skewMs, lostMs));
        // Not given up before it has to be.
        if (abortedMs < lostMs) expect(abortedMs).toBeGreaterThanOrEqual(heardMs + leaseSeconds * 550);
        // A heartbeat is due each third of the lease.
        for (const [n, { atMs }] of said.entries())
          if (n > 0) expect(atMs - (said[n - 1]?.atMs ?? 0)).toBeLessThanOrEqual((leaseSeconds * 1_000) / 3);
        expect(world.jobs.reported).toHaveLength(abortedMs === Number.POSITIVE_INFINITY ? 1 : 0);
        if (world.jobs.reported.length === 1) expect(endedMs).toBe(taskSeconds * 1_000);
      },
    ),
    { numRuns: 150 },
  );
});

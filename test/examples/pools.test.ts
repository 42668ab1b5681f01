/** examples/pools: what it offers and hands in, and what it makes of what it sees. */
import { describe, expect, test } from 'vitest';
import { parseArguments } from '../../examples/pools/arguments.ts';
import { type BurstJob, burst } from '../../examples/pools/burst.ts';
import { customers, limitItems, poolItems, pools } from '../../examples/pools/offer.ts';
import { picture, sentence } from '../../examples/pools/picture.ts';
import { passedLimits, type Sample, type SeenJob } from '../../examples/pools/sample.ts';
import { Screen } from '../../examples/pools/screen.ts';
import { summary } from '../../examples/pools/summary.ts';
import { Tally } from '../../examples/pools/tally.ts';
import { Undo } from '../../examples/pools/undo.ts';
import { ConfigItem } from '../../lambdas/contract/config-item.ts';
import { Job, JobRequest } from '../../lambdas/contract/job.ts';
import { PlacementStats } from '../../lambdas/contract/job-api-stage.ts';
import { CustomerLimitsItem } from '../../lambdas/contract/placement.ts';

const inputsOf = (place: string) => [{ bucket: 'data', key: `${place}/mesh.bin` }];
const offer = { prefixOf: (place: string) => `data/${place}/`, outsideQueueUrl: 'https://queue', expiresAt: 1 };

describe('what it offers and hands in', () => {
  test('are items and jobs as the stage takes them', () => {
    for (const item of poolItems(offer)) ConfigItem.parse(item);
    for (const item of limitItems()) CustomerLimitsItem.parse(item);
    for (const { submission } of burst(40, inputsOf)) JobRequest.parse(submission);
  });

  test('every job fits a pool, by labels and quantities', () => {
    for (const { n, submission } of burst(40, inputsOf)) {
      const { labels = {}, quantities = {} } = submission.needs ?? {};
      const fitting = pools.filter(
        (pool) =>
          Object.entries(labels).every(([name, value]) => pool.labels[name] === value) &&
          Object.entries(quantities).every(([name, need]) => need <= (pool.capacity.quantities?.[name] ?? 0)),
      );
      expect(fitting.length, `job ${n}`).toBeGreaterThan(0);
    }
  });

  test('a burst of the usual size has all of everything, and one job that fails once, where work runs outside', () => {
    const jobs = burst(40, inputsOf);
    const pairs = new Set(jobs.map(({ customer, priority }) => `${customer} ${priority}`));
    expect(pairs.size).toBe(customers.length * 4);
    expect(new Set(jobs.map(({ submission }) => submission.objective))).toEqual(new Set([undefined, 'locality', 'cost', 'spread']));
    expect(new Set(jobs.map(({ place }) => place))).toEqual(new Set([undefined, 'west', 'east']));
    expect(jobs.every(({ work }) => work.seconds >= 1 && work.seconds <= 4)).toBe(true);
    expect(jobs.filter(({ work }) => work.failsOnce)).toMatchObject([
      { kind: 'solve', submission: { needs: { quantities: { licences: 1 } } } },
    ]);
  });
});

test.each([
  [['--jobs', '7'], '--jobs must be'],
  [['--jobs', 'x'], '--jobs must be'],
  [['--job', '9'], 'example:pools -- --help'],
])('refuses %j and says what to do', (args, says) => {
  expect(() => parseArguments(args)).toThrow(says);
});

/** A look: `states` of jobs by their number, `inProgress` of pools and customers by name. */
function look(
  seconds: number,
  states: Record<number, Partial<Job>>,
  more: { ready?: number; onWest?: number; cobalt?: number } = {},
): Sample {
  const { ready = 0, onWest = 0, cobalt = 0 } = more;
  const none = { ready: 0, inProgress: 0, retrying: 0, failed: 0 };
  const jobs: SeenJob[] = burst(8, inputsOf).map((job: BurstJob) => ({ ...job, job: states[job.n] && jobOf(job, states[job.n]) }));
  const placement = PlacementStats.parse({
    ...none,
    ...{ ready, inProgress: onWest, maxJobs: 10, quantities: {}, areMinimums: false },
    pools: pools.map(({ taskGroup, capacity }, i) => ({
      ...none,
      ...{ pool: taskGroup, state: 'open', maxJobs: capacity.maxJobs, inProgress: i === 0 ? onWest : 0 },
      quantities: Object.fromEntries(
        Object.entries(capacity.quantities ?? {}).map(([name, total]) => [name, { used: i === 0 && name === 'gpu' ? onWest : 0, total }]),
      ),
    })),
    customers: [{ ...none, customer: 'example-cobalt', inProgress: cobalt, ready, maxJobs: 2, weight: 1, share: 0.25 }],
  });
  return { seconds, placement, jobs };
}

const jobOf = ({ n, priority }: BurstJob, state: Partial<Job> = {}): Job =>
  Job.parse({
    ...{ id: `job-${n}`, status: 'PENDING', message: 'waits', priority, dispatched: 0, processed: 0, completed: 0, failed: 0, retrying: 0 },
    ...{ deadLettered: 0, cancelled: 0, maxFailures: 0, life: 0, createdAt: '2026-11-21T10:00:00.000Z' },
    ...state,
  });

const lease = (pool: string) => ({ pool, fence: 1, grantedAt: '2026-11-21T10:00:01.000Z', expiresAt: '2026-11-21T10:05:01.000Z' });
const onWest: Partial<Job> = { status: 'RUNNING', pool: 'example-west', lease: lease('example-west') };
const done = (pool: string, waitSeconds: number): Partial<Job> => ({
  ...{
    status: 'COMPLETED',
    pool,
    attempts: 1,
    startedAt: new Date(Date.parse('2026-11-21T10:00:00Z') + waitSeconds * 1_000).toISOString(),
  },
});

describe('limits', () => {
  test.each([
    [{ onWest: 3, cobalt: 2 }, []],
    [{ onWest: 4 }, ['jobs on example-west: 4 of 3']],
    [{ onWest: 5 }, ['jobs on example-west: 5 of 3', 'gpu of example-west: 5 of 4']],
    [{ cobalt: 3 }, ['jobs of example-cobalt: 3 of 2']],
    [{ onWest: 11 }, ['jobs on pools: 11 of 10', 'jobs on example-west: 11 of 3', 'gpu of example-west: 11 of 4']],
  ])('%j passes %j', (more, passed) => {
    expect(passedLimits(look(1, {}, more))).toEqual(passed);
  });
});

describe('the picture', () => {
  test('shows who runs where, what is used, and who waits', () => {
    const lines = picture(look(12.3, { 1: onWest, 2: done('example-east', 3), 3: { status: 'FAILED' } }, { onWest: 2 }), 0);
    const text = lines.join('\n');
    expect(lines[0]).toBe(' 12 s  8 jobs: 1 done, 1 failed, 1 on pools (limit 10), 5 wait, 0 come back.  Limits passed: 0');
    expect(text).toMatch(/WEST {2}1\/3 jobs, near west\//);
    expect(text).toMatch(/LAB {2}0\/4 jobs, outside Lambda/);
    expect(text).toContain('gpu      █████░░░░░ 2/4');
    expect(text).toContain('acme   low      render 1');
    expect(text).toMatch(/cobalt +1 +0\/2 +1 {2}███░░░░░░░ {2}25% +0 +1/);
  });

  test('keeps its height and is never wider than a wide terminal, whatever runs', () => {
    const all = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [i + 1, onWest]));
    const [idle, busy] = [picture(look(0, {}), 0), picture(look(999, all, { onWest: 11 }), 3)];
    expect(busy).toHaveLength(idle.length);
    expect(Math.max(...[...idle, ...busy].map((line) => line.length))).toBeLessThan(120);
    expect(idle.length).toBeLessThanOrEqual(23);
  });

  test('is one line where it must be', () => {
    expect(sentence(look(4, { 1: onWest, 2: done('example-east', 1) }), 0)).toBe(
      '   4 s  west 1/3 (acme low 1)  east 0/5  lab 0/4 | wait: acme 1, birch 1, cobalt 2, dune 2 | 1 done, 0 failed of 8; limits passed: 0',
    );
  });
});

describe('the screen', () => {
  const drawn = (isTTY: boolean, plain = false) => {
    const written: string[] = [];
    const screen = new Screen({ isTTY, columns: 20, rows: 4, write: (text: string) => written.push(text) > 0 } as never, plain);
    for (const seconds of [0, 1, 2, 3])
      screen.show(
        seconds,
        () => ['a', 'b'.repeat(30), 'c', 'd'],
        () => `line ${seconds}`,
      );
    screen.leave();
    return written;
  };

  test('redraws in place on a terminal, cut to what it shows, and gives the cursor back', () => {
    const [first = '', second = ''] = drawn(true);
    expect(first).toContain(`a\x1b[K\n${'b'.repeat(19)}\x1b[K\nc\x1b[K\n\x1b[J`);
    expect(second).toContain('\x1b[3A');
    expect(drawn(true).at(-1)).toContain('\x1b[?25h');
  });

  test('writes a line now and then elsewhere, and where it is asked to', () => {
    expect(drawn(false)).toEqual(['line 0\n', 'line 2\n']);
    expect(drawn(true, true)).toEqual(['line 0\n', 'line 2\n']);
  });
});

describe('the summary', () => {
  const ends = (pool: string) => Object.fromEntries(Array.from({ length: 8 }, (_, i) => [i + 1, done(pool, i)]));
  const tallied = (...looks: Sample[]) => {
    const tally = new Tally();
    for (const one of looks) tally.add(one);
    return tally;
  };

  test('is good where all are done and no limit was passed', () => {
    const last = look(9, ends('example-west'));
    const { good, text } = summary(last, tallied(look(1, {}, { ready: 3, onWest: 3 }), look(3, {}, { ready: 3, onWest: 0 }), last));
    expect(good).toBe(true);
    // One second with 3 of 3, two with none; job 2 alone has its inputs in the west, 5 and 7 in the east.
    expect(text).toMatch(/west +8 +3\/3 +1 +jobs 33%, cpu 0%, gpu 25%/);
    expect(text).toContain('1 of 3 jobs with inputs ran near most of their bytes.');
    expect(text).toMatch(/acme +2 +2 +0\/- +- +- +- +4\.0 \/ 4\.0 +0\.0 \/ 0\.0/);
    expect(text).toContain('No limit was passed in 3 looks.');
  });

  test('is bad where a limit was passed once, however it ended', () => {
    const last = look(9, ends('example-west'));
    const { good, text } = summary(last, tallied(look(1, {}, { onWest: 4 }), last));
    expect(good).toBe(false);
    expect(text).toContain('Limits passed: 1 in 2 looks: jobs on example-west: 4 of 3 after 1.0 s.');
  });

  test('is bad where a job is not COMPLETED, and names it', () => {
    const last = look(9, { ...ends('example-east'), 4: { status: 'FAILED', message: 'gave up' } });
    const { good, text } = summary(last, tallied(last));
    expect(good).toBe(false);
    expect(text).toContain('Job 4 (job-4) is FAILED: gave up');
  });

  test('tells of attempts that failed', () => {
    const history = [
      { attempt: 1, class: 'TRANSIENT' as const, message: 'node 17 is gone', time: '2026-11-21T10:00:03.000Z', step: 'solve' },
    ];
    const last = look(9, { ...ends('example-lab'), 4: { ...done('example-lab', 1), attempts: 2, history } });
    expect(summary(last, tallied(last)).text).toContain('Job 4 failed in attempt 1 at step solve: node 17 is gone; done with attempt 2.');
  });
});

test('what was made is taken back, the last first, whatever fails on the way', async () => {
  const undone: string[] = [];
  const undo = new Undo();
  for (const what of ['a', 'b', 'c'])
    undo.add(what, async () => {
      undone.push(what);
      if (what === 'b') throw new Error('refused');
    });
  expect(await undo.all()).toEqual(['b (refused)']);
  expect(undone).toEqual(['c', 'b', 'a']);
  expect(await undo.all()).toEqual([]);
});

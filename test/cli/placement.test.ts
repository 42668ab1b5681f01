/** What people are shown of jobs that state needs, and how they hand such in: text by text, and as processes of their own. */
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { NeedsOptions, needsOf, withNeedsOptions } from '../../cli/commands/needs-options.ts';
import { explanationText, limitsText, poolsText } from '../../cli/jobs/placement-shown.ts';
import { jobTable, jobText } from '../../cli/jobs/shown.ts';
import { PlacementStats } from '../../lambdas/contract/job-api-stage.ts';
import { Explanation } from '../../lambdas/contract/lease-api.ts';
import { job } from '../client/job.ts';

const placed = (change: Parameters<typeof job>[0] = {}) =>
  job({ taskGroup: undefined, total: 1, needs: { quantities: { gpu: 2 } }, ...change });

describe('explain', () => {
  it('says why it waits, what holds it, who goes first and when it starts', () => {
    const text = explanationText(
      Explanation.parse({
        job: { id: 'j1', status: 'PENDING' },
        text: 'waits: customer acme 5 of 5',
        pools: [
          { pool: 'west', fits: false, figures: [{ limit: 'quantity', name: 'gpu', holds: true, text: 'gpu 0 free of 4' }] },
          { pool: 'east', fits: true, figures: [] },
        ],
        limits: [
          { limit: 'overall', holds: false, text: 'all pools 7 of 10' },
          { limit: 'customer', of: 'acme', holds: true, text: 'customer acme 5 of 5' },
        ],
        place: { ofCustomer: 2, overall: 7, waiting: 9 },
        ahead: [{ job: 'j0', customer: 'acme', why: 'priority high' }],
        start: { pool: 'east', earliest: '2026-11-27T00:10:00Z', latest: '2026-11-27T01:00:00Z' },
      }),
    );
    const lines = text.split('\n');
    expect(lines.slice(0, 3)).toEqual([
      'waits: customer acme 5 of 5',
      'It starts on pool east between 2026-11-27T00:10:00Z and 2026-11-27T01:00:00Z.',
      "Place 7 of 9 that wait, 2 of its customer's.",
    ]);
    expect(text).toContain('lets it through: all pools 7 of 10\nholds it: customer acme 5 of 5');
    expect(text).toMatch(/^west +no +gpu 0 free of 4$/m);
    expect(text).toMatch(/^east +yes +-$/m);
    expect(text).toMatch(/^j0 +acme +priority high$/m);
  });

  it('says no more than there is', () => {
    const nothing = { job: { status: 'RUNNING' }, text: 'on pool west', pools: [], limits: [], ahead: [] };
    expect(explanationText(Explanation.parse(nothing))).toBe('on pool west');
  });
});

it('shows pools and customers as tables', () => {
  const counts = { ready: 1, inProgress: 2, retrying: 3, failed: 4 };
  const text = poolsText(
    PlacementStats.parse({
      ...counts,
      maxJobs: 10,
      oldestWaitSeconds: 90,
      quantities: {},
      pools: [
        { ...counts, pool: 'west', state: 'open', maxJobs: 3, quantities: { gpu: { used: 4, total: 4 }, cpu: { used: 0, total: 16 } } },
        { ...counts, pool: 'east', state: 'closed', why: 'it is paused', maxJobs: 5, quantities: {} },
      ],
      customers: [
        { ...counts, customer: 'acme', maxJobs: 5, weight: 2, share: 0.375, oldestWaitSeconds: 90 },
        { ...counts, weight: 1, share: 0 },
      ],
      areMinimums: false,
    }),
  );
  expect(text).toMatch(/^west +2\/3 +1 +3 +4 +open +gpu 4\/4, cpu 0\/16$/m);
  expect(text).toMatch(/^east +2\/5 +1 +3 +4 +closed: it is paused +-$/m);
  expect(text).toMatch(/^acme +2\/5 +1 +3 +4 +2 +37\.5% +1 min$/m);
  expect(text).toMatch(/^\(none\) +2\/- +1 +3 +4 +1 +0\.0% +-$/m);
  expect(text).toContain('Jobs: 2 of 10 on pools, 1 wait, 3 come back; the oldest waits for 1 min.');
  expect(poolsText(undefined)).toBe('The stage has no pools.');
});

it('shows limits, those that hold by default, too', () => {
  const text = limitsText({
    overall: { maxJobs: 40, perCustomer: { maxJobs: 10 } },
    customers: { acme: { maxJobs: 5, weight: 2 }, other: {} },
  });
  expect(text).toContain('Jobs on pools at once: 40; of one customer: 10, unless');
  expect(text).toContain('worth 3600 s of waiting');
  expect(text).toMatch(/^acme +5 +2$/m);
  expect(text).toMatch(/^other +- +1$/m);
  expect(limitsText({})).toContain('Jobs on pools at once: 10; of one customer: -, unless');
});

it('shows a job where it is, who works for it, and what went wrong before', () => {
  const lease = { pool: 'west', fence: 2, holder: 'slurm-1', grantedAt: '2026-11-27T00:00:00Z', expiresAt: '2026-11-27T00:05:00Z' };
  const seen = placed({
    ...{ pool: 'west', reason: 'only', customer: 'acme', attempts: 2, lease, affinity: { pool: 'west', required: true } },
    history: [{ attempt: 1, class: 'RESOURCE', message: 'silent', time: '2026-11-27T00:00:00Z', step: 'solve' }],
    findings: ['mesh is coarse'],
  });
  const text = jobText(seen);
  expect(text).toMatch(/^target +pool west$/m);
  expect(text).toMatch(/^customer +acme$/m);
  expect(text).toMatch(/^needs +gpu=2$/m);
  expect(text).toMatch(/^wants +pool west, and no other$/m);
  expect(text).toMatch(/^lease +2, of slurm-1, heard of never, until 2026-11-27T00:05:00Z$/m);
  expect(text).toMatch(/^attempt 1 +RESOURCE in step solve: silent$/m);
  expect(text).toMatch(/^finding +mesh is coarse$/m);
  expect(text).not.toContain('undefined');
  expect(jobTable([placed(), seen], 0).split('\n').slice(1)).toEqual([
    expect.stringContaining('a pool '),
    expect.stringContaining('pool west '),
  ]);
});

describe('what the command line says of needs', () => {
  const read = (...args: string[]) => {
    const command = withNeedsOptions(new Command('submit'))
      .exitOverride()
      .configureOutput({ writeErr: () => undefined });
    return needsOf(NeedsOptions.parse(command.parse(['node', 'sluice', ...args]).opts()));
  };

  it.each<[string[], object]>([
    [[], {}],
    [['--body', 'null'], { body: null }],
    [
      ['--body', '{"a":1}', '--needs', 'cpu=8,gpu=0.5', '--needs', 'os=linux'],
      { body: { a: 1 }, needs: { quantities: { cpu: 8, gpu: 0.5 }, labels: { os: 'linux' } } },
    ],
    [
      ['--input', 's3://cases/a/b.bin', '--input', 's3://other/c'],
      {
        inputs: [
          { bucket: 'cases', key: 'a/b.bin' },
          { bucket: 'other', key: 'c' },
        ],
      },
    ],
    [['--pool', 'west'], { affinity: { pool: 'west' } }],
    [['--require-pool', 'west'], { affinity: { pool: 'west', required: true } }],
    [
      ['--objective', 'cost', '--steps', 'a, b', '--max-retries', '0', '--start-by', '2026-11-28T00:00:00Z'],
      { objective: 'cost', steps: ['a', 'b'], maxRetries: 0, startBy: '2026-11-28T00:00:00Z' },
    ],
  ])('%j', (args, expected) => expect(read(...args)).toEqual(expected));

  it.each([
    ['--body', '{'],
    ['--needs', 'gpu'],
    ['--input', 'cases/a'],
    ['--objective', 'luck'],
    ['--max-retries', '101'],
  ])('%s %s is wrong usage', (...args) => expect(() => read(...args)).toThrow());
});

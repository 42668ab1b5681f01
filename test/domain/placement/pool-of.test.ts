/** What a pool offers: by its item, its pipeline and its own report; and what becomes of what is free. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PoolRow } from '../../../lambdas/contract/placement-table.ts';
import { type PoolView, poolOf, reportOf } from '../../../lambdas/domain/placement/pool-of.ts';
import { group, item, type RawItem } from '../builders.ts';
import { startMs } from './builders.ts';

const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/west';
const fields: RawItem = {
  consumer: 'sluice',
  pool: {
    labels: { zone: 'a' },
    capacity: { maxJobs: 4, quantities: { cpu: 8, gpu: 2 } },
    costPerHour: 3,
    locality: { prefixes: ['data/raw'] },
  },
};
const withPool = (pool: RawItem, others: RawItem = {}) => item({ ...fields, ...others, pool: { ...(fields['pool'] as RawItem), ...pool } });
const capacity = (maxJobs: number, quantities: Record<string, number>) => withPool({ capacity: { maxJobs, quantities } });
const pipeline = (phase: string, resources: object = { queueUrl }) => ({ phase, resources }) as PoolView['pipeline'];

const view = (parts: Partial<PoolView> = {}): PoolView => ({
  taskGroup: group,
  item: item(fields),
  pipeline: pipeline('Active'),
  previous: undefined,
  nowMs: startMs,
  ...parts,
});
const made = (parts: Partial<PoolView> = {}): PoolRow => {
  const row = poolOf(view(parts));
  if (row === undefined) throw new Error('no pool');
  return row;
};

describe('a pool', () => {
  it('offers what its item says', () => {
    expect(made()).toEqual({
      taskGroup: group,
      labels: { zone: 'a' },
      maxJobs: 4,
      capacity: { cpu: 8, gpu: 2 },
      configured: { maxJobs: 4, quantities: { cpu: 8, gpu: 2 } },
      costPerHour: 3,
      locality: { prefixes: ['data/raw'], regions: [], zones: [] },
      state: 'open',
      queueUrl,
      fifo: false,
      jobs: 0,
      free: { cpu: 8, gpu: 2 },
      limitsAtMs: startMs,
      revision: 0,
    });
  });

  it.each<[string, Partial<PoolView>, string, string | undefined]>([
    ['as it is', {}, 'open', undefined],
    ['while its pipeline is changed', { pipeline: pipeline('Updating') }, 'open', undefined],
    ['that its item closes', { item: withPool({ open: false }) }, 'closed', 'its config item says so (pool.open: false)'],
    ['that is paused', { item: withPool({}, { paused: true }) }, 'closed', 'it is paused'],
    ['without a pipeline', { pipeline: undefined }, 'closed', 'its pipeline does not exist yet'],
    ['whose pipeline is made', { pipeline: pipeline('Creating') }, 'closed', 'its pipeline is Creating'],
    ['whose pipeline failed', { pipeline: pipeline('Failed') }, 'closed', 'its pipeline is Failed'],
    ['whose pipeline drains', { pipeline: pipeline('Draining') }, 'closed', 'its pipeline is Draining'],
    ['without a queue', { pipeline: pipeline('Active', {}) }, 'closed', 'its queue does not exist yet'],
    ['whose item is gone', { item: undefined, previous: made() }, 'gone', 'it has no config item any more'],
    ['whose item has no pool any more', { item: item({}), previous: made() }, 'gone', 'its config item has no pool any more'],
    [
      'whose item expires now',
      { item: withPool({}, { expiresAt: startMs / 1_000 }), previous: made() },
      'gone',
      'its config item has expired',
    ],
    ['whose item expires soon', { item: withPool({}, { expiresAt: startMs / 1_000 + 1 }), previous: made() }, 'open', undefined],
  ])('%s', (_what, parts, state, why) => {
    const row = made(parts);
    expect([row.state, row.why]).toEqual([state, why]);
  });

  it.each<[string, Partial<PoolView>]>([
    ['without an item', { item: undefined }],
    ['whose item has no pool', { item: item({}) }],
    ['whose item is invalid', { item: 'invalid' }],
  ])('there is none of a group %s, if there was none', (_what, parts) => expect(poolOf(view(parts))).toBeUndefined());

  it('stays as it is while its item is invalid', () => {
    const previous = made();
    expect(poolOf(view({ item: 'invalid', pipeline: pipeline('Invalid'), previous }))).toBe(previous);
  });

  it('is FIFO as the queue that there is, not as the next one', () => {
    expect(made({ item: withPool({}, { queue: { fifo: true } }) }).fifo).toBe(false);
    expect(made({ pipeline: pipeline('Active', { queueUrl: `${queueUrl}.fifo` }) }).fifo).toBe(true);
  });

  it('is the same row where nothing differs, in whatever order the table gives its maps back', () => {
    const previous = made();
    const shuffled = {
      ...previous,
      capacity: { gpu: 2, cpu: 8 },
      configured: { quantities: { gpu: 2, cpu: 8 }, maxJobs: 4 },
      jobs: 3,
      free: { cpu: 1, gpu: 0 },
    };
    expect(poolOf(view({ previous: shuffled, nowMs: startMs + 60_000 }))).toBe(shuffled);
  });

  it('has another revision by every change, and another time of its limits only where these change', () => {
    const nowMs = startMs + 60_000;
    expect(made({ previous: made(), nowMs, item: withPool({ costPerHour: 4 }) })).toMatchObject({ revision: 1, limitsAtMs: startMs });
    expect(made({ previous: made(), nowMs, item: capacity(3, { cpu: 8, gpu: 2 }) })).toMatchObject({ revision: 1, limitsAtMs: nowMs });
    expect(made({ previous: made(), nowMs, item: capacity(4, { cpu: 7, gpu: 2 }) })).toMatchObject({ revision: 1, limitsAtMs: nowMs });
  });
});

describe('a report', () => {
  const reported = (report: Parameters<typeof reportOf>[0], nowMs = startMs) =>
    made({ reported: reportOf(report, startMs), previous: made(), nowMs });

  it.each<[string, Parameters<typeof reportOf>[0], number, object]>([
    ['counts where it is smaller', { maxJobs: 1, quantities: { cpu: 3 } }, 4, { maxJobs: 1, capacity: { cpu: 3, gpu: 2 } }],
    ['does not count where it is larger', { maxJobs: 9, quantities: { cpu: 99 } }, 4, { maxJobs: 4, capacity: { cpu: 8, gpu: 2 } }],
    ['counts where it says none', { maxJobs: 0, quantities: { gpu: 0 } }, 4, { maxJobs: 0, capacity: { cpu: 8, gpu: 0 } }],
    ['adds no quantity', { quantities: { disk: 5 } }, 4, { maxJobs: 4, capacity: { cpu: 8, gpu: 2 } }],
  ])('%s', (_what, report, _max, expected) => expect(reported(report)).toMatchObject(expected));

  it('holds as long as it says', () => {
    const report = { maxJobs: 1, ttlSeconds: 60 };
    expect(reported(report, startMs + 59_999).maxJobs).toBe(1);
    const over = reported(report, startMs + 60_000);
    expect([over.maxJobs, over.reported]).toEqual([4, undefined]);
  });

  it('holds while the item is invalid, and ends then, too', () => {
    const previous = reported({ maxJobs: 1, ttlSeconds: 60 });
    const invalid = { item: 'invalid', previous, reported: previous.reported } as const;
    expect(poolOf(view({ ...invalid, nowMs: startMs + 1 }))).toBe(previous);
    expect(made({ ...invalid, nowMs: startMs + 60_000 })).toMatchObject({ maxJobs: 4, revision: 2 });
  });
});

describe('what is free of a pool', () => {
  it.each<[string, Record<string, number>, Record<string, number>]>([
    ['grows with the capacity', { cpu: 10, gpu: 2 }, { cpu: 3, gpu: 0 }],
    ['falls with it, below nothing where more is used', { cpu: 2, gpu: 1 }, { cpu: -5, gpu: -1 }],
    ['is there at once of what is new', { cpu: 8, gpu: 2, disk: 7 }, { cpu: 1, gpu: 0, disk: 7 }],
    ['keeps what is used of what is not offered any more', { cpu: 8 }, { cpu: 1, gpu: -2 }],
    ['is exact in tenths', { cpu: 8.3, gpu: 2.1 }, { cpu: 1.3, gpu: 0.1 }],
  ])('%s', (_what, quantities, free) => {
    const previous = { ...made(), jobs: 2, free: { cpu: 1, gpu: 0 } };
    expect(made({ previous, item: capacity(4, quantities) })).toMatchObject({ jobs: 2, free });
  });

  it('is capacity less use after any changes, pools that go and come back among them', () => {
    const quantities = fc.dictionary(fc.constantFrom('cpu', 'gpu', 'disk'), fc.integer({ min: 0, max: 20 }));
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('cpu', 'gpu', 'disk'), fc.integer({ min: 1, max: 9 })),
        fc.array(fc.option(quantities)),
        (used, steps) => {
          const names = Object.keys(used);
          let row = made({ item: capacity(4, used) });
          row = { ...row, free: Object.fromEntries(names.map((name) => [name, 0])) };
          for (const step of steps) {
            row = made({ previous: row, item: step === null ? undefined : capacity(4, step) });
            for (const name of names) expect(row.free[name] ?? 0).toBe((row.capacity[name] ?? 0) - (used[name] ?? 0));
          }
        },
      ),
    );
  });
});

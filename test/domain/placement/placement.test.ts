/** Where a job goes and why: affinity, objectives, nearness; and who goes first. */
import { describe, expect, it } from 'vitest';
import { bytesNear } from '../../../lambdas/domain/placement/choose-pool.ts';
import { begin, book, customer, lease, overall, pool, startAll, startMs, told, waiting } from './builders.ts';

type Fields = Record<string, unknown>;
const input = (bucket: string, bytes: number, fields: Fields = {}) => ({ bucket, key: 'data/x', bytes, ...fields });

const pools = [
  pool('dear', { labels: { zone: 'a' }, capacity: { cpu: 16, gpu: 2 }, costPerHour: 9, locality: { prefixes: ['near'] } }),
  pool('cheap', { labels: { zone: 'b' }, capacity: { cpu: 4 }, costPerHour: 1, locality: { regions: ['us-west-2'] } }),
  pool('plain', {
    labels: { zone: 'b' },
    capacity: { cpu: 8 },
    costPerHour: 5,
    locality: { prefixes: ['far/other'], zones: ['us-east-1a'] },
  }),
];

describe('one job goes', () => {
  it.each<[string, Fields, string]>([
    ['where most is free, with spread', { needs: { quantities: { cpu: 1 } } }, 'dear (spread)'],
    ['where least is paid, with cost', { objective: 'cost' }, 'cheap (cost)'],
    ['where least is paid of what has room', { objective: 'cost', needs: { quantities: { cpu: 5 } } }, 'plain (cost)'],
    ['where most bytes are near', { objective: 'locality', inputs: [input('near', 9), input('far', 5)] }, 'dear (locality)'],
    [
      'where most bytes are near, not most inputs',
      {
        objective: 'locality',
        inputs: [input('near', 9), input('else-x', 5, { zone: 'us-east-1a' }), input('else-y', 5, { zone: 'us-east-1a' })],
      },
      'plain (locality)',
    ],
    ['where its region is', { objective: 'locality', inputs: [input('else-x', 1, { region: 'us-west-2' })] }, 'cheap (locality)'],
    [
      'where the region of its zone is',
      { objective: 'locality', inputs: [input('else-x', 1, { zone: 'us-west-2c' })] },
      'cheap (locality)',
    ],
    ['by name, where nothing is nearer', { objective: 'locality', inputs: [input('nowhere', 1)] }, 'cheap (locality)'],
    ['to the only one that has its label', { needs: { labels: { zone: 'a' } }, objective: 'cost' }, 'dear (only)'],
    ['to the only one that has what it needs', { needs: { quantities: { gpu: 1 } }, objective: 'cost' }, 'dear (only)'],
    ['to a pool that it prefers', { affinity: { pool: 'plain' }, objective: 'cost' }, 'plain (affinity)'],
    ['to a pool that it requires', { affinity: { pool: 'plain', required: true }, objective: 'cost' }, 'plain (affinity)'],
    ['elsewhere, where what it prefers has no room', { affinity: { pool: 'cheap' }, needs: { quantities: { cpu: 9 } } }, 'dear (only)'],
    ['elsewhere, where what it prefers is no pool', { affinity: { pool: 'nowhere' }, objective: 'cost' }, 'cheap (cost)'],
    [
      'nowhere, where what it requires has no room',
      { affinity: { pool: 'cheap', required: true }, needs: { quantities: { cpu: 9 } } },
      'nowhere',
    ],
    ['nowhere, where nobody has what it needs', { needs: { quantities: { disk: 1 } } }, 'nowhere'],
    ['nowhere, where no pool has its label', { needs: { labels: { zone: 'c' } } }, 'nowhere'],
    ['anywhere with a need of nothing', { needs: { quantities: { disk: 0 } }, objective: 'cost' }, 'cheap (cost)'],
    ['nowhere, where it is not all at one place', { needs: { labels: { zone: 'b' }, quantities: { gpu: 1 } } }, 'nowhere'],
    ['nowhere, once it is too late', { startByMs: startMs }, 'nowhere'],
  ])('%s', (_what, fields, expected) => {
    const start = book({ pools, waiting: [waiting('job', fields)] }).next(startMs);
    expect(start === undefined ? 'nowhere' : `${start.pool} (${start.reason})`).toBe(expected);
  });

  it.each<[string, Fields]>([
    ['closed', { state: 'closed' }],
    ['gone', { state: 'gone' }],
    ['full', { maxJobs: 0 }],
  ])('not to a pool that is %s', (_what, fields) => {
    expect(book({ pools: [pool('one', fields)], waiting: [waiting('job')] }).next(startMs)).toBeUndefined();
  });

  it('where less is used of what is scarcest there', () => {
    const two = [pool('a', { capacity: { cpu: 10, gpu: 2 } }), pool('b', { capacity: { cpu: 10, gpu: 4 } })];
    const leases = [lease('x', 'b', { quantities: { cpu: 5 } })];
    const where = (quantities: object) =>
      book({ pools: two, leases, waiting: [waiting('job', { needs: { quantities } })] }).next(startMs)?.pool;
    expect(where({ cpu: 1 })).toBe('a');
    expect(where({ cpu: 1, gpu: 2 })).toBe('b');
  });
});

describe('bytes near a pool', () => {
  const locality = { prefixes: ['bucket/raw/', 'whole'], regions: [], zones: [] };
  it.each<[string, object, number]>([
    ['below a prefix', { bucket: 'bucket', key: 'raw/a', bytes: 7 }, 7],
    ['beside it', { bucket: 'bucket', key: 'rawer/a', bytes: 7 }, 0],
    ['in a bucket', { bucket: 'whole', key: 'a', bytes: 7 }, 7],
    ['in a bucket whose name begins so', { bucket: 'whole-other', key: 'a', bytes: 7 }, 0],
    ['of unknown size', { bucket: 'whole', key: 'a' }, 1],
    ['of none', { bucket: 'whole', key: 'a', bytes: 0 }, 0],
  ])('%s', (_what, one, bytes) => {
    expect(bytesNear(waiting('job', { inputs: [one] }).inputs, locality)).toBe(bytes);
  });
});

describe('several jobs start', () => {
  const one = (fields: Fields = {}) => [pool('one', { maxJobs: 2, ...fields })];
  const order = (parts: Parameters<typeof book>[0]) => startAll(book({ pools: one(), ...parts })).map(({ job }) => job.job);

  it('by priority, then by age, then by name', () => {
    const jobs = [
      waiting('b'),
      waiting('a'),
      waiting('low', { priority: 'low' }),
      waiting('high', { priority: 'high' }),
      waiting('old', { ageMs: 1 }),
    ];
    expect(order({ pools: one({ maxJobs: 9 }), waiting: jobs })).toEqual(['high', 'old', 'a', 'b', 'low']);
  });

  it('with every step of priority made good by so much age', () => {
    const low = (ageMs: number) => waiting('low', { priority: 'low', ageMs });
    expect(order({ waiting: [waiting('normal'), low(3_600_000)] })).toEqual(['low', 'normal']);
    expect(order({ waiting: [waiting('normal'), low(3_599_999)] })).toEqual(['normal', 'low']);
  });

  it('of the customer first that uses less of what it uses most of', () => {
    const leases = [
      lease('x', 'big', { customer: 'a', quantities: { cpu: 3 } }),
      lease('y', 'big', { customer: 'b', quantities: { memory: 2 } }),
    ];
    const big = pool('big', { maxJobs: 100, capacity: { cpu: 30, memory: 10 } });
    const jobs = [waiting('b', { customer: 'b', ageMs: 5 }), waiting('a', { customer: 'a' })];
    expect(order({ pools: [big], leases, waiting: jobs })).toEqual(['a', 'b']);
    expect(order({ pools: [big], leases, waiting: jobs, customers: [customer('b', { weight: 3 })] })).toEqual(['b', 'a']);
  });

  it('of those without a customer as of one customer', () => {
    const jobs = [waiting('1', { ageMs: 3 }), waiting('2', { ageMs: 2 }), waiting('a', { customer: 'a' })];
    expect(order({ waiting: jobs })).toEqual(['1', 'a']);
  });

  it('up to each limit', () => {
    const jobs = ['1', '2', '3'].map((name) => waiting(name, { customer: 'a' }));
    expect(order({ pools: one({ maxJobs: 9 }), waiting: jobs, overall: overall({ maxJobs: 2 }) })).toEqual(['1', '2']);
    expect(order({ pools: one({ maxJobs: 9 }), waiting: jobs, overall: overall({ perCustomerMaxJobs: 1 }) })).toEqual(['1']);
    expect(order({ pools: one({ maxJobs: 9 }), waiting: jobs, customers: [customer('a', { maxJobs: 2 })] })).toEqual(['1', '2']);
    expect(order({ waiting: jobs })).toEqual(['1', '2']);
  });

  it('of a customer with a limit of its own by that, not by that of all', () => {
    const jobs = ['1', '2', '3'].map((name) => waiting(name, { customer: 'a' }));
    const customers = [customer('a', { maxJobs: 2 })];
    expect(order({ waiting: jobs, customers, overall: overall({ perCustomerMaxJobs: 1 }) })).toEqual(['1', '2']);
  });

  it('without a limit of customers where they name none', () => {
    expect(order({ waiting: [waiting('1'), waiting('2')], overall: overall({ perCustomerMaxJobs: 0 }) })).toEqual(['1', '2']);
  });

  it('in tenths up to the last', () => {
    const tenth = (name: string) => waiting(name, { needs: { quantities: { cpu: 0.1 } } });
    expect(order({ pools: one({ maxJobs: 9, capacity: { cpu: 0.3 } }), waiting: ['1', '2', '3', '4'].map(tenth) })).toEqual([
      '1',
      '2',
      '3',
    ]);
  });

  it('in thousandths up to the last, however a number comes out in binary', () => {
    const bit = (name: string) => waiting(name, { needs: { quantities: { cpu: 2.007 } } });
    expect(order({ pools: one({ maxJobs: 9, capacity: { cpu: 6.021 } }), waiting: ['1', '2', '3', '4'].map(bit) })).toEqual([
      '1',
      '2',
      '3',
    ]);
    const whole = (name: string) => waiting(name, { needs: { quantities: { cpu: 1.001 } } });
    expect(order({ pools: one({ capacity: { cpu: 1.001 } }), waiting: ['1', '2'].map(whole) })).toEqual(['1']);
  });

  it('as soon as a limit allows it again', () => {
    const stage = book({ pools: one(), waiting: [waiting('1'), waiting('2')], overall: overall({ maxJobs: 0 }) });
    expect(stage.next(startMs)).toBeUndefined();
    stage.setOverall(overall({ maxJobs: 1 }));
    expect(startAll(stage).map(told)).toEqual(['1 on one (only)']);
    stage.removeLease('1');
    expect(startAll(stage).map(told)).toEqual(['2 on one (only)']);
  });

  it('of those that are too late none, and these are told', () => {
    const stage = book({ pools: one(), waiting: [waiting('late', { startByMs: startMs + 1 }), waiting('free')] });
    expect(stage.lapsed(startMs)).toEqual([]);
    expect(stage.lapsed(startMs + 1).map(({ job }) => job)).toEqual(['late']);
    expect(startAll(stage, startMs + 1).map(({ job }) => job.job)).toEqual(['free']);
    stage.removeWaiting('late');
    expect(stage.lapsed(startMs + 1)).toEqual([]);
  });
});

describe('a pool is kept for a job that has waited long and finds no room', () => {
  const longMs = 901_000;
  const cpu = (count: number, fields: Fields = {}) => ({ needs: { quantities: { cpu: count } }, ...fields });
  const one = pool('one', { capacity: { cpu: 4, gpu: 4 } });
  const running = (name: string, fields: Fields = {}) => lease(name, 'one', { customer: 'x', quantities: { cpu: 1 }, ...fields });
  const big = waiting('big', cpu(4, { customer: 'big', ageMs: longMs }));

  it('so that small ones do not take its place', () => {
    const stage = book({ pools: [one], leases: [running('r')], waiting: [big, waiting('small', cpu(1, { customer: 'z' }))] });
    expect(stage.reservation(startMs)).toMatchObject({ job: { job: 'big' }, pool: { row: { taskGroup: 'one' } } });
    expect(stage.next(startMs)).toBeUndefined();
    stage.removeLease('r');
    expect(startAll(stage).map(told)).toEqual(['big on one (only)']);
  });

  it('not before it has waited long', () => {
    const young = waiting('big', cpu(4, { customer: 'big', ageMs: 900_000 }));
    const stage = book({ pools: [one], leases: [running('r')], waiting: [young, waiting('small', cpu(1, { customer: 'z' }))] });
    expect(stage.next(startMs)?.job.job).toBe('small');
    expect(stage.next(startMs + 1)).toBeUndefined();
  });

  it('but for those that take nothing of what it lacks and leave the rest', () => {
    const beside = (gpu: number) => waiting('beside', { customer: 'z', needs: { quantities: { gpu } } });
    const both = waiting('big', { customer: 'big', ageMs: longMs, needs: { quantities: { cpu: 4, gpu: 2 } } });
    const next = (gpu: number) => book({ pools: [one], leases: [running('r')], waiting: [both, beside(gpu)] }).next(startMs);
    expect(next(2)?.job.job).toBe('beside');
    expect(next(3)).toBeUndefined();
  });

  it('but for customers that use less, which would get less than their share', () => {
    const leases = [running('r', { customer: 'big' })];
    const stage = book({ pools: [one], leases, waiting: [big, waiting('small', cpu(1, { customer: 'z' }))] });
    expect(startAll(stage).map(told)).toEqual(['small on one (only)']);
  });

  it('where least is missing, while others start elsewhere', () => {
    const two = pool('two', { capacity: { cpu: 5 } });
    const leases = [running('r'), lease('s', 'two', { quantities: { cpu: 2 } })];
    const stage = book({ pools: [one, two], leases, waiting: [big, waiting('small', cpu(1, { customer: 'z' }))] });
    expect(stage.reservation(startMs)?.pool.row.taskGroup).toBe('two');
    expect(startAll(stage).map(told)).toEqual(['small on one (only)']);
  });

  it('by name, where as much is missing on each', () => {
    const leases = [running('r'), running('s', { pool: 'two' })];
    for (const pools of [
      [one, pool('two', one)],
      [pool('two', one), one],
    ]) {
      const same = pools.map((row) => ({ ...row, taskGroup: row === one ? 'one' : 'two' }));
      expect(book({ pools: same, leases, waiting: [big] }).reservation(startMs)?.pool.row.taskGroup).toBe('one');
    }
  });

  it('no more once that is not long any more', () => {
    const stage = book({ pools: [one], leases: [running('r')], waiting: [big, waiting('small', cpu(1, { customer: 'z' }))] });
    expect(stage.next(startMs)).toBeUndefined();
    stage.setOverall(overall({ reserveAfterSeconds: 902 }));
    expect(stage.next(startMs)?.job.job).toBe('small');
    expect(stage.next(startMs + 2_000)).toBeUndefined();
  });

  it('for nobody whose customer is at its limit', () => {
    const leases = [running('r', { customer: 'big' }), running('s')];
    const stage = book({
      pools: [one],
      leases,
      waiting: [big, waiting('small', cpu(1, { customer: 'z' }))],
      customers: [customer('big', { maxJobs: 1 })],
    });
    expect(stage.reservation(startMs)).toBeUndefined();
    expect(startAll(stage).map(told)).toEqual(['small on one (only)']);
  });

  it('for nobody who could not be there if it were empty', () => {
    const huge = waiting('huge', cpu(5, { customer: 'big', ageMs: longMs }));
    const stage = book({ pools: [one], leases: [running('r')], waiting: [huge, waiting('small', cpu(1, { customer: 'z' }))] });
    expect(startAll(stage).map(told)).toEqual(['small on one (only)']);
  });

  it('until that job has started', () => {
    const stage = book({ pools: [one], leases: [], waiting: [big, waiting('small', cpu(1, { customer: 'z' }))] });
    const start = stage.next(startMs);
    if (start === undefined) throw new Error('nothing starts');
    begin(stage, start);
    expect([start.job.job, stage.reservation(startMs)]).toEqual(['big', undefined]);
  });
});

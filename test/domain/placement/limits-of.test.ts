/** Limits as written → as they hold. */
import { describe, expect, it } from 'vitest';
import { customerOf, overallOf } from '../../../lambdas/domain/placement/limits-of.ts';
import { customer, overall, startMs } from './builders.ts';

const all = (fields: Record<string, unknown>) => ({ taskGroup: '*limits', ...fields });
const acme = (fields: Record<string, unknown>) => ({ taskGroup: '*limits/acme', ...fields });
const defaults = { maxJobs: 10, ageingSeconds: 3_600, reserveAfterSeconds: 900 };

describe('limits over all pools', () => {
  it.each<[string, unknown, object]>([
    ['none', undefined, defaults],
    ['an item that sets nothing', all({}), defaults],
    [
      'all of them',
      all({ maxJobs: 3, perCustomer: { maxJobs: 2 }, ageingSeconds: 60, reserveAfterSeconds: 30 }),
      { maxJobs: 3, perCustomerMaxJobs: 2, ageingSeconds: 60, reserveAfterSeconds: 30 },
    ],
    ['no limit of each customer', all({ perCustomer: { maxJobs: null } }), defaults],
    ['a limit of 0', all({ maxJobs: 0, perCustomer: { maxJobs: 0 } }), { ...defaults, maxJobs: 0, perCustomerMaxJobs: 0 }],
  ])('%s', (_what, item, row) => {
    expect(overallOf(item, undefined, startMs)).toEqual({ row: { ...row, jobs: 0, revision: 0, limitsAtMs: startMs }, problems: [] });
  });

  it('keep what is used, and say when they were changed', () => {
    const previous = overall({ ...defaults, jobs: 7, revision: 4, limitsAtMs: startMs - 1 });
    expect(overallOf(all({ maxJobs: 5 }), previous, startMs).row).toEqual({ ...previous, maxJobs: 5, revision: 5, limitsAtMs: startMs });
    expect(overallOf(all({ ageingSeconds: 60 }), previous, startMs).row).toEqual({ ...previous, ageingSeconds: 60, revision: 5 });
    expect(overallOf(all({ maxJobs: 10 }), previous, startMs).row).toBe(previous);
  });

  it('take a limit of each customer away again', () => {
    const previous = overall({ ...defaults, perCustomerMaxJobs: 2 });
    expect(overallOf(undefined, previous, startMs).row).not.toHaveProperty('perCustomerMaxJobs');
  });

  it.each<[string, unknown, string]>([
    ['a wrong value', all({ maxJobs: -1 }), 'maxJobs: must be at least 0 (got -1)'],
    ['a wrong value inside', all({ perCustomer: { maxJobs: 'many' } }), 'perCustomer.maxJobs: must be a number (got "many")'],
    ['an unknown field', all({ maxjobs: 1 }), 'maxjobs: unknown field'],
  ])('stay as they are with %s', (_what, item, problem) => {
    const previous = overall({ maxJobs: 7 });
    expect(overallOf(item, previous, startMs)).toEqual({ row: previous, problems: [problem] });
    expect(overallOf(item, previous, startMs).row).toBe(previous);
    expect(overallOf(item, undefined, startMs).row).toMatchObject(defaults);
  });
});

describe('limits of a customer', () => {
  it.each<[string, unknown, object]>([
    ['none', undefined, { weight: 1 }],
    ['all of them', acme({ maxJobs: 3, weight: 2.5 }), { maxJobs: 3, weight: 2.5 }],
    ['a weight alone', acme({ weight: 2 }), { weight: 2 }],
    ['no limit', acme({ maxJobs: null }), { weight: 1 }],
  ])('%s', (_what, item, row) => {
    expect(customerOf('acme', item, undefined, startMs)).toEqual({
      row: { customer: 'acme', ...row, jobs: 0, limitsAtMs: startMs },
      problems: [],
    });
  });

  it('keep what is used, and say when they were changed', () => {
    const previous = customer('acme', { maxJobs: 3, jobs: 2, limitsAtMs: startMs - 1 });
    expect(customerOf('acme', acme({ maxJobs: 4 }), previous, startMs).row).toEqual({ ...previous, maxJobs: 4, limitsAtMs: startMs });
    expect(customerOf('acme', acme({ maxJobs: 3, weight: 2 }), previous, startMs).row).toEqual({ ...previous, weight: 2 });
    expect(customerOf('acme', undefined, previous, startMs).row).toEqual({ customer: 'acme', weight: 1, jobs: 2, limitsAtMs: startMs });
    expect(customerOf('acme', acme({ maxJobs: 3 }), previous, startMs).row).toBe(previous);
  });

  it('stay as they are with a wrong item', () => {
    const previous = customer('acme', { maxJobs: 3 });
    const { row, problems } = customerOf('acme', acme({ weight: 0 }), previous, startMs);
    expect(row).toBe(previous);
    expect(problems).toEqual([expect.stringMatching(/^weight: must be at least 0.01/)]);
  });
});

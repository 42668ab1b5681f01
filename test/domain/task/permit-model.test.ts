/** Permits over interleavings, crashes, blocked renewals, clocks apart, late and lost answers: never one too many, and nobody forgotten. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PermitModel } from './permit-model.ts';
import type { Plan, TaskPlan } from './permit-queue.ts';

const seed = fc.nat();
const task = (group: fc.Arbitrary<string>): fc.Arbitrary<TaskPlan> =>
  fc.record({
    group,
    sentMs: fc.integer({ min: -200_000, max: 60_000 }),
    prepareMs: fc.constantFrom(0, 50, 2_000),
    workMs: fc.constantFrom(10, 1_000, 20_000, 100_000, 250_000),
    stopMs: fc.constantFrom(0, 2_900),
  });

const limits = fc
  .array(fc.record({ atMs: fc.integer({ min: 1, max: 400_000 }), limit: fc.integer({ min: 0, max: 4 }) }), { maxLength: 4 })
  .chain((changes) =>
    fc.integer({ min: 1, max: 3 }).map((limit) => [{ atMs: 0, limit }, ...changes, { atMs: 500_000, limit: Math.max(1, limit) }]),
  );

const plan: fc.Arbitrary<Plan> = fc.record({
  seed,
  tasks: fc.array(task(fc.constantFrom('a', 'b', 'c')), { minLength: 2, maxLength: 8 }),
  limits,
  timeoutMs: fc.constantFrom(30_000, 300_000, 900_000),
  skewMs: fc.constant(5_000),
  faultsUntilMs: fc.constantFrom(0, 600_000),
  concurrency: fc.constantFrom(1, 10),
});

/** Tasks that would not end within their function's timeout are not what is asked here. */
const fitting = plan.map((made) => ({
  ...made,
  tasks: made.tasks.map((one) => ({ ...one, workMs: Math.min(one.workMs, made.timeoutMs / 2) })),
}));

const taskOf = (change: Partial<TaskPlan> = {}): TaskPlan => ({
  group: 'a',
  sentMs: 0,
  prepareMs: 0,
  workMs: 100_000,
  stopMs: 2_900,
  ...change,
});
const eight = (change: Partial<TaskPlan> = {}) =>
  Array.from({ length: 8 }, (_one, at) => taskOf({ group: 'abcd'.charAt(at % 4), ...change }));

/** A plan that hurts: all ask at once and hold for long, leases have to be renewed, and everything fails. */
const hard = (seeded: number, change: Partial<Plan> = {}): Plan => ({
  seed: seeded,
  tasks: eight(),
  limits: [{ atMs: 0, limit: 2 }],
  timeoutMs: 300_000,
  skewMs: 5_000,
  faultsUntilMs: 3_600_000,
  concurrency: 10,
  ...change,
});

/** Nobody gets ready: each is killed at its deadline, when the next are waiting for just that. */
const killed: Partial<Plan> = { timeoutMs: 40_000, tasks: eight({ workMs: 60_000 }), limits: [{ atMs: 0, limit: 2 }] };

/** The limit goes up and down while many ask. */
const restless: Partial<Plan> = {
  tasks: Array.from({ length: 60 }, (_one, at) => taskOf({ group: 'abcd'.charAt(at % 4), sentMs: at * 100, workMs: 50 })),
  limits: Array.from({ length: 100 }, (_one, at) => ({ atMs: at * 130, limit: at % 2 === 0 ? 4 : 1 })),
};

/** Of as many runs, what the first shows that shows something. */
async function tooMany(runs: number, change: Partial<Plan>): Promise<string[]> {
  const found: string[] = [];
  for (let one = 1; one <= runs && found.length === 0; one += 1) found.push(...(await new PermitModel(hard(one, change)).run(1.2)).tooMany);
  return found;
}

describe('permits', () => {
  it('are never held by more than the limit, are used while somebody is there, and every task gets its turn', async () => {
    await fc.assert(
      fc.asyncProperty(fitting, async (made) => {
        const model = await new PermitModel(made).run(48);
        expect(model.tooMany).toEqual([]);
        expect(model.idled).toEqual([]);
        expect(model.leftOver.map(({ id }) => id)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    ['holders renew their leases', {}],
    ['holders are killed at their deadline', killed],
    ['the limit changes all the time', restless],
  ])('are never held by more than the limit while everything fails and %s', async (_what, change) => {
    expect(await tooMany(15, change)).toEqual([]);
  });

  it('come back to others within a lease after a crash', async () => {
    const tasks = [taskOf(), taskOf({ group: 'b', sentMs: 1_000, workMs: 10 })];
    for (let one = 1; one <= 40; one += 1) {
      const model = await new PermitModel(hard(one, { tasks, limits: [{ atMs: 0, limit: 1 }], faultsUntilMs: 500 })).run(6);
      const [first, second] = [model.grants.at(0), model.grants.find(({ group }) => group === 'b')];
      // The lease, the skew on both sides, and the second more that who waits gives it.
      expect((second?.atMs ?? Number.NaN) - (first?.endedMs ?? Number.NaN)).toBeLessThan(75_000);
      expect(model.leftOver).toEqual([]);
    }
  });
});

describe('who waits', () => {
  const calm = { faultsUntilMs: 0, timeoutMs: 60_000, limits: [{ atMs: 0, limit: 1 }] };

  it('goes in the order of the line', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(task(fc.constantFrom('a', 'b', 'c')), { minLength: 2, maxLength: 12 }), seed, async (made, seeded) => {
        const tasks = made.map((one) => ({ ...one, prepareMs: 0, workMs: Math.min(one.workMs, 20_000) }));
        const model = await new PermitModel(hard(seeded, { ...calm, tasks })).run(48);
        expect(model.leftOver).toEqual([]);
        expect(model.grants.filter(({ passed }) => passed.length > 0)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('does not wait for the backlog of another group', async () => {
    const backlog = Array.from({ length: 300 }, (_one, at) => taskOf({ sentMs: at - 86_400_000, workMs: 2_000 }));
    const single = taskOf({ group: 'b', sentMs: 120_000, workMs: 2_000 });
    const model = await new PermitModel(hard(1, { ...calm, tasks: [...backlog, single], concurrency: 10 })).run(12);
    expect(model.leftOver).toEqual([]);
    const before = model.grants.filter(
      ({ atMs, group }) => group === 'a' && atMs > 120_000 && atMs < (model.grants.find((grant) => grant.group === 'b')?.atMs ?? 0),
    );
    // Those that stood in line already, and those that joined with a minute's credit.
    expect(before.length).toBeLessThanOrEqual(40);
    expect(model.queue.receivesInAll).toBeLessThan(301 * 20);
  });
});

describe('the model sees', () => {
  it.each<[string, Partial<Plan>]>([
    ['clocks further apart than allowed', { ...killed, skewMs: 16_000 }],
    ['writes that do not look at the version', { forget: 'version' }],
    ['writes that do not look at the limit', { ...restless, forget: 'limit' }],
  ])('%s', async (_what, change) => {
    expect(await tooMany(25, change)).not.toEqual([]);
  });
});

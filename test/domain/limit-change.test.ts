/** However rate and concurrency change, and whenever a look crashes, a group never starts more than the highest rate it wished. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LimitsMemory } from '../../lambdas/contract/pipeline-row.ts';
import type { Action } from '../../lambdas/domain/actions.ts';
import type { DesiredPipeline } from '../../lambdas/domain/desired.ts';
import { afterStep, type StepTaken, stepTowards } from '../../lambdas/domain/limit-change.ts';
import { limitsSeen } from '../../lambdas/domain/limits-in-force.ts';
import type { Observed } from '../../lambdas/domain/observed.ts';
import { planPipeline } from '../../lambdas/domain/plan.ts';
import { perform, Refused, type World, worldOf } from './aws-model.ts';
import { observedOf, problems, proven, type RawItem, wish } from './builders.ts';

interface Era {
  spacingSeconds: number;
  timeoutSeconds: number;
  /** When the last invocation of it may have begun. */
  lastMs: number;
}

/** One group on AWS: who may run, and whether they may start too many. */
class Group {
  world: World;
  nowMs = 0;
  memory: LimitsMemory | undefined;
  desired: DesiredPipeline;
  #rates: number[] = [];
  #eras: Era[] = [];
  #updatedAtMs = Number.NEGATIVE_INFINITY;
  #before: { spacingSeconds: number; timeoutSeconds: number } | undefined;

  constructor(fields: RawItem) {
    this.desired = wish(fields);
    this.world = worldOf(this.desired, { mappings: [] });
    this.wish(fields);
  }

  wish(fields: RawItem): void {
    this.desired = wish(fields);
    this.#rates.push(typeof fields['ratePerSecond'] === 'number' ? fields['ratePerSecond'] : Number.POSITIVE_INFINITY);
  }

  wait(milliseconds: number): void {
    this.#see();
    this.nowMs += milliseconds;
    this.#see();
  }

  /** A look; it crashes before its nth call, or before it wrote the row a last time. */
  look(crashBefore = Number.POSITIVE_INFINITY): StepTaken {
    const seen = this.#observed();
    const step = stepTowards(this.desired, seen, this.memory, this.nowMs);
    const plan = planPipeline(step.desired, seen, proven(this.desired));
    if (plan.length > 0) this.memory = step.memory;
    for (const [i, action] of plan.entries()) {
      if (i >= crashBefore) return {};
      this.#perform(action);
    }
    if (plan.length >= crashBefore) return {};
    const taken = afterStep(this.desired, step, plan, seen, this.nowMs);
    this.memory = taken.memory;
    // As wished, and everybody runs so: what was wished before is over.
    const { spacingSeconds } = this.#config();
    if (plan.length === 0 && !taken.waiting && this.#eras.every((era) => era.spacingSeconds === spacingSeconds))
      this.#rates = this.#rates.slice(-1);
    return taken;
  }

  #perform(action: Action): void {
    this.#before = this.#config();
    if (action.type === 'updateFunctionConfiguration') this.#updatedAtMs = this.nowMs;
    this.world = perform(this.world, action);
    this.wait(400);
    if (action.type === 'awaitFunction') this.#updatedAtMs = Number.NEGATIVE_INFINITY;
  }

  /** An update that nobody waits for is taken over within 3 s. */
  #isUpdating = () => this.nowMs < this.#updatedAtMs + 3_000;

  #observed(): Observed {
    if (!this.#isUpdating()) this.world = { ...this.world, inProgress: false };
    const { seen } = this.world;
    return seen.function ? { ...seen, function: { ...seen.function, updating: this.#isUpdating() } } : seen;
  }

  #config() {
    const { spacingSeconds, timeoutSeconds } = limitsSeen(this.world.seen);
    return { spacingSeconds, timeoutSeconds };
  }

  /** Invocations may begin now, while an update is under way also under the configuration before it. */
  #see(): void {
    const { concurrency } = limitsSeen(this.world.seen);
    const configs = [this.#config(), ...(this.#isUpdating() && this.#before ? [this.#before] : [])];
    if (concurrency > 0) {
      for (const config of configs) {
        const known = this.#eras.find(
          (era) => era.spacingSeconds === config.spacingSeconds && era.timeoutSeconds === config.timeoutSeconds,
        );
        if (known) known.lastMs = this.nowMs;
        else this.#eras.push({ ...config, lastMs: this.nowMs });
      }
    }
    this.#eras = this.#eras.filter((era) => era.lastMs + era.timeoutSeconds * 1_000 > this.nowMs);
    const least = Math.min(...this.#eras.map(({ spacingSeconds }) => spacingSeconds));
    if (concurrency > 0) expect(concurrency / least).toBeLessThanOrEqual(Math.max(...this.#rates) * (1 + 1e-9));
  }
}

const isValid = (fields: RawItem) => problems(fields).length === 0;

const anyItem = fc
  .record({
    concurrency: fc.constantFrom(1, 2, 3, 10, 40),
    ratePerSecond: fc.constantFrom(0.5, 1, 2, 5, 20, undefined),
    reserve: fc.constantFrom(true, true, false),
    paused: fc.constantFrom(false, false, false, true),
    timeout: fc.constantFrom(10, 30, 100),
    memorySize: fc.constantFrom(256, 512),
  })
  .map(
    ({ timeout, memorySize, ratePerSecond, ...rest }): RawItem => ({
      ...rest,
      ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
      consumer: 'sluice',
      function: { timeout, memorySize },
    }),
  )
  .filter(isValid);

const anyStep = fc.oneof(
  { weight: 4, arbitrary: anyItem.map((fields) => ({ kind: 'wish' as const, fields })) },
  { weight: 6, arbitrary: fc.constant({ kind: 'look' as const, crashBefore: undefined }) },
  { weight: 3, arbitrary: fc.nat(6).map((crashBefore) => ({ kind: 'look' as const, crashBefore })) },
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 60_000 }).map((milliseconds) => ({ kind: 'wait' as const, milliseconds })) },
  { weight: 1, arbitrary: fc.constant({ kind: 'loseRow' as const }) },
);

function lookOrRefused(group: Group, crashBefore?: number): void {
  try {
    group.look(crashBefore);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  }
}

describe('a changing rate', () => {
  it('is never exceeded, and is reached', () => {
    fc.assert(
      fc.property(anyItem, fc.array(anyStep, { maxLength: 25 }), (first, steps) => {
        const group = new Group(first);
        for (const step of steps) {
          if (step.kind === 'wish') group.wish(step.fields);
          else if (step.kind === 'wait') group.wait(step.milliseconds);
          else if (step.kind === 'loseRow') group.memory = undefined;
          else lookOrRefused(group, step.crashBefore);
        }
        for (let looks = 0; looks < 10; looks += 1) {
          group.wait(3_000);
          const { waiting } = group.look();
          if (!waiting) break;
          group.wait(Math.max(0, waiting.untilMs - group.nowMs));
        }
        expect(group.look()).not.toHaveProperty('waiting');
        expect(planPipeline(group.desired, group.world.seen, proven(group.desired))).toEqual([]);
      }),
      { numRuns: Number(process.env['LIMIT_RUNS'] ?? 1_000) },
    );
  });
});

const sluice = (concurrency: number, ratePerSecond?: number, more: RawItem = {}): RawItem => ({
  concurrency,
  consumer: 'sluice',
  ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
  ...more,
});

/** The calls of the first look at the change, and what the rest of it waits for. */
function change(from: RawItem, to: RawItem): { calls: string[]; waits: string | undefined } {
  const before = wish(from);
  const desired = wish(to);
  const { seen } = worldOf(before, observedOf(before));
  const memory = { ...limitsSeen(seen), updating: undefined, changing: undefined };
  const step = stepTowards(desired, seen, memory, 0);
  const plan = planPipeline(step.desired, seen, proven(desired));
  const { waiting } = afterStep(desired, step, plan, seen, 0);
  return { calls: plan.map(({ type }) => type), waits: waiting?.message };
}

const configured = ['updateFunctionConfiguration', 'awaitFunction'];
const until = (seconds: number) => `, until 00:00:${seconds}Z`;

describe('the first look at a change', () => {
  it.each<[string, RawItem, RawItem, string[], string | undefined]>([
    [
      'sets the spacing, where both grow',
      sluice(2, 2),
      sluice(10, 2),
      configured,
      `the new spacing must be in force for one timeout before concurrency rises from 2 to 10${until(30)}`,
    ],
    [
      'sets the concurrency, where both shrink',
      sluice(10, 2),
      sluice(2, 2),
      ['updateMapping', 'putConcurrency'],
      `the lower concurrency must be in force for one timeout before starts of an invocation come closer, from 5 s to 1 s${until(30)}`,
    ],
    ['does all, where only the spacing grows', sluice(10, 10), sluice(10, 1), configured, undefined],
    ['does all, where only the spacing shrinks', sluice(10, 1), sluice(10, 10), configured, undefined],
    ['does all, where the spacing stays', sluice(2, 1), sluice(10, 5), [...configured, 'putConcurrency', 'updateMapping'], undefined],
    [
      'does all, where the spacing shrinks and the concurrency grows',
      sluice(2, 1),
      sluice(4, 20),
      [...configured, 'putConcurrency', 'updateMapping'],
      undefined,
    ],
    [
      'does all, where the spacing grows and the concurrency falls',
      sluice(10, 10),
      sluice(2, 1),
      ['updateMapping', ...configured, 'putConcurrency'],
      undefined,
    ],
    [
      'sets the spacing first, where a rate comes with more concurrency',
      sluice(2),
      sluice(10, 2),
      configured,
      `the new spacing must be in force for one timeout before concurrency rises from 2 to 10${until(30)}`,
    ],
    ['does all, where the rate goes', sluice(10, 2), sluice(2), ['updateMapping', ...configured, 'putConcurrency'], undefined],
    [
      'waits for the longer timeout',
      sluice(2, 2, { function: { timeout: 50 } }),
      sluice(10, 2, { function: { timeout: 20 } }),
      [...configured, 'setQueueAttributes'],
      `the new spacing must be in force for one timeout before concurrency rises from 2 to 10${until(50)}`,
    ],
    [
      'does all of a paused group',
      sluice(2, 2, { paused: true }),
      sluice(10, 2, { paused: true }),
      [...configured, 'putConcurrency', 'updateMapping'],
      undefined,
    ],
    [
      'does not hold up other fields',
      sluice(10, 2),
      sluice(2, 2, { function: { memorySize: 512 } }),
      ['updateMapping', ...configured, 'putConcurrency'],
      `the lower concurrency must be in force for one timeout before starts of an invocation come closer, from 5 s to 1 s${until(30)}`,
    ],
  ])('%s', (_what, from, to, calls, waits) => expect(change(from, to)).toEqual({ calls, waits }));

  it('keeps the longer timeout as long as the longer spacing', () => {
    const before = wish(sluice(10, 0.5, { function: { timeout: 30 } }));
    const desired = wish(sluice(1, 0.5, { function: { timeout: 3 } }));
    const step = stepTowards(desired, observedOf(before), undefined, 0);
    expect(step.desired.configuration).toEqual(before.configuration);
    expect(step.desired.queue.attributes['VisibilityTimeout']).toBe('180');
  });

  it('of a new group waits for nothing', () => {
    const desired = wish(sluice(10, 2));
    expect(stepTowards(desired, { mappings: [] }, undefined, 0).desired).toEqual(desired);
  });
});

/**
 * Rate and concurrency of a whole stage's group change at any moment, with crashes and lost hints: no invocations that
 * may run ever start more than the highest rate wished, and in the end all is as wished. `LIMIT_RUNS`, `LIMIT_SEED`.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consumerEnvironment as keys } from '../../lambdas/contract/consumer-env.ts';
import { pipelineNames } from '../../lambdas/contract/names.ts';
import { coolingSortKey, groupKey } from '../../lambdas/contract/task-table.ts';
import { zipOf } from './aws/s3.ts';
import { OwnStage, stageNames } from './own-stage.ts';
import { seconds, stageWith } from './stage-steps.ts';

interface RatedItem {
  concurrency: number;
  ratePerSecond?: number | undefined;
  reserve: boolean;
  paused: boolean;
  timeout: number;
}

const write = (stage: OwnStage, { timeout, ratePerSecond, ...item }: RatedItem) =>
  stage.write({
    taskGroup: 'g',
    consumer: 'sluice',
    ...item,
    ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
    function: { timeout },
  });

interface Era {
  spacingSeconds: number;
  timeoutSeconds: number;
  lastMs: number;
}

/** Looks on as AWS would run the group: every quarter second, and at every call. */
class RateWatch {
  readonly violations: string[] = [];
  readonly #stage: OwnStage;
  readonly #rates: number[] = [];
  #eras: Era[] = [];
  #config: Omit<Era, 'lastMs'> | undefined;
  /** Until an update is done, invocations may begin under the configuration before it. */
  #before: Omit<Era, 'lastMs'> | undefined;

  constructor(stage: OwnStage) {
    this.#stage = stage;
    stage.aws.clock.every(250, () => this.#see());
    stage.aws.log.watch = (call) => {
      if (call.service === 'lambda') this.#see();
    };
  }

  wish(rate: number | undefined): void {
    this.#rates.push(rate ?? Number.POSITIVE_INFINITY);
  }

  #see(): void {
    const { aws, settings } = this.#stage;
    const fn = aws.lambda.find(pipelineNames(settings.prefix, 'g', false).function);
    const [mapping] = aws.lambda.mappings.all();
    if (!fn) return;
    const variables = fn.fields.Environment?.Variables ?? {};
    const spacing = Number(variables[keys.concurrency]) / Number(variables[keys.ratePerSecond]);
    const config = { spacingSeconds: Number.isNaN(spacing) ? 0 : spacing, timeoutSeconds: fn.fields.Timeout };
    if (JSON.stringify(config) !== JSON.stringify(this.#config)) this.#before = this.#config;
    this.#config = config;
    const nowMs = aws.clock.nowMs();
    const polls = mapping !== undefined && aws.lambda.mappings.isPolling(mapping);
    if (polls) this.#begin(config, nowMs);
    if (polls && this.#before && nowMs < fn.updatedAtMs) this.#begin(this.#before, nowMs);
    this.#eras = this.#eras.filter((era) => era.lastMs + era.timeoutSeconds * 1_000 > nowMs);
    if (!polls) return;
    const concurrency = Math.min(fn.reserved ?? 1_000, mapping.maximumConcurrency ?? 1_000);
    const rate = concurrency / Math.min(...this.#eras.map(({ spacingSeconds }) => spacingSeconds));
    const most = Math.max(...this.#rates);
    if (rate > most * (1 + 1e-9)) this.violations.push(`${rate} starts a second at ${nowMs}, at most ${most} were wished`);
  }

  #begin(config: Omit<Era, 'lastMs'>, nowMs: number): void {
    const known = this.#eras.find((era) => era.spacingSeconds === config.spacingSeconds && era.timeoutSeconds === config.timeoutSeconds);
    if (known) known.lastMs = nowMs;
    else this.#eras.push({ ...config, lastMs: nowMs });
  }
}

const item: fc.Arbitrary<RatedItem> = fc
  .record({
    concurrency: fc.constantFrom(2, 4, 20),
    ratePerSecond: fc.constantFrom(1, 2, 10, undefined),
    reserve: fc.constantFrom(true, true, false),
    paused: fc.constantFrom(false, false, false, true),
    timeout: fc.constantFrom(10, 25, 60),
  })
  .filter(({ concurrency, ratePerSecond = 100, timeout }) => concurrency / ratePerSecond < timeout);

type Step =
  | { kind: 'write'; item: RatedItem }
  | { kind: 'wait'; seconds: number }
  | { kind: 'crash'; nth: number; when: 'before' | 'after' }
  | { kind: 'cool'; seconds: number }
  | { kind: 'loseRow' }
  | { kind: 'sweep' };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: item.map((next) => ({ kind: 'write' as const, item: next })) },
  { weight: 5, arbitrary: fc.constantFrom(1, 4, 12, 40).map((count) => ({ kind: 'wait' as const, seconds: count })) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('crash' as const),
      nth: fc.integer({ min: 1, max: 40 }),
      when: fc.constantFrom('before' as const, 'after' as const),
    }),
  },
  { weight: 2, arbitrary: fc.constantFrom(20, 70, 200).map((count) => ({ kind: 'cool' as const, seconds: count })) },
  { weight: 1, arbitrary: fc.constant({ kind: 'loseRow' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'sweep' as const }) },
);

/** As a consumer does. */
function cool(stage: OwnStage, forSeconds: number): void {
  const nowMs = stage.aws.clock.nowMs();
  const record = { untilMs: nowMs + forSeconds * 1_000, lastLimitedAtMs: nowMs, expiresAt: 4e9 };
  stage.aws.dynamodb.put(stageNames.tasks, { pk: groupKey(functionName(stage)), sk: coolingSortKey, ...record });
  hint(stage);
}

function hint(stage: OwnStage): void {
  stage.aws.sqs
    .find('changes')
    ?.send({ body: JSON.stringify({ kind: 'group', taskGroup: 'g', class: 'change' }) }, stage.aws.clock.nowMs());
}

const functionName = (stage: OwnStage) => pipelineNames(stage.settings.prefix, 'g', false).function;

async function check(seed: number, first: RatedItem, steps: Step[], lossy: boolean): Promise<void> {
  let messages = 0;
  let losing = lossy;
  const stage = new OwnStage({
    aws: { seed, sdkAttempts: 3 },
    sweepByHand: true,
    disturb: () => (losing && ++messages % 7 === 0 ? 'lose' : 'deliver'),
  });
  stage.upload(zipOf('first'));
  await seconds(stage, 10);
  const watch = new RateWatch(stage);
  let last = first;
  const wish = (next: RatedItem) => {
    last = next;
    watch.wish(next.ratePerSecond);
    write(stage, next);
  };
  wish(first);
  await seconds(stage, 30);
  for (const next of steps) {
    if (next.kind === 'write') wish(next.item);
    else if (next.kind === 'wait') await seconds(stage, next.seconds);
    else if (next.kind === 'sweep') void stage.sweep();
    else if (next.kind === 'cool') cool(stage, next.seconds);
    else if (next.kind === 'loseRow') stage.aws.dynamodb.delete(stageNames.pipelines, { taskGroup: 'g' });
    else stage.aws.log.plant({ ...next, effect: 'crash' });
  }
  losing = false;
  stage.aws.log.clearFaults();
  for (let sweeps = 0; sweeps < 4; sweeps += 1) {
    await seconds(stage, 400);
    void stage.sweep();
  }
  await seconds(stage, 100);
  expect(watch.violations).toEqual([]);
  expect(stage.row('g')?.phase, stage.row('g')?.message).toBe(last.paused ? 'Paused' : 'Active');
  const fn = stage.aws.lambda.find(functionName(stage));
  const [mapping] = stage.aws.lambda.mappings.all();
  expect([fn?.reserved, mapping?.maximumConcurrency, mapping?.enabled, fn?.fields.Timeout]).toEqual([
    last.reserve ? last.concurrency : undefined,
    last.concurrency,
    !last.paused,
    last.timeout,
  ]);
  expect(fn?.fields.Environment?.Variables?.[keys.ratePerSecond]).toBe(last.ratePerSecond?.toString());
}

describe('a changing rate', () => {
  it('is never exceeded, and is reached', async () => {
    const seed = process.env['LIMIT_SEED'];
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 1e6 }), item, fc.array(step, { maxLength: 15 }), fc.boolean(), check), {
      numRuns: Number(process.env['LIMIT_RUNS'] ?? 25),
      ...(seed !== undefined && { seed: Number(seed) }),
    });
  }, 600_000);
});

const rated = (concurrency: number, ratePerSecond = 2): RatedItem => ({
  concurrency,
  ratePerSecond,
  reserve: true,
  paused: false,
  timeout: 30,
});
const reserved = (stage: OwnStage) => stage.aws.lambda.find(functionName(stage))?.reserved;

async function ratedStage(first: RatedItem): Promise<OwnStage> {
  const stage = await stageWith([]);
  write(stage, first);
  await stage.runUntil(() => stage.row('g')?.phase === 'Active', 60_000);
  await seconds(stage, 15);
  return stage;
}

it('says what it waits for, and goes on by itself', async () => {
  const stage = await ratedStage(rated(2));
  write(stage, rated(10));
  await seconds(stage, 20);
  expect(stage.row('g')).toMatchObject({
    phase: 'Updating',
    message: expect.stringMatching(
      /^the new spacing must be in force for one timeout before concurrency rises from 2 to 10, until \d\d:\d\d:\d\dZ$/,
    ),
  });
  expect(reserved(stage)).toBe(2);
  await seconds(stage, 25);
  expect([stage.row('g')?.phase, reserved(stage)]).toEqual(['Active', 10]);
});

it('costs a hint that comes meanwhile no call outside our tables', async () => {
  const stage = await ratedStage(rated(2));
  write(stage, rated(10));
  await seconds(stage, 10);
  const before = stage.aws.log.calls.length;
  hint(stage);
  await seconds(stage, 3);
  expect(stage.aws.log.since(before, ({ service }) => service === 'lambda')).toEqual([]);
});

/**
 * Whatever happens (items written and removed, uploads, drift by hand, crashes between any two calls, lost connections,
 * lost and repeated hints), once it stops the stage reaches what the items say and then writes nothing more; nobody ever
 * writes without the group's lease. Seeds: `CONVERGE_SEED`, `CONVERGE_RUNS`.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Call, isWrite } from './aws/calls.ts';
import { connectionLost } from './aws/errors.ts';
import { seededRandom } from './aws/random.ts';
import { type ZipBehaviour, zipOf } from './aws/s3.ts';
import { type DriftKind, drift, driftKinds } from './drift.ts';
import { configItem, differences, hasNoGoodRelease, type TestItem } from './expectation.ts';
import { placeForeign } from './foreign.ts';
import { OneWriterWatch } from './one-writer.ts';
import { OwnStage } from './own-stage.ts';

const groups = ['alpha', 'beta', 'Käse 3%'];

type Step =
  | { kind: 'write'; group: string; item: TestItem }
  | { kind: 'remove'; group: string }
  | { kind: 'spoil'; group: string }
  | { kind: 'upload'; zip: ZipBehaviour }
  | { kind: 'drift'; group: string; what: DriftKind }
  | { kind: 'crash' | 'cut'; nth: number; when: 'before' | 'after' }
  | { kind: 'wait'; seconds: number }
  | { kind: 'sweep' };

const group = fc.constantFrom(...groups);
const item: fc.Arbitrary<TestItem> = fc.record({
  concurrency: fc.constantFrom(2, 3, 20),
  reserve: fc.constantFrom(true, true, true, false),
  memorySize: fc.constantFrom(128, 512),
  timeout: fc.constantFrom(10, 60),
  paused: fc.constantFrom(false, false, true),
  fifo: fc.constantFrom(false, false, false, true),
  batchSize: fc.constantFrom(1, 5),
  team: fc.constantFrom('red', 'blue'),
  onDelete: fc.constantFrom('drain', 'discard'),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('write' as const), group, item }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), group }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('upload' as const),
      zip: fc.constantFrom('ok' as const, 'ok' as const, 'refused' as const, 'import-error' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('spoil' as const), group }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('drift' as const), group, what: fc.constantFrom(...driftKinds) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('crash' as const, 'cut' as const),
      nth: fc.integer({ min: 1, max: 60 }),
      when: fc.constantFrom('before' as const, 'after' as const),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.constantFrom(0.1, 1, 3, 8, 30, 120) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'sweep' as const }) },
);

interface History {
  seed: number;
  steps: Step[];
  lossy: boolean;
  /** Room for 45 reserved in all. */
  tight: boolean;
}
const history: fc.Arbitrary<History> = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  steps: fc.array(step, { minLength: 3, maxLength: 25 }),
  lossy: fc.boolean(),
  tight: fc.boolean(),
});

class World {
  readonly stage: OwnStage;
  readonly watch: OneWriterWatch;
  readonly foreign: () => string[];
  readonly items = new Map<string, TestItem | 'invalid'>();
  readonly #hand;
  #uploads = 0;
  #lossy: boolean;

  constructor({ seed, lossy, tight }: History) {
    const chance = seededRandom(seed + 1);
    this.#lossy = lossy;
    this.stage = new OwnStage({
      aws: {
        seed,
        sdkAttempts: seed % 2 === 0 ? 1 : 3,
        lambda: { mappingChangeMs: { min: 500, max: 6_000 }, ...(tight && { accountConcurrency: 160 }) },
      },
      stage: { drainLookSeconds: 5 },
      sweepByHand: true,
      disturb: () => (!this.#lossy ? 'deliver' : chance() < 0.1 ? 'lose' : chance() < 0.15 ? 'repeat' : 'deliver'),
    });
    this.watch = new OneWriterWatch(this.stage, groups);
    this.#hand = this.stage.aws.caller('hand').clients;
    this.foreign = placeForeign(this.stage);
    this.stage.upload(zipOf('by hand'), 'by-hand.zip');
    this.stage.upload(zipOf('first'));
  }

  async live(steps: readonly Step[]): Promise<void> {
    await this.stage.aws.clock.advance(20_000);
    for (const next of steps) await this.#do(next);
  }

  async #do(next: Step): Promise<void> {
    const { stage } = this;
    if (next.kind === 'write') {
      this.items.set(next.group, next.item);
      stage.write(configItem(next.group, next.item));
    } else if (next.kind === 'remove') {
      this.items.delete(next.group);
      stage.remove(next.group);
    } else if (next.kind === 'spoil') {
      this.items.set(next.group, 'invalid');
      stage.write({ taskGroup: next.group, speed: 1 });
    } else if (next.kind === 'upload') stage.upload(zipOf(`upload ${++this.#uploads}`, next.zip));
    else if (next.kind === 'drift') void drift(stage, this.#hand, next.group, this.#isFifo(next.group), next.what);
    else if (next.kind === 'sweep') void stage.sweep();
    else if (next.kind === 'wait') await stage.aws.clock.advance(next.seconds * 1_000);
    else
      stage.aws.log.plant({
        nth: next.nth,
        when: next.when,
        effect: next.kind === 'crash' ? 'crash' : connectionLost(),
        fits: ({ caller }) => caller !== 'hand',
      });
  }

  #isFifo(name: string): boolean {
    const item = this.items.get(name);
    return typeof item === 'object' && item.fifo;
  }

  /** No more trouble; then looks, as the schedule would bring them, until nothing differs. */
  async settle(): Promise<string[]> {
    this.#lossy = false;
    this.stage.aws.log.clearFaults();
    await this.stage.runUntil(() => this.stage.hintsLeft === 0, 600_000);
    for (let sweeps = 0; sweeps < 6; sweeps += 1) {
      await this.#sweep();
      if (this.differences().length === 0) break;
    }
    return this.differences();
  }

  differences(): string[] {
    return groups.flatMap((name) => differences(this.stage, name, this.items.get(name)));
  }

  /** What a sweep over the settled stage still writes to AWS, and to the status rows of our groups. */
  async writesOfAnotherSweep(): Promise<string[]> {
    await this.#sweep();
    const before = this.stage.aws.log.calls.length;
    await this.#sweep();
    const ownRow = ({ input }: Call) =>
      input['TableName'] === 'pipelines' && groups.includes(String((input['Item'] as { taskGroup?: string }).taskGroup));
    return this.stage.aws.log
      .since(before, (call) => isWrite(call) && (call.service !== 'dynamodb' || ownRow(call)))
      .map((call) => `${call.operation} ${JSON.stringify(call.input).slice(0, 400)}`);
  }

  async #sweep(): Promise<void> {
    void this.stage.sweep();
    await this.stage.aws.clock.advance(5_000);
    await this.stage.runUntil(() => this.stage.hintsLeft === 0, 600_000);
    await this.stage.aws.clock.advance(10_000);
  }
}

const plain: TestItem = {
  concurrency: 3,
  reserve: true,
  memorySize: 128,
  timeout: 60,
  paused: false,
  fifo: false,
  batchSize: 5,
  team: 'red',
  onDelete: 'drain',
};

/** Histories that once did not end well. */
const remembered: [History][] = [
  // The mapping of a queue that was deleted by hand before it was replaced stayed for ever.
  [
    {
      seed: 688_874,
      lossy: false,
      tight: false,
      steps: [
        { kind: 'write', group: 'alpha', item: { ...plain, paused: true } },
        { kind: 'wait', seconds: 30 },
        { kind: 'drift', group: 'alpha', what: 'deleteQueue' },
        { kind: 'write', group: 'alpha', item: { ...plain, fifo: true } },
      ],
    },
  ],
];

async function check(past: History): Promise<void> {
  const world = new World(past);
  await world.live(past.steps);
  const unsettled = await world.settle();
  const lastFailures = world.stage.logged.slice(-4).map(({ message, fields }) => `${message} ${fields['taskGroup']} ${fields['error']}`);
  expect(unsettled, lastFailures.join('\n')).toEqual([]);
  // What fails is tried again by each sweep; everything else rests.
  if (!hasNoGoodRelease(world.stage)) expect(await world.writesOfAnotherSweep()).toEqual([]);
  expect(world.watch.violations).toEqual([]);
  expect(world.foreign()).toEqual([]);
  expect(world.stage.functions.pipelineReconciler.tally.timedOut).toBe(0);
}

describe('the stage', () => {
  it('converges from anything, and then rests', async () => {
    const runs = Number(process.env['CONVERGE_RUNS'] ?? 25);
    const seed = process.env['CONVERGE_SEED'];
    await fc.assert(fc.asyncProperty(history, check), {
      numRuns: runs,
      examples: remembered,
      ...(seed !== undefined && { seed: Number(seed) }),
      endOnFailure: process.env['CONVERGE_SHRINK'] === undefined,
    });
  }, 600_000);
});

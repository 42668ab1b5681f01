/**
 * Whatever happens (items written and removed, uploads, drift by hand, crashes between any two calls, lost connections,
 * lost and repeated hints), once it stops the stage reaches what the items say and then writes nothing more; nobody ever
 * writes without the group's lease. Seeds: `CONVERGE_SEED`, `CONVERGE_RUNS`.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWrite } from './aws/calls.ts';
import { connectionLost } from './aws/errors.ts';
import { seededRandom } from './aws/random.ts';
import { zipOf } from './aws/s3.ts';
import { type DriftKind, drift, driftKinds } from './drift.ts';
import { configItem, differences, type TestItem } from './expectation.ts';
import { OneWriterWatch } from './one-writer.ts';
import { OwnStage } from './own-stage.ts';

const groups = ['alpha', 'beta', 'Käse 3%'];

type Step =
  | { kind: 'write'; group: string; item: TestItem }
  | { kind: 'remove'; group: string }
  | { kind: 'upload' }
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
  { weight: 1, arbitrary: fc.constant({ kind: 'upload' as const }) },
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
}
const history: fc.Arbitrary<History> = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  steps: fc.array(step, { minLength: 3, maxLength: 25 }),
  lossy: fc.boolean(),
});

class World {
  readonly stage: OwnStage;
  readonly watch: OneWriterWatch;
  readonly items = new Map<string, TestItem>();
  readonly #hand;
  #uploads = 0;
  #lossy: boolean;

  constructor({ seed, lossy }: History) {
    const chance = seededRandom(seed + 1);
    this.#lossy = lossy;
    this.stage = new OwnStage({
      aws: { seed, lambda: { mappingChangeMs: { min: 500, max: 6_000 } } },
      stage: { drainLookSeconds: 5 },
      sweepByHand: true,
      disturb: () => (!this.#lossy ? 'deliver' : chance() < 0.1 ? 'lose' : chance() < 0.15 ? 'repeat' : 'deliver'),
    });
    this.watch = new OneWriterWatch(this.stage, groups);
    this.#hand = this.stage.aws.caller('hand').clients;
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
    } else if (next.kind === 'upload') stage.upload(zipOf(`upload ${++this.#uploads}`));
    else if (next.kind === 'drift') void drift(stage, this.#hand, next.group, this.items.get(next.group)?.fifo ?? false, next.what);
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

  /** What a sweep over the settled stage still writes to AWS, and to our own status rows. */
  async writesOfAnotherSweep(): Promise<string[]> {
    await this.#sweep();
    const before = this.stage.aws.log.calls.length;
    await this.#sweep();
    return this.stage.aws.log
      .since(before, (call) => isWrite(call) && (call.service !== 'dynamodb' || call.input['TableName'] === 'pipelines'))
      .map((call) => `${call.operation} ${JSON.stringify(call.input).slice(0, 160)}`);
  }

  async #sweep(): Promise<void> {
    void this.stage.sweep();
    await this.stage.aws.clock.advance(5_000);
    await this.stage.runUntil(() => this.stage.hintsLeft === 0, 600_000);
    await this.stage.aws.clock.advance(10_000);
  }
}

async function check(past: History): Promise<void> {
  const world = new World(past);
  await world.live(past.steps);
  expect(
    await world.settle(),
    world.stage.logged
      .slice(-5)
      .map((line) => JSON.stringify(line))
      .join('\n'),
  ).toEqual([]);
  expect(await world.writesOfAnotherSweep()).toEqual([]);
  expect(world.watch.violations).toEqual([]);
  expect(world.stage.functions.pipelineReconciler.tally.timedOut).toBe(0);
}

describe('the stage', () => {
  it('converges from anything, and then rests', async () => {
    const runs = Number(process.env['CONVERGE_RUNS'] ?? 25);
    const seed = process.env['CONVERGE_SEED'];
    await fc.assert(fc.asyncProperty(history, check), {
      numRuns: runs,
      ...(seed !== undefined && { seed: Number(seed) }),
      endOnFailure: process.env['CONVERGE_SHRINK'] === undefined,
    });
  }, 600_000);
});

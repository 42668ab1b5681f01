/** Items of limits are of no group, and a group that is a pool has the scheduler look at it whenever it was looked at. */
import { describe, expect, it } from 'vitest';
import { PlacingHint } from '../../lambdas/contract/job-messages.ts';
import { OwnStage } from './own-stage.ts';

const minute = 60_000;
const pool = { concurrency: 2, consumer: 'sluice', pool: { capacity: { maxJobs: 2 } } };

/** What the scheduler was told since the last time. */
function hinted(stage: OwnStage): PlacingHint[] {
  const queue = stage.aws.sqs.find('placing.fifo');
  const hints = (queue?.messages() ?? []).map(({ body }) => PlacingHint.parse(JSON.parse(body)));
  queue?.purge();
  return hints;
}

async function pass(stage: OwnStage, ms = minute): Promise<PlacingHint[]> {
  await stage.runUntil(() => false, ms);
  return hinted(stage);
}

describe('an item of limits', () => {
  it('is for the scheduler alone: no row, no pipeline, no sweep, no rollout', async () => {
    const stage = new OwnStage({ sweepByHand: true });
    stage.upload('zip ok v1');
    stage.write({ taskGroup: '*limits', maxJobs: 3 });
    stage.write({ taskGroup: '*limits/acme', weight: 2 });
    stage.write({ taskGroup: 'acme', concurrency: 2 });
    expect(await pass(stage)).toEqual([
      { kind: 'limits', key: '*limits' },
      { kind: 'limits', key: '*limits/acme' },
    ]);
    stage.write({ taskGroup: '*', batch: { size: 1 } });
    void stage.sweep();
    expect(await pass(stage)).toEqual([]);
    expect(
      stage
        .rows()
        .map(({ taskGroup }) => taskGroup)
        .toSorted(),
    ).toEqual(['*', 'acme']);
    stage.remove('*limits/acme');
    expect(await pass(stage)).toEqual([{ kind: 'limits', key: '*limits/acme' }]);
  });
});

describe('a pool', () => {
  const ofWest = { kind: 'pool', taskGroup: 'west' };

  it('is looked at whenever its group was: made, changed, paused, a pool no more, a pool again, removed', async () => {
    const stage = new OwnStage({ sweepByHand: true, stage: { drainLookSeconds: 1 } });
    stage.upload('zip ok v1');
    stage.write({ taskGroup: 'west', ...pool });
    stage.write({ taskGroup: 'plain', concurrency: 2 });
    const { pool: _pool, ...noPool } = pool;
    const changes: (Record<string, unknown> | undefined)[] = [
      { ...pool, pool: { capacity: { maxJobs: 1 } } },
      { ...pool, paused: true },
      noPool,
      pool,
      { ...pool, concurrency: 0 },
      undefined,
    ];
    expect(await pass(stage)).toContainEqual(ofWest);
    expect(stage.row('west')).toMatchObject({ phase: 'Active', effective: { pool: pool.pool } });
    for (const change of changes) {
      if (change === undefined) stage.remove('west');
      else stage.write({ taskGroup: 'west', ...change });
      const hints = await pass(stage);
      expect(hints.length, JSON.stringify(change)).toBeGreaterThan(0);
      expect(new Set(hints.map((hint) => JSON.stringify(hint)))).toEqual(new Set([JSON.stringify(ofWest)]));
    }
    await pass(stage, 10 * minute);
    expect(stage.row('west')).toBeUndefined();
  });

  it('is told of once it is gone, after the last look', async () => {
    const stage = new OwnStage({ sweepByHand: true, stage: { drainLookSeconds: 1 } });
    stage.upload('zip ok v1');
    stage.write({ taskGroup: 'west', ...pool });
    await pass(stage);
    stage.remove('west');
    await stage.runUntil(() => stage.row('west') === undefined, 10 * minute);
    hinted(stage);
    expect(await pass(stage)).toEqual([ofWest]);
  });

  it('may be one by the defaults item', async () => {
    const stage = new OwnStage({ sweepByHand: true });
    stage.upload('zip ok v1');
    stage.write({ taskGroup: '*', consumer: 'sluice', pool: pool.pool });
    stage.write({ taskGroup: 'west', concurrency: 2 });
    expect(await pass(stage)).toContainEqual(ofWest);
    expect(stage.row('west')?.effective).toMatchObject({ pool: pool.pool });
  });
});

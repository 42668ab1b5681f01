/** What the scheduler tells CloudWatch after a sweep. */
import { expect, it } from 'vitest';
import { overallKey } from '../../../lambdas/contract/placement-table.ts';
import { tables } from '../jobs/resources.ts';
import { PlacementStage } from './placement-stage.ts';

type Line = Record<string, unknown> & {
  _aws: { CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string }[] }[] };
};

const linesOf = (stage: PlacementStage): Line[] => stage.lines.splice(0).map((line) => JSON.parse(line) as Line);
const lastOf = (stage: PlacementStage) => linesOf(stage).findLast((line) => !('Pool' in line));

it('is nothing as long as nobody uses pools', async () => {
  const stage = new PlacementStage();
  await stage.pass(120);
  expect(stage.lines).toEqual([]);
});

it('is who waits, who runs and what fails, each in the format of CloudWatch', async () => {
  const stage = new PlacementStage();
  await stage.pool('west', { maxJobs: 1, workMs: () => 300_000 });
  await stage.pool('east', { maxJobs: 1, ending: () => 'silent' });
  const affinity = (pool: string) => ({ pool, required: true });
  for (const pool of ['west', 'west', 'east']) await stage.submit({ maxRetries: 0, affinity: affinity(pool) });
  await stage.pass(70);
  const early = linesOf(stage);
  expect(early.findLast(({ Pool }) => Pool === 'west')).toMatchObject({ Stage: 'sluice-test', PoolJobs: 1, PoolUse: 100 });
  expect(early.findLast((line) => !('Pool' in line))).toMatchObject({ JobsReady: 1, LimitViolations: 0 });
  for (const { _aws, ...values } of early)
    for (const { Namespace, Dimensions, Metrics } of _aws.CloudWatchMetrics) {
      expect(Namespace).toBe('Sluice');
      expect(Object.keys(values).toSorted()).toEqual([...Dimensions.flat(), ...Metrics.map(({ Name }) => Name)].toSorted());
    }
  await stage.pass(60);
  const expired = [...early, ...linesOf(stage)].reduce((sum, { ExpiredLeases }) => sum + Number(ExpiredLeases ?? 0), 0);
  expect(expired).toBe(1);
});

it('counts a limit that was passed, and says which', async () => {
  const stage = new PlacementStage();
  await stage.pool('west', { maxJobs: 4, workMs: () => 300_000 });
  for (let n = 0; n < 3; n += 1) await stage.submit({});
  await stage.pass(70);
  expect(lastOf(stage)).toMatchObject({ JobsInProgress: 3, LimitViolations: 0 });
  // As if the limit had been this all the time.
  const row = stage.aws.dynamodb.read(tables.jobs, overallKey);
  stage.aws.dynamodb.put(tables.config, { taskGroup: '*limits', maxJobs: 2 });
  stage.aws.dynamodb.put(tables.jobs, { ...row, ...overallKey, maxJobs: 2, limitsAtMs: 0 });
  await stage.pass(70);
  expect(lastOf(stage)).toMatchObject({ LimitViolations: 1 });
  expect(stage.logged).toContainEqual(
    expect.objectContaining({ message: 'a limit was passed', fields: { limit: 'overall', used: 3, total: 2 } }),
  );
});

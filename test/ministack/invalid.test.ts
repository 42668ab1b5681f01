/** An item that cannot be applied → `Invalid` with every problem named by path, and the pipeline that exists as it was. */
import { beforeAll, describe, expect, test } from 'vitest';
import { nodeConsumer } from '../support/consumers.ts';
import {
  look,
  lookAtWhole,
  newCode,
  newGroup,
  removeGroupsAfterwards,
  rowOf,
  untilPhase,
  writeItem,
  writeItems,
} from '../support/groups.ts';

let key: string;
removeGroupsAfterwards();
beforeAll(async () => {
  ({ key } = await newCode(nodeConsumer()));
});

describe.concurrent('an invalid item', () => {
  test('names every problem by path, makes nothing, and comes up once it is mended', async () => {
    const taskGroup = newGroup('invalid');
    await writeItem({
      taskGroup,
      concurrency: 0,
      colour: 'blue',
      function: { timeout: 901, environment: { SLUICE_X: 'v' } },
      queue: { fifo: 'yes' },
    });
    const { problems = [], message } = await untilPhase(taskGroup, 'Invalid');
    const named = problems.map((problem) => problem.split(':')[0]);
    expect(named.toSorted()).toEqual(
      ['colour', 'concurrency', 'function.environment.SLUICE_X', 'function.timeout', 'queue.fifo'].toSorted(),
    );
    expect(problems).toContain('colour: unknown field');
    expect(message).toContain('5 problems');
    expect(await look(taskGroup)).toEqual({ mappings: [] });
    await writeItem({ taskGroup, code: { key } });
    const row = await untilPhase(taskGroup, 'Active');
    expect(row.problems).toBeUndefined();
  });

  test('names what only shows with several fields together', async () => {
    const taskGroup = newGroup('rules');
    await writeItem({
      taskGroup,
      reserve: false,
      ratePerSecond: 1,
      queue: { visibilityTimeout: 10 },
      batch: { size: 11 },
      secrets: { KEY: 'ssm:/elsewhere/key' },
    });
    const { problems = [] } = await untilPhase(taskGroup, 'Invalid');
    expect(problems.map((problem) => problem.split(':')[0]).toSorted()).toEqual(
      ['batch.window', 'concurrency', 'queue.visibilityTimeout', 'ratePerSecond', 'secrets.KEY'].toSorted(),
    );
  });

  test('leaves the pipeline as it is', async () => {
    const taskGroup = newGroup('stays');
    await writeItem({ taskGroup, concurrency: 2, code: { key } });
    await untilPhase(taskGroup, 'Active');
    const before = await lookAtWhole(taskGroup);
    await writeItem({ taskGroup, concurrency: 5_000, code: { key } });
    await untilPhase(taskGroup, 'Invalid');
    const after = await lookAtWhole(taskGroup);
    expect(after.function.Configuration).toEqual(before.function.Configuration);
    expect(after.function.Concurrency).toEqual(before.function.Concurrency);
    expect(after.mapping.State).toBe('Enabled');
  });
});

test('among a hundred: ninety come up, the ten broken ones say why', async () => {
  const groups = Array.from({ length: 100 }, (_, i) => ({ taskGroup: newGroup(`hundred ${i}`), broken: i % 10 === 3 }));
  await writeItems(groups.map(({ taskGroup, broken }) => ({ taskGroup, code: { key }, ...(broken ? { speed: 'fast' } : {}) })));
  await Promise.all(groups.map(({ taskGroup, broken }) => untilPhase(taskGroup, broken ? 'Invalid' : 'Active', 170)));
  for (const { taskGroup } of groups.filter(({ broken }) => broken))
    expect((await rowOf(taskGroup))?.problems).toEqual(['speed: unknown field']);
});

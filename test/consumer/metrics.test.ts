/** Embedded metrics: lines CloudWatch understands, no more dimensions than were asked for. */
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type ConsumerOptions, RateLimited } from '../../consumer/index.ts';
import { batches } from '../support/consumer-batches.ts';
import { sqsRecord } from '../support/sqs-record.ts';

/** CloudWatch/CloudWatch_Embedded_Metric_Format_Specification. */
const Directive = z.strictObject({
  Namespace: z.string().min(1).max(1_024),
  Dimensions: z.array(z.array(z.string()).min(1).max(30)).min(1),
  Metrics: z
    .array(z.strictObject({ Name: z.string().min(1), Unit: z.enum(['Count', 'Milliseconds']) }))
    .min(1)
    .max(100),
});
const Line = z.looseObject({ _aws: z.strictObject({ Timestamp: z.int(), CloudWatchMetrics: z.array(Directive).length(1) }) });

function metricsOf(logs: Record<string, unknown>[]) {
  return logs
    .filter((line) => '_aws' in line)
    .map((line) => {
      const parsed = Line.parse(line);
      const directive = parsed._aws.CloudWatchMetrics[0];
      for (const { Name } of directive?.Metrics ?? []) {
        const values = [line[Name]].flat();
        expect(values.length).toBeLessThanOrEqual(100);
        expect(values.every((value) => typeof value === 'number' && Number.isFinite(value))).toBe(true);
      }
      for (const name of directive?.Dimensions.flat() ?? []) expect(line[name]).toMatch(/\S/);
      const told = (directive?.Metrics ?? []).map(({ Name }) => [Name, line[Name]]);
      return { namespace: directive?.Namespace, dimensions: directive?.Dimensions, class: line['Class'], ...Object.fromEntries(told) };
    });
}

async function metricsFor(metrics: ConsumerOptions['metrics'], ...bodies: string[]) {
  const world = batches({
    ...(metrics === undefined ? {} : { metrics }),
    task: async (body, { sleep }) => {
      await sleep(250);
      if (body === 'limited') throw new RateLimited(1);
      if (body === 'bad') throw new TypeError('no');
      if (body === 'down') throw new Error('no');
    },
  });
  await world.run(...bodies.map((body, n) => sqsRecord(`m${n}`, { body: JSON.stringify(body) })));
  return metricsOf(world.logs());
}

it('one line per invocation by stage, and one per class that occurred', async () => {
  expect(await metricsFor(undefined, 'good', 'limited', 'bad', 'down', 'down')).toEqual([
    {
      ...{ namespace: 'Sluice', dimensions: [['Stage']], class: undefined },
      ...{ Started: 5, Succeeded: 1, Duplicates: 0, HandedBack: 0, RateLimited: 1, WaitedForRate: 1_000 },
      Duration: [250, 250, 250, 250, 250],
    },
    { namespace: 'Sluice', dimensions: [['Stage', 'Class']], class: 'PERMANENT', Failed: 1, Retried: 0, DeadLettered: 1 },
    { namespace: 'Sluice', dimensions: [['Stage', 'Class']], class: 'TRANSIENT', Failed: 2, Retried: 2, DeadLettered: 0 },
  ]);
});

it('none where they are not wanted', async () => {
  expect(await metricsFor(false, 'good', 'bad')).toEqual([]);
});

describe('the group is a dimension only where it is asked for', () => {
  it.each([
    ['for all', { groupDimension: true }, true],
    ['for this one', { groupDimension: (group: string) => group === 'acme' }, true],
    ['for another', { groupDimension: (group: string) => group === 'other' }, false],
    ['for none', {}, false],
  ])('%s', async (_what, metrics, asked) => {
    const [line, ofClass] = await metricsFor({ namespace: 'Mine', ...metrics }, 'bad');
    expect(line).toMatchObject({ namespace: 'Mine', dimensions: asked ? [['Stage'], ['Stage', 'Group']] : [['Stage']] });
    expect(ofClass?.dimensions).toEqual(
      asked
        ? [
            ['Stage', 'Class'],
            ['Stage', 'Class', 'Group'],
          ]
        : [['Stage', 'Class']],
    );
  });
});

it('at most a hundred durations', async () => {
  const [line] = await metricsFor(undefined, ...Array<string>(105).fill('good'));
  expect(line).toMatchObject({ Started: 105, HandedBack: 0 });
  expect(line?.['Duration']).toHaveLength(100);
});

it('counts what the end of the invocation was held for the rate', async () => {
  const world = batches({ task: () => {} }, { settings: { rate: { ratePerSecond: 1, concurrency: 2 } } });
  await world.run(sqsRecord('a'), sqsRecord('b'));
  expect(world.clock.monotonicMs()).toBe(4_000);
  expect(metricsOf(world.logs())).toEqual([expect.objectContaining({ Started: 2, WaitedForRate: 4_000 })]);
});

it('counts a copy of what was done', async () => {
  const world = batches({ task: () => {} });
  await world.run(sqsRecord('a'));
  await world.run(sqsRecord('a', { receives: 2 }));
  expect(metricsOf(world.logs())[1]).toMatchObject({ Started: 0, Succeeded: 0, Duplicates: 1 });
});

it('a group that cannot be told is no dimension, and no reason to fail what is done', async () => {
  const metrics = {
    groupDimension: () => {
      throw new Error('no');
    },
  };
  const world = batches({ metrics, task: () => {} });
  expect(await world.run(sqsRecord('a'))).toEqual([]);
  expect(metricsOf(world.logs())).toEqual([expect.objectContaining({ dimensions: [['Stage']] })]);
});

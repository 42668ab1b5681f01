/** What a consumer is told: a plain one where its tasks are, one of our library's all that the library needs. */
import { describe, expect, it } from 'vitest';
import { consumerVariables } from '../../lambdas/domain/consumer-environment.ts';
import { desiredPipeline, wishHash } from '../../lambdas/domain/desired.ts';
import { planPipeline } from '../../lambdas/domain/plan.ts';
import { item, observedOf, proven, type RawItem, release, stage } from './builders.ts';

const variables = (fields: RawItem = {}) => consumerVariables(item(fields), stage);

describe('the environment of a consumer', () => {
  const plain = {
    SLUICE_TASK_GROUP: 'customer A',
    SLUICE_QUEUE_NAME: expect.stringMatching(/^sluice-test-tg-customer-A-\w+$/),
    SLUICE_DEAD_LETTER_QUEUE_NAME: expect.stringMatching(/^sluice-test-tg-customer-A-\w+-dlq$/),
  };
  const library = {
    ...plain,
    SLUICE_STAGE: 'sluice-test',
    SLUICE_TASKS_TABLE: stage.tasksTable,
    SLUICE_DATA_BUCKET: stage.dataBucket,
    SLUICE_HINTS_QUEUE_URL: stage.hintsQueueUrl,
    SLUICE_REPORTS_QUEUE_URL: stage.reportsQueueUrl,
    SLUICE_MAX_RECEIVE_COUNT: '1000',
    SLUICE_RETRY: '{"maxRetries":3,"baseSeconds":2,"capSeconds":3600}',
  };

  it.each<[string, RawItem, Record<string, unknown>]>([
    ['a plain consumer', {}, plain],
    ['with variables of its own', { function: { environment: { MODE: 'fast' } } }, { ...plain, MODE: 'fast' }],
    ['with secrets', { secrets: { KEY: 'ssm:/sluice-test/key' } }, { ...plain, SLUICE_SECRETS: '{"KEY":"ssm:/sluice-test/key"}' }],
    ['a library consumer', { consumer: 'sluice' }, library],
    ['with fewer receives', { consumer: 'sluice', queue: { maxReceiveCount: 12 } }, { ...library, SLUICE_MAX_RECEIVE_COUNT: '12' }],
    [
      'with a rate',
      { consumer: 'sluice', ratePerSecond: 0.5, concurrency: 2, batch: { size: 3 } },
      { ...library, SLUICE_RATE_PER_SECOND: '0.5', SLUICE_CONCURRENCY: '2', SLUICE_BATCH_SIZE: '3' },
    ],
  ])('%s', (_name, fields, expected) => {
    expect(variables(fields)).toEqual(expected);
  });

  it.each<[string, RawItem, RawItem]>([
    ['concurrency', { concurrency: 5 }, { concurrency: 6 }],
    ['receives', { queue: { maxReceiveCount: 10 } }, { queue: { maxReceiveCount: 11 } }],
    ['retry', { retry: { maxRetries: 1 } }, { retry: { maxRetries: 2 } }],
  ])('of a plain one is the same whatever its %s', (_name, one, other) => {
    expect(variables(one)).toEqual(variables(other));
  });
});

describe('a stage that learns something new to tell', () => {
  const older = { ...stage, reportsQueueUrl: 'https://sqs.eu-west-1.amazonaws.com/123456789012/older' };
  /** What a look does to a pipeline that an older stage has made. */
  const look = (fields: RawItem) => {
    const [before, now] = [older, stage].map((told) => desiredPipeline(item(fields), release, told));
    if (!before || !now) throw new Error('two stages, two wishes');
    const plan = planPipeline(now, observedOf(before), proven(now));
    return { changes: plan.map(({ type }) => type), settled: wishHash(item(fields), before) === wishHash(item(fields), now), now };
  };

  it('tells each library consumer, with one change of its configuration, and rests', () => {
    const { changes, settled, now } = look({ consumer: 'sluice' });
    expect([changes, settled]).toEqual([['updateFunctionConfiguration', 'awaitFunction'], false]);
    expect(planPipeline(now, observedOf(now), proven(now))).toEqual([]);
  });

  it('leaves plain ones as they are', () => {
    expect(look({})).toMatchObject({ changes: [], settled: true });
  });
});

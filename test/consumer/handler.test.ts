/** The handler as Lambda calls it. */
import type { SQSEvent } from 'aws-lambda';
import { afterEach, expect, it, vi } from 'vitest';
import { defineConsumer } from '../../consumer/index.ts';
import { consumerSettings } from '../../consumer/runtime/consumer-settings.ts';
import { sqsRecord } from '../support/sqs-record.ts';

afterEach(() => vi.unstubAllEnvs());

const context = { getRemainingTimeInMillis: () => 30_000 };
/** A new one for each event, as its environment is looked at once. */
const handler = (event: SQSEvent, given: typeof context) => defineConsumer({ task: () => {} })(event, given);

const environment = {
  SLUICE_STAGE: 'prod',
  SLUICE_TASK_GROUP: 'Acme & Co',
  SLUICE_QUEUE_NAME: 'prod-acme-1.fifo',
  SLUICE_DEAD_LETTER_QUEUE_NAME: 'prod-acme-1-dlq.fifo',
  SLUICE_TASKS_TABLE: 'tasks',
  SLUICE_DATA_BUCKET: 'data',
  SLUICE_HINTS_QUEUE_URL: 'https://sqs/hints',
  SLUICE_MAX_RECEIVE_COUNT: '1000',
  SLUICE_RETRY: '{"maxRetries": 3, "baseSeconds": 2, "capSeconds": 3600}',
};

it('takes an empty batch, by which its release is proved', async () => {
  for (const [key, value] of Object.entries(environment)) vi.stubEnv(key, value);
  expect(await handler({ Records: [] }, context)).toEqual({ batchItemFailures: [] });
});

it('refuses an empty batch in an environment that is not its own', async () => {
  const refused = handler({ Records: [] }, context);
  await expect(refused).rejects.toThrow(/consumer: "sluice".*SLUICE_STAGE: is missing/);
});

it.each([{}, { source: 'aws.events' }, undefined, { Records: 'x' }])('refuses what is no batch: %j', async (event) => {
  await expect(handler(event as unknown as SQSEvent, context)).rejects.toThrow(/the event is no SQS batch/);
});

it('names every key of a wrong environment', async () => {
  for (const [key, value] of Object.entries(environment)) vi.stubEnv(key, value);
  vi.stubEnv('SLUICE_STAGE', undefined);
  vi.stubEnv('SLUICE_RETRY', '{');
  vi.stubEnv('SLUICE_MAX_RECEIVE_COUNT', 'many');
  const refused = handler({ Records: [sqsRecord('a')] }, context);
  await expect(refused).rejects.toThrow(/consumer: "sluice".*SLUICE_STAGE: is missing/);
  await expect(refused).rejects.toThrow(/SLUICE_RETRY: is not JSON/);
  await expect(refused).rejects.toThrow(/SLUICE_MAX_RECEIVE_COUNT: /);
});

it('reads its environment', () => {
  const rate = { SLUICE_RATE_PER_SECOND: '0.5', SLUICE_CONCURRENCY: '2', SLUICE_SECRETS: '{"KEY": "ssm:/key"}' };
  expect(consumerSettings({ ...environment, ...rate })).toEqual({
    ...{ stage: 'prod', group: 'Acme & Co', pipeline: 'prod-acme-1', fifo: true, maxReceiveCount: 1_000 },
    ...{ queueName: 'prod-acme-1.fifo', deadLetterQueueName: 'prod-acme-1-dlq.fifo', tasksTable: 'tasks', dataBucket: 'data' },
    ...{ hintsQueueUrl: 'https://sqs/hints', retry: { maxRetries: 3, baseSeconds: 2, capSeconds: 3_600 } },
    ...{ secrets: { KEY: 'ssm:/key' }, rate: { ratePerSecond: 0.5, concurrency: 2 } },
  });
  expect(consumerSettings(environment)).toMatchObject({ secrets: {}, rate: undefined });
  // A stage that has just learned of jobs has not told every consumer yet.
  const told = { ...environment, SLUICE_REPORTS_QUEUE_URL: 'https://sqs/reports' };
  expect([environment, told].map((variables) => consumerSettings(variables).reportsQueueUrl)).toEqual([undefined, 'https://sqs/reports']);
});

it.each([
  ['SLUICE_RATE_PER_SECOND', '0'],
  ['SLUICE_RATE_PER_SECOND', '-1'],
  ['SLUICE_CONCURRENCY', '1.5'],
  ['SLUICE_MAX_RECEIVE_COUNT', ''],
  ['SLUICE_RETRY', '{"maxRetries": 3}'],
  ['SLUICE_SECRETS', '[1]'],
])('refuses %s=%s', (key, value) => {
  expect(() => consumerSettings({ ...environment, [key]: value })).toThrow(`${key}`);
});

/** Settings of a stage: defaults, bounds, nothing unknown. */
import { describe, expect, it } from 'vitest';
import { OwnEnvironment } from '../../lambdas/contract/env.ts';
import { ownReservations, ownReservedConcurrency, presets, StageSettings } from '../../lambdas/contract/settings.ts';
import { parseEnvironment } from '../../lambdas/framework/environment.ts';

const isValid = (settings: Record<string, unknown>) => StageSettings.safeParse(settings).success;

describe('settings of a stage', () => {
  it('all have defaults', () => {
    expect(StageSettings.parse({})).toEqual({
      stage: 'dev',
      prefix: 'sluice-dev',
      controlPlaneBudgetPerSecond: 10,
      sweepPeriodMinutes: 15,
      logLevel: 'INFO',
      logRetentionDays: 30,
      deletionProtection: false,
      pipelinesOnDestroy: 'drain',
      dataOnDestroy: 'retain',
      codeStorage: 'reference',
      drainLookSeconds: 90,
      reconcileAttempts: 7,
      reconcilers: { changes: expect.any(Number), rollouts: expect.any(Number), sweeps: expect.any(Number) },
      reserveOwnConcurrency: true,
      permits: {},
      deadLetterPeriodMinutes: 60,
      maxTasksPerRequest: 1_000,
      maxParallelJobsPerGroup: 2,
      maxParallelJobs: 20,
      asyncProcessing: true,
      maxConcurrentSends: 100,
      maxBatchSize: 500,
      maxOutstanding: 1_000,
      functions: [],
      inputBuckets: [],
      webhookHosts: [],
      webhookPrivateAddresses: false,
      jobRetentionDays: 30,
      maxWaits: 20,
      validateJobs: true,
      retryJobs: true,
      notifyJobs: true,
      leaseSeconds: 300,
    });
  });

  it.each(Object.entries(presets))('the preset %s is within bounds', (preset, values) => {
    expect(StageSettings.parse({ preset, ...values })).toMatchObject(values);
  });

  it('take the prefix from the stage unless it is given', () => {
    expect(StageSettings.parse({ stage: 'prod' }).prefix).toBe('sluice-prod');
    expect(StageSettings.parse({ stage: 'prod', prefix: 'acme' }).prefix).toBe('acme');
  });

  it('come through the environment unchanged', () => {
    const settings = StageSettings.parse({ stage: 'prod', reconcilers: { changes: 9 } });
    expect(StageSettings.parse(JSON.parse(JSON.stringify(settings)))).toEqual(settings);
  });

  it.each<[string, unknown[], unknown[]]>([
    ['stage', ['a', 'a1', 'a'.repeat(12)], ['', 'A', '1a', 'a-b', 'a'.repeat(13)]],
    ['prefix', ['ab', 'a-b', 'a'.repeat(20)], ['a', 'a-', '-a', 'A', '1a', 'a_b', 'a'.repeat(21)]],
    ['controlPlaneBudgetPerSecond', [1, 2.5, 15], [0, 0.9, 15.1, '10']],
    ['sweepPeriodMinutes', [1, 1_440], [0, 1_441, 1.5]],
    ['logLevel', ['DEBUG', 'ERROR'], ['debug', 'TRACE']],
    ['logRetentionDays', [1, 30, 3_653], [0, 2, 31]],
    ['drainLookSeconds', [1, 900], [0, 901]],
    ['reconcileAttempts', [1, 20], [0, 21]],
    ['reconcilers', [{}, { changes: 2 }, { sweeps: 50 }], [{ changes: 1 }, { rollouts: 51 }, { other: 2 }]],
    [
      'permits',
      [{}, { gpu: 0 }, { gpu: 1_000, 'A1_.-': 1 }, { ['a'.repeat(64)]: 1 }],
      [
        { gpu: -1 },
        { gpu: 1_001 },
        { gpu: 1.5 },
        { gpu: '1' },
        { '': 1 },
        { '1': 1 },
        { 'a b': 1 },
        { 'a#b': 1 },
        { ['a'.repeat(65)]: 1 },
        ['gpu'],
        'gpu',
      ],
    ],
    ['deadLetterPeriodMinutes', [1, 1_440], [0, 1_441, 1.5]],
    ['pipelinesOnDestroy', ['drain', 'discard'], ['keep']],
    ['dataOnDestroy', ['retain', 'delete'], ['keep']],
    ['codeStorage', ['reference', 'copy'], ['zip']],
    ['deletionProtection', [true], ['true']],
    ['alarmTopicArn', ['arn:aws:sns:eu-west-1:123456789012:alarms'], ['alarms']],
    ['preset', ['dev', 'prod', 'high-performance'], ['production', '']],
    ['maxTasksPerRequest', [1, 10_000], [0, 10_001, 1.5]],
    ['maxParallelJobsPerGroup', [1, 100], [0, 101]],
    ['maxParallelJobs', [1, 1_000], [0, 1_001]],
    ['asyncProcessing', [true, false], ['true', 1]],
    ['maxConcurrentSends', [1, 1_000], [0, 1_001]],
    ['maxBatchSize', [1, 10_000], [0, 10_001]],
    ['maxOutstanding', [1, 1_000], [0, 1_001]],
    [
      'functions',
      [[], ['a', 'a:live', 'arn:aws:lambda:eu-west-1:123456789012:function:a'], Array(100).fill('a')],
      ['a', ['a b'], [''], Array(101).fill('a')],
    ],
    ['defaultFunction', ['a', 'a:$LATEST'], ['a b', '']],
    ['apiBaseUrl', ['https://a.example.com', 'http://localhost:4566/x'], ['a.example.com', 'ftp://a.example.com']],
    ['inputBuckets', [[], ['abc'], Array(20).fill('abc')], ['abc', ['ab'], ['a'.repeat(64)], Array(21).fill('abc')]],
    [
      'webhookHosts',
      [[], ['a.example.com', '*.example.com', 'localhost:8443']],
      [['A.example.com'], ['https://a.example.com'], ['a.example.com/x'], ['*']],
    ],
    ['webhookPrivateAddresses', [true], ['true']],
    ['jobRetentionDays', [1, 365], [0, 366, 1.5]],
    ['maxWaits', [1, 500], [0, 501]],
    ['validateJobs', [true, false], ['true', 1]],
    ['retryJobs', [true, false], ['true', 1]],
    ['notifyJobs', [true, false], ['true', 1]],
    ['leaseSeconds', [3, 3_600], [2, 3_601, 4.5]],
    ['bodySchema', [{}, { type: 'object', required: ['a'] }], [[], 'object', { type: 'thing' }, { not: { type: 'null' }, if: {} }]],
    ['validatorFunction', ['a', 'a:$LATEST'], ['a b', '']],
    ['maxInputBytes', [0, 50 * 1_099_511_627_776], [-1, 1.5, 50 * 1_099_511_627_776 + 1]],
    ['unknown', [], [1]],
  ])('%s', (name, valid, invalid) => {
    for (const value of valid) expect.soft(isValid({ [name]: value }), `${name}: ${JSON.stringify(value)}`).toBe(true);
    for (const value of invalid) expect.soft(isValid({ [name]: value }), `${name}: ${JSON.stringify(value)}`).toBe(false);
  });

  it('reserve concurrency for our own functions, or none', () => {
    const settings = StageSettings.parse({ reconcilers: { changes: 5, rollouts: 4, sweeps: 3 } });
    expect(ownReservations(settings).pipelineReconciler).toBe(12);
    expect(ownReservedConcurrency(settings)).toBe(Object.values(ownReservations(settings)).reduce((sum, one) => sum + one, 0));
    expect(ownReservedConcurrency({ ...settings, reserveOwnConcurrency: false })).toBe(0);
  });
});

describe('the environment of our functions', () => {
  const names = [
    'SLUICE_CONFIG_TABLE',
    'SLUICE_PIPELINES_TABLE',
    'SLUICE_RELEASES_TABLE',
    'SLUICE_CONTROL_TABLE',
    'SLUICE_TASKS_TABLE',
    'SLUICE_DATA_BUCKET',
    'SLUICE_CODE_BUCKET',
    'SLUICE_CONSUMER_ROLE_ARN',
    'SLUICE_CONSUMER_LOG_GROUP',
  ];
  const queues = ['CHANGES', 'ROLLOUTS', 'SWEEPS', 'REPORTS', 'PLACING'].map((name) => `SLUICE_${name}_QUEUE_URL`);
  const environment = {
    ...Object.fromEntries(names.map((name) => [name, 'x'])),
    ...Object.fromEntries(queues.map((name) => [name, 'https://sqs/queue'])),
    SLUICE_SETTINGS: '{}',
    AWS_REGION: 'eu-west-1',
  };

  it('is parsed once, settings and all', () => {
    expect(parseEnvironment(OwnEnvironment, environment).SLUICE_SETTINGS.prefix).toBe('sluice-dev');
  });

  it('says every key that is wrong', () => {
    const wrong = { ...environment, SLUICE_CODE_BUCKET: undefined, SLUICE_SWEEPS_QUEUE_URL: 'sweeps' };
    expect(() => parseEnvironment(OwnEnvironment, wrong)).toThrow(/SLUICE_SWEEPS_QUEUE_URL.*SLUICE_CODE_BUCKET/);
  });

  it.each(['{', '', 'null', '{"stage":"A"}'])('says that the settings %j are wrong', (SLUICE_SETTINGS) => {
    expect(() => parseEnvironment(OwnEnvironment, { ...environment, SLUICE_SETTINGS })).toThrow(/^environment: SLUICE_SETTINGS/);
  });
});

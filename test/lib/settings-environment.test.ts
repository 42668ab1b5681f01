/** Where settings come from, and what goes over what: default, preset, context, environment; a .env file under the shell. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settingFacts } from '../../lambdas/contract/setting-facts.ts';
import { presets, StageSettings } from '../../lambdas/contract/settings.ts';
import { readSettings } from '../../lib/settings.ts';
import { settingsEnvironment } from '../../lib/settings-environment.ts';

type Texts = Record<string, string>;
const read = (environment: Texts, context: Texts = {}) => readSettings(new App({ context }).node, environment);

it('has a variable for every setting: plain ones for the job service, SLUICE_… for what was there before', () => {
  expect(Object.keys(settingFacts).toSorted()).toEqual(Object.keys(StageSettings.in.shape).toSorted());
  const variables = Object.values(settingFacts).map(({ variable }) => variable);
  expect(new Set(variables).size).toBe(variables.length);
  expect(variables).toEqual(
    expect.arrayContaining([
      'MAX_TASKS_PER_REQUEST',
      'MAX_PARALLEL_JOBS_PER_GROUP',
      'MAX_PARALLEL_JOBS',
      'ASYNC_PROCESSING',
      'LAMBDA_FUNCTION_NAME',
      'API_BASE_URL',
      'JOB_RETENTION_DAYS',
    ]),
  );
});

describe('a variable', () => {
  it.each<[string, Texts, object]>([
    ['a number', { MAX_PARALLEL_JOBS: '7' }, { maxParallelJobs: 7 }],
    ['a boolean', { ASYNC_PROCESSING: 'false' }, { asyncProcessing: false }],
    ['a boolean as Python writes it', { ASYNC_PROCESSING: 'False' }, { asyncProcessing: false }],
    ['a text', { LAMBDA_FUNCTION_NAME: 'worker' }, { defaultFunction: 'worker' }],
    ['a text of digits', { LAMBDA_FUNCTION_NAME: '007' }, { defaultFunction: '007' }],
    [
      'a list with commas',
      { FUNCTIONS: 'a, b,arn:aws:lambda:eu-west-1:123456789012:function:c:live' },
      { functions: expect.arrayContaining(['a', 'b']) },
    ],
    ['a list of one', { INPUT_BUCKETS: 'incoming' }, { inputBuckets: ['incoming'] }],
    ['a list as JSON', { WEBHOOK_HOSTS: '["hooks.example.com"]' }, { webhookHosts: ['hooks.example.com'] }],
    ['an object as JSON', { SLUICE_RECONCILERS: '{"changes": 8}' }, { reconcilers: { changes: 8, rollouts: 3, sweeps: 2 } }],
    ['an address', { API_BASE_URL: 'https://jobs.example.com/v1' }, { apiBaseUrl: 'https://jobs.example.com/v1' }],
    ['an empty one, which is none', { MAX_PARALLEL_JOBS: '', SLUICE_STAGE: '' }, { maxParallelJobs: 20, stage: 'dev' }],
    ['a stray one of somebody else’s', { STAGE: 'prod', PREFIX: 'x', LOG_LEVEL: 'LOUD' }, { stage: 'dev', prefix: 'sluice-dev' }],
  ])('%s', (_name, environment, expected) => {
    expect(read(environment).settings).toMatchObject(expected);
  });

  it.each<[string, Texts, string]>([
    ['out of bounds', { MAX_PARALLEL_JOBS: '0' }, 'MAX_PARALLEL_JOBS: Too small: expected number to be >=1 (got "0")'],
    ['not a boolean', { ASYNC_PROCESSING: 'yes' }, 'ASYNC_PROCESSING: Invalid input: expected boolean, received string (got "yes")'],
    ['no such preset', { PRESET: 'large' }, 'PRESET: Invalid option: expected one of "dev"|"prod"|"high-performance" (got "large")'],
    ['one of a list', { FUNCTIONS: 'good,b a d' }, 'FUNCTIONS.1: must be the name or ARN of a Lambda function (got "b a d")'],
    ['no address', { API_BASE_URL: 'ftp://x' }, 'API_BASE_URL: Invalid URL (got "ftp://x")'],
    ['of the stage', { SLUICE_STAGE: 'PROD' }, 'SLUICE_STAGE: must be 1-12 lower-case letters and digits, a letter first (got "PROD")'],
    [
      'of a host',
      { WEBHOOK_HOSTS: 'https://x.com' },
      'WEBHOOK_HOSTS.0: must be a host in lower case, like hooks.example.com or *.example.com (got "https://x.com")',
    ],
  ])('that is wrong is refused by its name: %s', (_name, environment, sentence) => {
    expect(() => read(environment)).toThrow(`The settings of this stage are wrong:\n  ${sentence}`);
  });
});

describe('default, preset, context, environment', () => {
  const preset = { PRESET: 'high-performance' };

  it.each(Object.entries(presets))('%s sets what it sets', (name, values) => {
    expect(read({ PRESET: name }).settings).toMatchObject(values);
    expect(read({}, { 'sluice:preset': name }).settings).toMatchObject(values);
  });

  it('without a preset a group runs 2 jobs, and a request may carry 1,000 tasks', () => {
    expect(read({}).settings).toMatchObject({ maxParallelJobsPerGroup: 2, maxTasksPerRequest: 1_000 });
  });

  it.each<[string, Texts, Texts, number, string | undefined]>([
    ['the default', {}, {}, 1_000, undefined],
    ['the preset', preset, {}, 2_000, 'preset'],
    ['context over the preset', preset, { 'sluice:maxTasksPerRequest': '50' }, 50, 'context'],
    ['a variable over context', { ...preset, MAX_TASKS_PER_REQUEST: '60' }, { 'sluice:maxTasksPerRequest': '50' }, 60, 'environment'],
    ['a variable with the default’s value', { MAX_TASKS_PER_REQUEST: '1000' }, {}, 1_000, 'environment'],
    ['a variable over wrong context', { MAX_TASKS_PER_REQUEST: '60' }, { 'sluice:maxTasksPerRequest': 'many' }, 60, 'environment'],
  ])('%s', (_name, environment, context, value, source) => {
    const { settings, sources } = read(environment, context);
    expect([settings.maxTasksPerRequest, sources['maxTasksPerRequest']]).toEqual([value, source]);
  });

  it('a preset of the environment goes over one of context', () => {
    expect(read({ PRESET: 'prod' }, { 'sluice:preset': 'dev' })).toMatchObject({
      settings: { maxParallelJobsPerGroup: 4 },
      sources: { preset: 'environment', maxParallelJobsPerGroup: 'preset' },
    });
  });
});

describe('the .env file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-env-'));
  const other = join(folder, 'prod.env');
  beforeAll(() => {
    writeFileSync(join(folder, '.env'), '# ours\nMAX_PARALLEL_JOBS=3\nMAX_WAITS=4\nSLUICE_RECONCILERS={"changes": 6}\n');
    writeFileSync(other, 'MAX_PARALLEL_JOBS=5\n');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is read, and the shell goes over it', () => {
    const { settings } = read(settingsEnvironment({ MAX_WAITS: '9' }, folder) as Texts);
    expect(settings).toMatchObject({ maxParallelJobs: 3, maxWaits: 9, reconcilers: { changes: 6 } });
  });

  it('may be taken back by an empty variable', () => {
    expect(read(settingsEnvironment({ MAX_PARALLEL_JOBS: '' }, folder) as Texts).settings.maxParallelJobs).toBe(20);
  });

  it('need not be there', () => expect(settingsEnvironment({ A: 'b' }, join(folder, 'none'))).toEqual({ A: 'b' }));
  it('may be another one', () => expect(settingsEnvironment({ SLUICE_ENV_FILE: other }, folder)).toMatchObject({ MAX_PARALLEL_JOBS: '5' }));
  it('may be none', () => expect(settingsEnvironment({ SLUICE_ENV_FILE: '' }, folder)).toEqual({ SLUICE_ENV_FILE: '' }));
  it('that was named must be there', () => {
    expect(() => settingsEnvironment({ SLUICE_ENV_FILE: `${other}x` }, folder)).toThrow(`SLUICE_ENV_FILE: there is no file ${other}x`);
  });
});

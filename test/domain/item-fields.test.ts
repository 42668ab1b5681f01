/** Every field of the config item: what it takes at its bounds, and not beyond them. */
import { describe, expect, it } from 'vitest';
import { effectiveItem } from '../../lambdas/domain/effective-item.ts';
import { problems, type RawItem, stage } from './builders.ts';

const sluice: RawItem = { consumer: 'sluice' };
const pool: RawItem = { ...sluice, pool: { capacity: { maxJobs: 5 } } };
const labels = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, 'x']));
const quantities = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`q${i}`, 1]));
const arn = (resource: string) => `arn:aws:lambda:eu-west-1:123456789012:layer:${resource}`;
const subnets = (count: number) => Array.from({ length: count }, (_, i) => `subnet-${i}`);
const vpc = (subnetIds: unknown, securityGroupIds: unknown = ['sg-1']) => ({ subnetIds, securityGroupIds });

interface Field {
  path: string;
  valid: unknown[];
  invalid: unknown[];
  /** What the rest of the item must be for the field to be judged alone. */
  beside?: RawItem;
}

const wrongNumbers = [-1, 1.5, '1', true, null, Number.NaN, Number.POSITIVE_INFINITY, [1], {}, 10n];

const fields: Field[] = [
  { path: 'concurrency', valid: [1, 1_000], invalid: [0, 1_001, ...wrongNumbers] },
  { path: 'reserve', valid: [true, false], invalid: ['true', 0, null] },
  { path: 'ratePerSecond', valid: [0.2, 1, 50], invalid: [0, -1, '1', Number.POSITIVE_INFINITY, Number.NaN, null], beside: sluice },
  { path: 'consumer', valid: ['plain', 'sluice'], invalid: ['Plain', '', null, 1] },
  { path: 'code.key', valid: ['a', 'teams/a/consumer.zip', 'x'.repeat(1_024)], invalid: ['', 'x'.repeat(1_025), 1] },
  { path: 'code.version', valid: ['a', 'x'.repeat(1_024)], invalid: ['', 'x'.repeat(1_025), 1] },
  {
    path: 'function.runtime',
    valid: ['nodejs24.x', 'python3.13', 'provided.al2023', 'java8.al2', 'dotnet8'],
    invalid: ['', 'Node', 'node js', 1],
  },
  { path: 'function.handler', valid: ['index.handler', 'a/b.c', 'x'.repeat(128)], invalid: ['', 'a b', 'x'.repeat(129), 1] },
  { path: 'function.memorySize', valid: [128, 10_240], invalid: [127, 10_241, ...wrongNumbers] },
  { path: 'function.timeout', valid: [1, 900], invalid: [0, 901, ...wrongNumbers] },
  { path: 'function.architecture', valid: ['arm64', 'x86_64'], invalid: ['arm', 'x86', ['arm64']] },
  {
    path: 'function.environment',
    valid: [{}, { AB: '' }, { a_1: 'x' }, { toString: 'x' }],
    invalid: [
      { A: '' },
      { '1A': '' },
      { 'A-B': '' },
      { _AB: '' },
      { SLUICE_X: '' },
      { AWS_REGION: '' },
      { LAMBDA_TASK_ROOT: '' },
      { AB: 1 },
      { AB: null },
      [],
      'AB=1',
    ],
  },
  {
    path: 'function.layers',
    valid: [[], [arn('a:1')], Array.from({ length: 5 }, () => arn('a:1'))],
    invalid: [[arn('a')], ['a:1'], Array.from({ length: 6 }, () => arn('a:1')), arn('a:1')],
  },
  {
    path: 'function.vpc',
    valid: [vpc(subnets(1)), vpc(subnets(16)), vpc(subnets(1), ['sg-1', 'sg-2', 'sg-3', 'sg-4', 'sg-5'])],
    invalid: [
      vpc([]),
      vpc(subnets(17)),
      vpc(subnets(1), []),
      vpc(
        subnets(1),
        Array.from({ length: 6 }, () => 'sg-1'),
      ),
      vpc(['vpc-1']),
      vpc(subnets(1), ['1']),
      { subnetIds: subnets(1) },
      'vpc-1',
    ],
  },
  { path: 'function.ephemeralStorage', valid: [512, 10_240], invalid: [511, 10_241, ...wrongNumbers] },
  { path: 'function.tracing', valid: ['Active', 'PassThrough'], invalid: ['active', true] },
  {
    path: 'function.role',
    valid: ['arn:aws:iam::123456789012:role/sluice-test/special', 'arn:aws:iam::123456789012:role/sluice-test/team/special'],
    invalid: [
      'special',
      'arn:aws:iam::123456789012:role/special',
      'arn:aws:iam::123456789012:role/other/sluice-test/special',
      'arn:aws:iam::123456789012:role/sluice-testing/special',
      'arn:aws:iam::123456789012:user/sluice-test/special',
    ],
  },
  {
    path: 'secrets',
    valid: [{}, { API_KEY: 'ssm:/sluice-test/api-key' }, { API_KEY: 'secretsmanager:sluice-test/api-key' }],
    invalid: [
      { API_KEY: 'hunter2' },
      { API_KEY: 'ssm:/sluice-test/' },
      { API_KEY: 'ssm:/sluice-testing/api-key' },
      { API_KEY: 'ssm:/other/sluice-test/api-key' },
      { API_KEY: 'ssm:sluice-test/api-key' },
      { API_KEY: 'secretsmanager:/sluice-test/api-key' },
      { API_KEY: 'secretsmanager:arn:aws:secretsmanager:eu-west-1:123456789012:secret:sluice-test/api-key' },
      { 'API KEY': 'ssm:/sluice-test/api-key' },
      { SLUICE_KEY: 'ssm:/sluice-test/api-key' },
      { API_KEY: 1 },
      [],
    ],
  },
  { path: 'queue.visibilityTimeout', valid: [30, 43_200], invalid: [29, 43_201, ...wrongNumbers] },
  { path: 'queue.messageRetention', valid: [60, 1_209_600], invalid: [59, 1_209_601, ...wrongNumbers] },
  { path: 'queue.maxReceiveCount', valid: [1, 1_000], invalid: [0, 1_001, ...wrongNumbers] },
  { path: 'queue.delay', valid: [0, 900], invalid: [901, ...wrongNumbers] },
  { path: 'queue.fifo', valid: [true, false], invalid: ['true', 1] },
  { path: 'batch.size', valid: [1, 10_000], invalid: [0, 10_001, ...wrongNumbers], beside: { batch: { window: 1 } } },
  { path: 'batch.window', valid: [0, 300], invalid: [301, ...wrongNumbers] },
  { path: 'retry.maxRetries', valid: [0, 100], invalid: [101, ...wrongNumbers] },
  { path: 'retry.baseSeconds', valid: [1, 43_200], invalid: [0, 43_201, ...wrongNumbers], beside: { retry: { capSeconds: 43_200 } } },
  { path: 'retry.capSeconds', valid: [2, 43_200], invalid: [0, 43_201, ...wrongNumbers] },
  {
    path: 'tags',
    valid: [{}, { team: '' }, { 'a b:c/d=e+f-g@h.i_j': 'x'.repeat(256) }, { ['x'.repeat(128)]: 'é' }, { constructor: 'x' }],
    invalid: [
      { '': 'x' },
      { ['x'.repeat(129)]: '' },
      { team: 'x'.repeat(257) },
      { 'a%': '' },
      { team: 'a,b' },
      { 'aws:team': '' },
      { 'AWS:team': '' },
      { 'sluice:team': '' },
      { team: 1 },
      [],
    ],
  },
  { path: 'paused', valid: [true, false], invalid: ['no', 0] },
  { path: 'onDelete', valid: ['drain', 'discard'], invalid: ['keep', true] },
  {
    path: 'pool.labels',
    valid: [{}, { os: 'linux', 'a/b.c-d_e': 'x'.repeat(255) }, { constructor: 'x' }],
    invalid: [
      { '': 'x' },
      { _a: 'x' },
      { 'a b': 'x' },
      { ['x'.repeat(64)]: 'x' },
      { os: '' },
      { os: 'x'.repeat(256) },
      { os: 1 },
      labels(21),
      [],
    ],
    beside: pool,
  },
  { path: 'pool.capacity.maxJobs', valid: [1, 10_000], invalid: [0, 10_001, ...wrongNumbers], beside: sluice },
  {
    path: 'pool.capacity.quantities',
    valid: [{}, { cpu: 0.5, memoryMiB: 1e12, gpu: 0 }],
    invalid: [{ cpu: -1 }, { cpu: 1e13 }, { cpu: '4' }, { '1cpu': 1 }, { 'c-p-u': 1 }, quantities(11), []],
    beside: { ...sluice, pool: { capacity: { maxJobs: 1 } } },
  },
  { path: 'pool.costPerHour', valid: [0, 0.25, 1e9], invalid: [-1, 1e10, '1', null], beside: pool },
  {
    path: 'pool.locality.prefixes',
    valid: [[], ['data'], ['data/acme/2026/'], Array.from({ length: 50 }, () => 'data')],
    invalid: [['da'], ['Data'], ['s3://data'], ['/data'], Array.from({ length: 51 }, () => 'data'), 'data'],
    beside: pool,
  },
  {
    path: 'pool.locality.regions',
    valid: [['us-west-2', 'us-gov-east-1']],
    invalid: [['us-west'], ['us-west-2a'], 'us-west-2'],
    beside: pool,
  },
  { path: 'pool.locality.zones', valid: [['us-west-2a']], invalid: [['us-west-2'], 'us-west-2a'], beside: pool },
  { path: 'pool.open', valid: [true, false], invalid: ['yes', 0], beside: pool },
  { path: 'expiresAt', valid: [0, 1_900_000_000], invalid: ['2030-01-01', ...wrongNumbers] },
  {
    path: 'taskGroup',
    valid: ['x', 'x'.repeat(255), '日本 / ?', '*limitsacme', 'limits'],
    invalid: ['', 'x'.repeat(256), '*limits', '*limits/acme', 1, null],
  },
];

function withField({ path, beside = {} }: Field, value: unknown): RawItem {
  return merged(beside, path.split('.'), value);
}

/** `item` with the field in its place, whatever stands beside it there. */
function merged(item: RawItem, [name = '', ...rest]: string[], value: unknown): RawItem {
  const inner = item[name];
  return { ...item, [name]: rest.length === 0 ? value : merged(isMap(inner) ? inner : {}, rest, value) };
}

const isMap = (value: unknown): value is RawItem => value !== null && typeof value === 'object' && !Array.isArray(value);
const told = (value: unknown) => (typeof value === 'bigint' ? String(value) : JSON.stringify(value)).slice(0, 60);

describe('a field of the config item', () => {
  describe.each(fields)('$path', (field) => {
    it.each(field.valid.map((value) => [told(value), value]))('takes %s', (_text, value) =>
      expect(problems(withField(field, value))).toEqual([]),
    );

    it.each(field.invalid.map((value) => [told(value), value]))('refuses %s and says where', (_text, value) => {
      const found = problems(withField(field, value));
      expect(found.length).toBeGreaterThan(0);
      for (const problem of found) expect(problem.startsWith(field.path)).toBe(true);
    });
  });
});

describe('the config item', () => {
  it('needs a concurrency, its own or inherited', () => {
    expect(problems({ concurrency: undefined })).toEqual(['concurrency: is required, a whole number from 1 to 1000']);
    expect(problems({ concurrency: undefined }, { concurrency: 3 })).toEqual([]);
  });

  it.each([null, 'item', 1, [], {}, undefined])('is not %j', (raw) => {
    expect(effectiveItem(raw, undefined, stage).valid).toBe(false);
  });
});

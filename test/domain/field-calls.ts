/**
 * Which calls a changed field costs, in their order: the promise of docs/config-item.md, checked by field-calls.test.ts.
 * `before` and `after` are config items without their `taskGroup` and `concurrency` (5), merged over those.
 */
import type { Action } from '../../lambdas/domain/actions.ts';

type ActionType = Action['type'];

export interface FieldCalls {
  field: string;
  /** What about it changes, where that decides. */
  change: string;
  before?: Record<string, unknown>;
  after: Record<string, unknown>;
  calls: readonly ActionType[];
}

const configuration: ActionType[] = ['updateFunctionConfiguration', 'awaitFunction'];
const code: ActionType[] = ['updateFunctionCode', 'awaitFunction'];
const queue: ActionType[] = ['setQueueAttributes'];
const mapping: ActionType[] = ['updateMapping'];
const sluice = { consumer: 'sluice' };
const rated = { ...sluice, ratePerSecond: 5 };

export const fieldCalls: readonly FieldCalls[] = [
  { field: 'concurrency', change: 'raised', after: { concurrency: 8 }, calls: ['putConcurrency', 'updateMapping'] },
  { field: 'concurrency', change: 'lowered', after: { concurrency: 3 }, calls: ['updateMapping', 'putConcurrency'] },
  { field: 'concurrency', change: 'between 1 and 2', before: { concurrency: 2 }, after: { concurrency: 1 }, calls: ['putConcurrency'] },
  {
    field: 'concurrency',
    change: 'with reserve: false',
    before: { reserve: false },
    after: { reserve: false, concurrency: 8 },
    calls: mapping,
  },
  {
    field: 'concurrency',
    change: 'raised, with ratePerSecond',
    before: rated,
    after: { ...rated, concurrency: 8 },
    calls: [...configuration, 'putConcurrency', 'updateMapping'],
  },
  { field: 'reserve', change: 'to false', after: { reserve: false }, calls: ['deleteConcurrency'] },
  { field: 'reserve', change: 'to true', before: { reserve: false }, after: {}, calls: ['putConcurrency'] },
  { field: 'ratePerSecond', change: 'any', before: rated, after: { ...rated, ratePerSecond: 2 }, calls: configuration },
  { field: 'ratePerSecond', change: 'set', before: sluice, after: rated, calls: configuration },
  {
    field: 'consumer',
    change: 'any; queue.maxReceiveCount has another default then',
    after: sluice,
    calls: ['setQueueAttributes', ...configuration],
  },
  { field: 'code.key', change: 'any', after: { code: { key: 'other.zip' } }, calls: code },
  { field: 'code.version', change: 'to another release', after: { code: { version: 'v2' } }, calls: code },
  { field: 'function.runtime', change: 'any', after: { function: { runtime: 'python3.13' } }, calls: configuration },
  { field: 'function.handler', change: 'any', after: { function: { handler: 'main.handle' } }, calls: configuration },
  { field: 'function.memorySize', change: 'any', after: { function: { memorySize: 512 } }, calls: configuration },
  {
    field: 'function.timeout',
    change: 'raised; queue.visibilityTimeout follows by default',
    after: { function: { timeout: 60 } },
    calls: ['setQueueAttributes', ...configuration],
  },
  {
    field: 'function.timeout',
    change: 'lowered; queue.visibilityTimeout follows by default',
    after: { function: { timeout: 10 } },
    calls: [...configuration, 'setQueueAttributes'],
  },
  {
    field: 'function.timeout',
    change: 'with queue.visibilityTimeout set',
    before: { queue: { visibilityTimeout: 600 } },
    after: { queue: { visibilityTimeout: 600 }, function: { timeout: 60 } },
    calls: configuration,
  },
  { field: 'function.architecture', change: 'any', after: { function: { architecture: 'x86_64' } }, calls: code },
  { field: 'function.environment', change: 'any', after: { function: { environment: { LEVEL: 'debug' } } }, calls: configuration },
  {
    field: 'function.layers',
    change: 'any',
    after: { function: { layers: ['arn:aws:lambda:eu-west-1:123456789012:layer:base:1'] } },
    calls: configuration,
  },
  {
    field: 'function.vpc',
    change: 'any',
    after: { function: { vpc: { subnetIds: ['subnet-1'], securityGroupIds: ['sg-1'] } } },
    calls: configuration,
  },
  { field: 'function.ephemeralStorage', change: 'any', after: { function: { ephemeralStorage: 1_024 } }, calls: configuration },
  { field: 'function.tracing', change: 'any', after: { function: { tracing: 'Active' } }, calls: configuration },
  {
    field: 'function.role',
    change: 'any',
    after: { function: { role: 'arn:aws:iam::123456789012:role/sluice-test/special' } },
    calls: configuration,
  },
  { field: 'secrets', change: 'any', after: { secrets: { API_KEY: 'ssm:/sluice-test/api-key' } }, calls: configuration },
  { field: 'queue.visibilityTimeout', change: 'raised', after: { queue: { visibilityTimeout: 600 } }, calls: queue },
  { field: 'queue.visibilityTimeout', change: 'lowered', after: { queue: { visibilityTimeout: 90 } }, calls: queue },
  { field: 'queue.messageRetention', change: 'any', after: { queue: { messageRetention: 86_400 } }, calls: queue },
  { field: 'queue.maxReceiveCount', change: 'any', after: { queue: { maxReceiveCount: 20 } }, calls: queue },
  {
    field: 'queue.maxReceiveCount',
    change: 'with consumer: sluice',
    before: sluice,
    after: { ...sluice, queue: { maxReceiveCount: 20 } },
    calls: [...queue, ...configuration],
  },
  { field: 'queue.delay', change: 'any', after: { queue: { delay: 10 } }, calls: queue },
  { field: 'batch.size', change: 'any', after: { batch: { size: 10 } }, calls: mapping },
  {
    field: 'batch.size',
    change: 'with ratePerSecond',
    before: rated,
    after: { ...rated, batch: { size: 2 } },
    calls: [...configuration, 'updateMapping'],
  },
  {
    field: 'batch.window',
    change: 'any; queue.visibilityTimeout follows by default',
    after: { batch: { window: 5 } },
    calls: ['setQueueAttributes', 'updateMapping'],
  },
  {
    field: 'retry.maxRetries',
    change: 'with consumer: sluice',
    before: sluice,
    after: { ...sluice, retry: { maxRetries: 5 } },
    calls: configuration,
  },
  {
    field: 'retry.baseSeconds',
    change: 'with consumer: sluice',
    before: sluice,
    after: { ...sluice, retry: { baseSeconds: 5 } },
    calls: configuration,
  },
  {
    field: 'retry.capSeconds',
    change: 'with consumer: sluice',
    before: sluice,
    after: { ...sluice, retry: { capSeconds: 60 } },
    calls: configuration,
  },
  { field: 'retry', change: 'with consumer: plain', after: { retry: { maxRetries: 5 } }, calls: [] },
  { field: 'tags', change: 'added or changed', after: { tags: { team: 'a' } }, calls: ['tagQueue', 'tagQueue', 'tagFunction'] },
  { field: 'tags', change: 'removed', before: { tags: { team: 'a' } }, after: {}, calls: ['untagQueue', 'untagQueue', 'untagFunction'] },
  { field: 'paused', change: 'to true', after: { paused: true }, calls: mapping },
  { field: 'paused', change: 'to false', before: { paused: true }, after: {}, calls: mapping },
  { field: 'pool', change: 'set', before: sluice, after: { ...sluice, pool: { capacity: { maxJobs: 5 } } }, calls: [] },
  { field: 'onDelete', change: 'any', after: { onDelete: 'discard' }, calls: [] },
  { field: 'expiresAt', change: 'any', after: { expiresAt: 4_000_000_000 }, calls: [] },
  {
    field: 'queue.fifo',
    change: 'any; the mapping moves once the old queue is drained',
    after: { queue: { fifo: true } },
    calls: ['createQueue', 'createQueue', ...configuration],
  },
];

/** The calls that make a pipeline where there is none. */
export const creationCalls: readonly ActionType[] = [
  'createQueue',
  'createQueue',
  'createFunction',
  'awaitFunction',
  'putConcurrency',
  'proveFunction',
  'createMapping',
];

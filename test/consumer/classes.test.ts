/** What becomes of a task by what it threw. */
import { describe, expect, it } from 'vitest';
import {
  ConfigurationError,
  type ConsumerOptions,
  DataError,
  defineConsumer,
  PermanentError,
  RateLimited,
  ResourceError,
  TaskError,
  TransientError,
} from '../../consumer/index.ts';
import { testConsumer } from '../../consumer/testing.ts';

const throwing = (error: unknown, options: Partial<ConsumerOptions> = {}) =>
  defineConsumer({
    ...options,
    task: () => {
      throw error;
    },
  });
const attemptOf = (error: unknown, options?: Partial<ConsumerOptions>) => testConsumer(throwing(error, options)).send({}).attempt();

describe.each([{}, { duplicates: false as const }])('with %o', (options) => {
  it.each([
    ['TRANSIENT', new TransientError('no')],
    ['RESOURCE', new ResourceError('no')],
    ['TRANSIENT', new TaskError('TRANSIENT', 'no')],
    ['TRANSIENT', new Error('no')],
    ['TRANSIENT', 'no'],
    ['TRANSIENT', undefined],
    ['TRANSIENT', Object.assign(new Error('no'), { statusCode: 503 })],
  ])('%s is tried again: %s', async (errorClass, error) => {
    const { outcome, logs } = await attemptOf(error, options);
    expect(outcome).toBe('retry');
    expect(logs).toContainEqual(expect.objectContaining({ class: errorClass }));
  });

  it.each([
    ['CONFIGURATION', new ConfigurationError('no')],
    ['DATA', new DataError('no')],
    ['PERMANENT', new PermanentError('no')],
    ['PERMANENT', new TaskError('PERMANENT', 'no')],
    ['PERMANENT', new TypeError('no')],
    ['CONFIGURATION', Object.assign(new Error('no'), { status: 401 })],
  ])('%s is dead at once: %s', async (errorClass, error) => {
    const { outcome, deadLetter } = await attemptOf(error, options);
    expect(outcome).toBe('dead');
    expect(deadLetter?.letter).toMatchObject({ class: errorClass, message: 'no', attempt: 1, history: [] });
  });
});

it('an error of another copy of the library keeps its class', async () => {
  class DataError extends Error {
    readonly class = 'DATA';
  }
  expect((await attemptOf(new DataError('no'))).deadLetter?.letter).toMatchObject({ class: 'DATA' });
});

describe("the author's classifier", () => {
  const classified = (classify: NonNullable<ConsumerOptions['classify']>) => attemptOf(new Error('no'), { classify });

  it('decides on errors that are not ours', async () => {
    expect((await classified(() => 'PERMANENT')).deadLetter?.letter).toMatchObject({ class: 'PERMANENT', message: 'no' });
  });

  it('may say that the target wants less', async () => {
    expect(await classified(() => new RateLimited(9))).toMatchObject({ outcome: 'back', delaySeconds: 9 });
  });

  it('leaves what it does not know to us', async () => {
    expect((await classified(() => undefined)).outcome).toBe('retry');
  });

  it('is not asked about errors of ours', async () => {
    expect((await attemptOf(new DataError('no'), { classify: () => 'TRANSIENT' })).outcome).toBe('dead');
  });

  it('that throws has nothing to say', async () => {
    const classify = () => {
      throw new Error('broken');
    };
    expect((await attemptOf(new Error('no'), { classify })).outcome).toBe('retry');
  });
});

const hostile: [string, unknown][] = [
  ['whose message is no text', Object.assign(new Error('x'), { message: { code: 7 } })],
  ['whose message is none', Object.assign(new Error('x'), { message: undefined })],
  ['whose stack is no text', Object.assign(new PermanentError('x'), { stack: 7 })],
  [
    'whose message throws',
    Object.defineProperty(new Error('x'), 'message', {
      get: () => {
        throw new Error('no message');
      },
    }),
  ],
  [
    'that is no error and a circle',
    (() => {
      const it = Object.create(null);
      it.self = it;
      return it;
    })(),
  ],
  ['that is a proxy of nothing', Proxy.revocable({}, {}).proxy],
];

it.each(hostile)('an error %s fails its own attempt only', async (_what, error) => {
  expect(['retry', 'dead']).toContain((await attemptOf(error)).outcome);
});

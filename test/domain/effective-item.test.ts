/** Defaults, and inheritance from the item `*`. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultsProblems, effectiveItem } from '../../lambdas/domain/effective-item.ts';
import { anyFields } from './arbitraries.ts';
import { item, problems, rawItem, stage } from './builders.ts';

describe('an item with nothing but what it needs', () => {
  it('has these defaults', () => {
    expect(item()).toEqual({
      taskGroup: 'customer A',
      concurrency: 5,
      reserve: true,
      consumer: 'plain',
      code: { key: 'consumer.zip' },
      function: {
        runtime: 'nodejs24.x',
        handler: 'index.handler',
        memorySize: 256,
        timeout: 30,
        architecture: 'arm64',
        environment: {},
        layers: [],
        ephemeralStorage: 512,
        tracing: 'PassThrough',
      },
      secrets: {},
      queue: { visibilityTimeout: 180, messageRetention: 1_209_600, maxReceiveCount: 10, delay: 0, fifo: false },
      batch: { size: 1, window: 0 },
      retry: { maxRetries: 3, baseSeconds: 2, capSeconds: 3_600 },
      tags: {},
      paused: false,
      onDelete: 'drain',
    });
  });

  it('has some that hang on others', () => {
    expect(item({ function: { timeout: 100 }, batch: { window: 20 } }).queue.visibilityTimeout).toBe(620);
    expect(item({ consumer: 'sluice' }).queue.maxReceiveCount).toBe(1_000);
    expect(item({ function: { timeout: 900 }, batch: { size: 100, window: 300 } }).queue.visibilityTimeout).toBe(5_700);
  });
});

describe('inheritance from the item *', () => {
  it('takes each field that the group does not set', () => {
    const effective = item(
      { function: { timeout: 60 }, tags: { team: 'own' } },
      { concurrency: 9, function: { timeout: 10, memorySize: 512 }, tags: { team: 'all', cost: '1' } },
    );
    expect(effective.concurrency).toBe(5);
    expect(effective.function).toMatchObject({ timeout: 60, memorySize: 512 });
    expect(effective.tags).toEqual({ team: 'own', cost: '1' });
  });

  it('takes lists whole', () => {
    const layer = (name: string) => `arn:aws:lambda:eu-west-1:123456789012:layer:${name}:1`;
    expect(item({ function: { layers: [layer('a')] } }, { function: { layers: [layer('b'), layer('c')] } }).function.layers).toEqual([
      layer('a'),
    ]);
    expect(item({ function: { layers: [] } }, { function: { layers: [layer('b')] } }).function.layers).toEqual([]);
  });

  it('lets false and 0 win over what is inherited', () => {
    const effective = item(
      { paused: false, reserve: false, queue: { delay: 0 }, retry: { maxRetries: 0 } },
      { paused: true, reserve: true, queue: { delay: 9 }, retry: { maxRetries: 9 } },
    );
    expect([effective.paused, effective.reserve, effective.queue.delay, effective.retry.maxRetries]).toEqual([false, false, 0, 0]);
  });

  it('counts for defaults that hang on others', () => {
    expect(item({}, { consumer: 'sluice', function: { timeout: 10 } }).queue).toMatchObject({
      maxReceiveCount: 1_000,
      visibilityTimeout: 60,
    });
  });

  it('counts for rules over several fields', () => {
    expect(problems({ batch: { size: 11 } }, { queue: { fifo: true } })).toContainEqual(
      expect.stringContaining('batch.size: at most 10 with queue.fifo'),
    );
  });

  it('takes keys that every object has', () => {
    expect(item({ tags: { a: '1' } }, { tags: { constructor: '2' } }).tags).toEqual({ a: '1', constructor: '2' });
    expect(item({ function: { environment: { AB: '' } } }, { function: { environment: { toString: 'x' } } }).function.environment).toEqual({
      AB: '',
      toString: 'x',
    });
  });

  it('leaves everything as it is where the defaults are those of Sluice', () => {
    fc.assert(
      fc.property(anyFields(), (fields) => {
        expect(item(fields, {})).toEqual(item(fields));
      }),
    );
  });

  it('gives the same for a field whether it is set or inherited', () => {
    fc.assert(
      fc.property(anyFields(), (fields) => {
        const inherited = effectiveItem({ taskGroup: 'customer A' }, { taskGroup: '*', ...fields }, stage);
        expect(inherited).toEqual(effectiveItem(rawItem(fields), undefined, stage));
      }),
    );
  });
});

describe('an invalid item *', () => {
  it('is told to every group, beside its own problems', () => {
    expect(problems({ paused: 'no' }, { concurrency: 0, colour: 'red' })).toEqual([
      expect.stringMatching(/^paused: /),
      expect.stringMatching(/^\* item: concurrency: /),
      '* item: colour: unknown field',
    ]);
  });

  it('may not expire', () => expect(problems({}, { expiresAt: 1_900_000_000 })).toEqual(['* item: expiresAt: unknown field']));

  it('tells its own problems', () => {
    expect(defaultsProblems({ taskGroup: '*', concurrency: 3 })).toEqual([]);
    expect(defaultsProblems({ taskGroup: '*', concurrency: 0, function: { environment: { AB: 1 } } })).toHaveLength(2);
  });
});

describe('whatever is written', () => {
  it('gets a verdict, never an exception', () => {
    const anything = fc.oneof(
      fc.anything({ withBigInt: true, withSet: true, withTypedArray: true, withDate: true, withMap: true }),
      fc.record({ taskGroup: fc.constant('a'), concurrency: fc.anything(), tags: fc.anything(), function: fc.anything() }),
    );
    fc.assert(
      fc.property(anything, anything, (own, defaults) => {
        const verdict = effectiveItem(own, defaults, stage);
        if (!verdict.valid) expect(verdict.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});

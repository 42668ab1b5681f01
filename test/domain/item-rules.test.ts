/** Rules over several fields, at and beyond where they turn; and what is allowed but probably not meant. */
import { describe, expect, it } from 'vitest';
import { consumerVariables, environmentBytes } from '../../lambdas/domain/consumer-environment.ts';
import { item, problems, type RawItem, stage, warnings } from './builders.ts';

const sluice = { consumer: 'sluice' };
/** `builders.ts` has a concurrency of 5. */
const pool = (maxJobs = 5): RawItem => ({ pool: { capacity: { maxJobs } } });
const tags = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`t${i}`, '']));

/** An environment that fills the rest of the 4 KB, and `over` bytes more. */
function filled(over: number, character = 'x'): RawItem {
  const empty = environmentBytes(consumerVariables(item({ function: { environment: { FILL: '' } } }), stage));
  const size = Math.floor((4_096 - empty + over) / Buffer.byteLength(character));
  return { function: { environment: { FILL: character.repeat(size) } } };
}

describe('rules over several fields', () => {
  it.each<[string, RawItem, string | undefined]>([
    ['reserve: false with 2', { reserve: false, concurrency: 2 }, undefined],
    ['reserve: false with 1', { reserve: false, concurrency: 1 }, 'concurrency: must be at least 2 with reserve: false'],
    ['a rate for a library consumer', { ...sluice, ratePerSecond: 5 }, undefined],
    ['a rate for a plain consumer', { ratePerSecond: 5 }, 'ratePerSecond: needs consumer: sluice'],
    ['a pool of a library consumer', { ...sluice, ...pool() }, undefined],
    ['a pool of a plain consumer', pool(), 'pool: needs consumer: sluice, as only our library knows leases'],
    ['a FIFO pool', { ...sluice, ...pool(), queue: { fifo: true } }, undefined],
    ['the highest rate', { ...sluice, concurrency: 1, ratePerSecond: 10 }, undefined],
    ['a rate above that', { ...sluice, concurrency: 1, ratePerSecond: 10.01 }, 'ratePerSecond: at most 10 '],
    ['the highest rate with a batch', { ...sluice, concurrency: 2, batch: { size: 5 }, ratePerSecond: 100 }, undefined],
    ['a rate above that', { ...sluice, concurrency: 2, batch: { size: 5 }, ratePerSecond: 101 }, 'ratePerSecond: at most 100 '],
    ['a hold that an invocation has time for', { ...sluice, concurrency: 13, ratePerSecond: 0.5 }, undefined],
    [
      'a hold that leaves none for its end',
      { ...sluice, concurrency: 27, ratePerSecond: 1 },
      'ratePerSecond: an invocation must last batch.size × concurrency / ratePerSecond = 27 s to hold it; of function.timeout, 30 s, it has 26 s',
    ],
    ['a hold that a longer timeout allows', { ...sluice, concurrency: 3, ratePerSecond: 0.1, function: { timeout: 34 } }, undefined],
    ['FIFO with a batch of 10', { queue: { fifo: true }, batch: { size: 10 } }, undefined],
    ['FIFO with a batch of 11', { queue: { fifo: true }, batch: { size: 11, window: 0 } }, 'batch.size: at most 10 with queue.fifo'],
    ['FIFO with a window', { queue: { fifo: true }, batch: { window: 1 } }, 'batch.window: must be 0 with queue.fifo'],
    ['a batch of 10 without a window', { batch: { size: 10 } }, undefined],
    ['a batch of 11 without a window', { batch: { size: 11 } }, 'batch.window: must be at least 1 with batch.size above 10'],
    ['a batch of 11 with a window', { batch: { size: 11, window: 1 } }, undefined],
    ['visibility at the timeout', { function: { timeout: 60 }, queue: { visibilityTimeout: 60 } }, undefined],
    [
      'visibility below the timeout',
      { function: { timeout: 60 }, queue: { visibilityTimeout: 59 } },
      'queue.visibilityTimeout: must be at least function.timeout, 60',
    ],
    ['a cap at the base', { ...sluice, retry: { baseSeconds: 60, capSeconds: 60 } }, undefined],
    [
      'a cap below the base',
      { ...sluice, retry: { baseSeconds: 60, capSeconds: 59 } },
      'retry.capSeconds: must be at least retry.baseSeconds, 60',
    ],
    [
      'a base above the default cap',
      { ...sluice, retry: { baseSeconds: 3_601 } },
      'retry.capSeconds: must be at least retry.baseSeconds, 3601',
    ],
    ['4 KB of environment', filled(0), undefined],
    ['a byte more', filled(1), "function.environment: 4097 bytes with Sluice's own keys, at most 4096"],
    ['4 KB counted in bytes, not characters', filled(2, 'é'), 'function.environment: '],
    ['quotes, which Lambda counts escaped', filled(-10, '"'), 'function.environment: '],
    ['48 tags and ours', { tags: tags(48) }, undefined],
    ['49 tags and ours', { tags: tags(49) }, "tags: 51 with Sluice's own, at most 50"],
  ])('%s', (_what, fields, expected) => {
    const found = problems(fields);
    if (expected === undefined) expect(found).toEqual([]);
    else expect(found).toContainEqual(expect.stringContaining(expected));
  });

  it('are told all at once', () => {
    const found = problems({ reserve: false, concurrency: 1, ratePerSecond: 1, batch: { size: 11 }, queue: { visibilityTimeout: 1 } });
    expect(found.map((problem) => problem.split(':')[0])).toEqual([
      'concurrency',
      'ratePerSecond',
      'batch.window',
      'queue.visibilityTimeout',
    ]);
  });

  it('never repeat where a secret is', () => {
    expect(problems({ secrets: { API_KEY: 'ssm:/other/hunter2' } }).join()).not.toContain('hunter2');
  });
});

describe('warnings', () => {
  it.each<[string, RawItem, string | undefined]>([
    ['nothing unusual', {}, undefined],
    [
      'a plain consumer with a batch',
      { batch: { size: 3 } },
      'batch.size: a plain consumer that runs the tasks of a batch side by side runs up to 15 at once, not 5',
    ],
    ['a library consumer with a batch', { ...sluice, batch: { size: 3 } }, undefined],
    ['retry of a plain consumer', { retry: { maxRetries: 1 } }, 'retry: has no effect'],
    ['retry of a library consumer', { ...sluice, retry: { maxRetries: 1 } }, undefined],
    ['visibility below what AWS asks', { queue: { visibilityTimeout: 179 } }, 'queue.visibilityTimeout: AWS asks for'],
    ['visibility as AWS asks', { queue: { visibilityTimeout: 180 } }, undefined],
    ['four receives', { queue: { maxReceiveCount: 4 } }, 'queue.maxReceiveCount: below 5'],
    ['five receives', { queue: { maxReceiveCount: 5 } }, undefined],
    ['a pool of as many jobs as may run', { ...sluice, ...pool() }, undefined],
    ['a pool of fewer jobs', { ...sluice, ...pool(4) }, 'concurrency: at most 4 jobs are on the pool at once'],
    ['a pool of more jobs', { ...sluice, ...pool(6) }, 'pool.capacity.maxJobs: unless their work goes on outside (ctx.pending), 5 of 6'],
    ['a pool with a batch', { ...sluice, ...pool(), batch: { size: 2 } }, 'batch.size: jobs of a batch run one after the other'],
    ['a pool with a delay', { ...sluice, ...pool(), queue: { delay: 9 } }, 'queue.delay: each job holds its place on the pool for 9 s'],
  ])('%s', (_what, fields, expected) => {
    const told = warnings(fields);
    if (expected === undefined) expect(told).toEqual([]);
    else expect(told).toEqual([expect.stringContaining(expected)]);
  });
});

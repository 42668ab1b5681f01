/** What a job hears of its tasks: every end, at least once, and the same each time. */
import { describe, expect, it } from 'vitest';
import { defineConsumer, PermanentError, RateLimited } from '../../consumer/index.ts';
import type { ConsumerOptions } from '../../consumer/options.ts';
import { testConsumer } from '../../consumer/testing.ts';
import { inlineResultBytes, largestResultBytes, Report } from '../../lambdas/contract/task-wire.ts';
import { batches } from '../support/consumer-batches.ts';
import { sqsRecord } from '../support/sqs-record.ts';

const attributes = { 'sluice.job': 'j', 'sluice.task': 'j/7/mine' };
const about = { v: 1, job: 'j', task: 'j/7/mine', redrives: 0, attempt: 1, deadLettered: false };
const atMs = Date.UTC(2026, 0, 1);

/** What is reported of a task that returns `value`, and where its result was put. */
async function reportOf(value: unknown, duplicates?: false) {
  const objects = new Map<string, string>();
  const world = batches(
    { task: () => value, ...(duplicates === false ? { duplicates } : {}) },
    { ports: ({ largeResults }) => ({ largeResults: { ...largeResults, put: async (key, json) => void objects.set(key, json) } }) },
  );
  const back = await world.run(sqsRecord('a', { attributes }));
  return { world, back, objects, reports: world.jobs.reported, warnings: world.logs().filter(({ level }) => level === 'WARN') };
}

describe('a task that is done', () => {
  it.each<[string, false | undefined]>([
    ['once', undefined],
    ['or again', false],
  ])('is reported with what it returned, recorded %s', async (_what, duplicates) => {
    const { back, reports } = await reportOf({ sum: 42 }, duplicates);
    expect(back).toEqual([]);
    expect(reports).toEqual([{ ...about, status: 'done', result: '{"sum":42}', atMs }]);
    expect(reports.map((report) => Report.parse(report))).toEqual(reports);
  });

  it('without a result where it returned nothing', async () => {
    const { reports, warnings } = await reportOf(undefined);
    expect(reports).toEqual([{ ...about, status: 'done', atMs }]);
    expect(warnings).toEqual([]);
  });

  it('with a large result by way of the bucket', async () => {
    const inline = 'x'.repeat(inlineResultBytes - 2);
    expect((await reportOf(inline)).reports).toEqual([{ ...about, status: 'done', result: JSON.stringify(inline), atMs }]);
    const { reports, objects } = await reportOf(`${inline}é`);
    expect(reports).toEqual([{ ...about, status: 'done', resultKey: 'results/j/7-0.json', atMs }]);
    expect([...objects]).toEqual([['results/j/7-0.json', JSON.stringify(`${inline}é`)]]);
  });

  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  it.each([
    ['is too large', 'x'.repeat(largestResultBytes), /bytes of JSON/],
    ['is a BigInt', 1n, /BigInt/],
    ['is circular', circular, /circular/],
    ['is a function', () => 1, /it is a function/],
  ])('without a result that %s, and its log says so', async (_what, value, why) => {
    const { back, reports, warnings } = await reportOf(value);
    expect(back).toEqual([]);
    expect(reports).toEqual([{ ...about, status: 'done', atMs }]);
    expect(warnings).toEqual([expect.objectContaining({ reason: expect.stringMatching(why), taskId: 'j/7/mine' })]);
  });

  it('has failed where its result could not be put anywhere', async () => {
    const denied = Object.assign(new Error('no'), { name: 'AccessDenied', $fault: 'client', $metadata: { httpStatusCode: 403 } });
    const world = batches(
      { task: () => 'x'.repeat(inlineResultBytes) },
      { ports: ({ largeResults }) => ({ largeResults: { ...largeResults, put: () => Promise.reject(denied) } }) },
    );
    await world.run(sqsRecord('a', { attributes }));
    expect(world.jobs.reported).toMatchObject([
      { status: 'failed', class: 'CONFIGURATION', message: expect.stringContaining('data bucket') },
    ]);
    expect(world.deadLetters).toHaveLength(1);
  });
});

describe('a task that fails', () => {
  const failing = (error: Error) =>
    testConsumer(
      defineConsumer({
        task: (_body, { step }) =>
          step('charge', () => {
            throw error;
          }),
      }),
      { retry: { maxRetries: 1 } },
    ).send({}, { job: 'j' });

  it('is reported as it comes back, and when it is set aside', async () => {
    const task = failing(new Error('down'));
    expect((await task.attempt()).reports).toEqual([
      { ...about, task: 'j/1', status: 'retrying', class: 'TRANSIENT', message: 'down', step: 'charge', atMs },
    ]);
    const { reports, deadLetter } = await task.attempt();
    const end = { attempt: 2, class: 'TRANSIENT', message: 'down', step: 'charge' };
    expect(reports).toEqual([{ ...about, ...end, task: 'j/1', status: 'failed', deadLettered: true, atMs: expect.any(Number) }]);
    expect(deadLetter?.letter).toMatchObject(end);
  });

  it('is reported with the life it failed in', async () => {
    const letter = {
      v: 1,
      task: 'j/3',
      group: 'test',
      job: 'j',
      class: 'DATA',
      message: 'x',
      attempt: 1,
      time: '2026-01-01T00:00:00Z',
      redrives: 2,
    };
    const handler = defineConsumer({
      task: () => {
        throw new PermanentError('no');
      },
    });
    const { reports } = await testConsumer(handler)
      .send({}, { attributes: { sluice: JSON.stringify(letter) } })
      .attempt();
    expect(reports).toMatchObject([{ job: 'j', task: 'j/3', redrives: 2, attempt: 1, status: 'failed' }]);
  });

  it('says nothing of an attempt that does not count', async () => {
    const handler = defineConsumer({
      task: () => {
        throw new RateLimited(3);
      },
    });
    expect((await testConsumer(handler).send({}, { job: 'j' }).attempt()).reports).toEqual([]);
  });
});

it.each([
  ['no job', { 'sluice.task': 'j/7' }],
  ['a job that did not number it', { 'sluice.task': 'order 7', 'sluice.job': 'j' }],
  ['another job', { 'sluice.task': 'i/7', 'sluice.job': 'j' }],
])('a task of %s is not reported', async (_what, attributes) => {
  const world = batches({ task: () => 1 }, { ports: () => ({ jobStates: { isCancelled: () => Promise.reject(new Error('asked')) } }) });
  expect(await world.run(sqsRecord('a', { attributes }))).toEqual([]);
  expect(world.jobs.reported).toEqual([]);
});

describe('delivered again after its end', () => {
  const twice = async (task: ConsumerOptions['task'], options: { duplicates?: false } = {}, receives = 1) => {
    const world = batches({ task, ...options }, { settings: { retry: { maxRetries: 0, baseSeconds: 2, capSeconds: 3_600 } } });
    await world.run(sqsRecord('a', { attributes, receives }));
    await world.clock.sleep(60_000);
    const back = await world.run(sqsRecord('a', { attributes, receives: receives + 1 }));
    return { back, reports: world.jobs.reported, letters: world.deadLetters };
  };

  it.each<[string, { duplicates?: false }]>([
    ['once', {}],
    ['or again, but was claimed', { duplicates: false }],
  ])('a task that is done, recorded %s, is reported again as it was', async (_what, options) => {
    let runs = 0;
    const { back, reports } = await twice(() => ({ run: ++runs }), options, 2);
    expect(back).toEqual([]);
    expect(reports).toEqual([1, 2].map((n) => ({ ...about, status: 'done', result: '{"run":1}', atMs: atMs + (n - 1) * 60_000 })));
  });

  it('a dead one, too', async () => {
    const { back, reports, letters } = await twice(() => {
      throw new PermanentError('no');
    });
    expect(back).toEqual([]);
    expect(letters).toHaveLength(1);
    const end = { ...about, status: 'failed', class: 'PERMANENT', message: 'no', deadLettered: true };
    expect(reports).toEqual([end, end].map((report, n) => ({ ...report, atMs: atMs + n * 60_000 })));
  });
});

describe('a report that cannot be sent', () => {
  const unheard = (task: ConsumerOptions['task'], deaf: { times: number }, fifo = false) =>
    batches(
      { task },
      {
        settings: { fifo },
        ports: ({ reports }) => ({
          reports: {
            ...reports,
            send: (report) => (deaf.times-- > 0 ? Promise.reject(new Error('no queue')) : reports.send(report)),
          },
        }),
      },
    );

  it('has the message come back soon, and be reported then without a second run', async () => {
    let runs = 0;
    const world = unheard(() => ++runs, { times: 1 });
    expect(await world.run(sqsRecord('a', { attributes }))).toEqual(['a']);
    expect(world.asked).toEqual([['a/1', 5]]);
    expect(await world.run(sqsRecord('a', { attributes, receives: 2 }))).toEqual([]);
    expect(world.jobs.reported).toMatchObject([{ status: 'done', result: '1', attempt: 1 }]);
  });

  it('of a dead task does not set it aside twice', async () => {
    const failing = () => {
      throw new PermanentError('no');
    };
    const world = unheard(failing, { times: 1 });
    expect(await world.run(sqsRecord('a', { attributes }))).toEqual(['a']);
    expect(await world.run(sqsRecord('a', { attributes, receives: 2 }))).toEqual([]);
    expect(world.deadLetters).toHaveLength(1);
    expect(world.jobs.reported).toMatchObject([{ status: 'failed', class: 'PERMANENT', attempt: 1 }]);
  });

  it('holds up the rest of its message group', async () => {
    const world = unheard(() => 1, { times: 1 }, true);
    const back = await world.run(
      sqsRecord('a', { attributes, group: 'g' }),
      sqsRecord('b', { attributes: { ...attributes, 'sluice.task': 'j/8' }, group: 'g' }),
      sqsRecord('c', { attributes: { ...attributes, 'sluice.task': 'j/9' }, group: 'h' }),
    );
    expect(back).toEqual(['a', 'b']);
    expect(world.jobs.reported).toMatchObject([{ task: 'j/9' }]);
  });

  it('that it comes back is of no matter', async () => {
    const failing = () => {
      throw new Error('down');
    };
    const world = unheard(failing, { times: 1 });
    expect(await world.run(sqsRecord('a', { attributes }))).toEqual(['a']);
    expect(world.asked).toEqual([['a/1', 2]]);
  });
});

it('one that another copy ended is reported as that one came to', async () => {
  const world = batches({ task: () => 'late' }, { ports: ({ records }) => ({ records: { ...records, end: async () => false } }) });
  expect(await world.run(sqsRecord('a', { attributes }))).toEqual(['a']);
  expect([world.asked, world.jobs.reported]).toEqual([[['a/1', 5]], []]);
});

it('the next task does not wait for the report of the one before', async () => {
  const events: string[] = [];
  let heard: () => void = () => {};
  const world = batches(
    { task: (_body, { taskId }) => void events.push(taskId) },
    {
      ports: () => ({
        reports: {
          send: ({ task }) => {
            events.push(`report of ${task}`);
            return new Promise<void>((resolve) => {
              const before = heard;
              heard = () => {
                before();
                resolve();
              };
            });
          },
          flush: () => heard(),
        },
      }),
    },
  );
  const task = (n: number) => sqsRecord(`m${n}`, { attributes: { 'sluice.job': 'j', 'sluice.task': `j/${n}` } });
  expect(await world.run(task(1), task(2))).toEqual([]);
  expect(events).toEqual(['j/1', 'report of j/1', 'j/2', 'report of j/2']);
});

it('an attempt that ended without a word is reported when the next one begins', async () => {
  const world = batches({ task: () => 'now' });
  const { records, clock } = world.ports;
  await records.claim(
    { pipeline: 'acme', task: 'j/7/mine', redrives: 0, holder: 'dead', aliveUntilMs: clock.nowMs() - 1 },
    clock.nowMs() - 9_000,
  );
  await world.run(sqsRecord('a', { attributes, receives: 2 }));
  expect(world.jobs.reported).toMatchObject([
    { status: 'retrying', class: 'RESOURCE', attempt: 1 },
    { status: 'done', attempt: 2 },
  ]);
});

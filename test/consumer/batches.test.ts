/** Several tasks of one invocation: one after the other, each failing alone. */
import { describe, expect, it } from 'vitest';
import { batches, until } from '../support/consumer-batches.ts';
import { sqsRecord } from '../support/sqs-record.ts';

const down = () => Promise.reject(Object.assign(new Error('down'), { name: 'ServiceUnavailable' }));

/** Tasks do what their body says, and tell when they began and ended. */
function scripted(world: Parameters<typeof batches>[1] = {}, options: { duplicates?: false } = {}) {
  const events: string[] = [];
  const made = batches(
    {
      ...options,
      task: async (body, { message, sleep }) => {
        events.push(`+${message.id}`);
        if (typeof body === 'number') await sleep(body);
        if (body === 'fails') throw new Error('no');
        if (body === 'bad') throw new TypeError('no');
        events.push(`-${message.id}`);
      },
    },
    world,
  );
  return { ...made, events };
}

it.each([{}, { duplicates: false as const }])('run one after the other, in their order (%o)', async (options) => {
  const world = scripted({}, options);
  expect(await world.run(sqsRecord('a', { body: 500 }), sqsRecord('b', { body: 5 }), sqsRecord('c'))).toEqual([]);
  expect(world.events).toEqual(['+a', '-a', '+b', '-b', '+c', '-c']);
});

it.each([{}, { duplicates: false as const }])('one that fails, fails alone (%o)', async (options) => {
  const world = scripted({}, options);
  const records = [
    sqsRecord('a'),
    sqsRecord('b', { body: '"fails"' }),
    sqsRecord('c', { body: '"bad"' }),
    sqsRecord('d', { body: '{no json' }),
  ];
  expect(await world.run(...records, sqsRecord('e'))).toEqual(['b']);
  expect(world.events).toEqual(['+a', '-a', '+b', '+c', '+e', '-e']);
  expect(world.asked).toEqual([['b/1', 2]]);
  expect(world.deadLetters.map(({ letter }) => letter?.task)).toEqual(['c', 'd']);
});

it('what cannot end in time any more is handed back unharmed, at once', async () => {
  const world = scripted();
  const records = ['a', 'b', 'c', 'd'].map((id) => sqsRecord(id, { body: 10_000 }));
  expect((await world.run(...records)).toSorted()).toEqual(['c', 'd']);
  expect(world.asked.toSorted()).toEqual([
    ['c/1', 0],
    ['d/1', 0],
  ]);
  expect(world.events).not.toContain('+c');
});

it('one that takes longer than an invocation has is begun when it is the first', async () => {
  const world = scripted();
  await world.run(sqsRecord('a', { body: 26_000 }));
  expect(await world.run(sqsRecord('b', { body: 26_000 }))).toEqual([]);
  expect(world.events).toEqual(['+a', '-a', '+b', '-b']);
});

describe('in FIFO queues', () => {
  const fifo = { settings: { fifo: true } };

  it('what follows a failure in its message group comes back at once, and other groups go on', async () => {
    const world = scripted(fifo);
    const back = await world.run(
      sqsRecord('x1', { group: 'x' }),
      sqsRecord('x2', { group: 'x', body: '"fails"' }),
      sqsRecord('y1', { group: 'y' }),
      sqsRecord('x3', { group: 'x' }),
      sqsRecord('y2', { group: 'y' }),
    );
    expect(back).toEqual(['x2', 'x3']);
    expect(world.events).toEqual(['+x1', '-x1', '+x2', '+y1', '-y1', '+y2', '-y2']);
    expect(world.asked).toEqual([
      ['x2/1', 2],
      ['x3/1', 0],
    ]);
  });

  it('what follows a dead one goes on', async () => {
    const world = scripted(fifo);
    expect(await world.run(sqsRecord('x1', { group: 'x', body: '"bad"' }), sqsRecord('x2', { group: 'x' }))).toEqual([]);
    expect(world.events).toEqual(['+x1', '+x2', '-x2']);
    expect(world.deadLetters).toHaveLength(1);
  });

  it('what follows one that could not be set aside comes back', async () => {
    const world = scripted({ ...fifo, ports: (memory) => ({ queue: { ...memory.queue, setAside: down } }) });
    expect(await world.run(sqsRecord('x1', { group: 'x', body: '"bad"' }), sqsRecord('x2', { group: 'x' }))).toEqual(['x1', 'x2']);
    expect(world.events).toEqual(['+x1']);
  });

  it('a group does not pass one that is held elsewhere', async () => {
    const world = scripted(fifo);
    await world.ports.records.claim(
      { pipeline: 'acme', task: 'x1', redrives: 0, holder: 'other', aliveUntilMs: world.clock.nowMs() + 7_000 },
      world.clock.nowMs(),
    );
    expect(await world.run(sqsRecord('x1', { group: 'x' }), sqsRecord('x2', { group: 'x' }))).toEqual(['x1', 'x2']);
    expect(world.asked).toEqual([
      ['x1/1', 7],
      ['x2/1', 0],
    ]);
  });

  it('fair queues are none: a message group there blocks nothing', async () => {
    const world = scripted();
    expect(await world.run(sqsRecord('x1', { group: 'x', body: '"fails"' }), sqsRecord('x2', { group: 'x' }))).toEqual(['x1']);
    expect(world.events).toEqual(['+x1', '+x2', '-x2']);
  });
});

describe('where AWS fails', () => {
  it('no task runs without its claim, and each comes back soon', async () => {
    const world = scripted({ ports: (memory) => ({ records: { ...memory.records, claim: down } }) });
    expect(await world.run(sqsRecord('a'), sqsRecord('b'))).toEqual(['a', 'b']);
    expect(world.events).toEqual([]);
    expect(world.asked).toEqual([
      ['a/1', 5],
      ['b/1', 5],
    ]);
  });

  it('without records of duplicates, a task nobody has seen before runs all the same', async () => {
    const world = scripted({ ports: (memory) => ({ records: { ...memory.records, claim: down } }) }, { duplicates: false });
    expect(await world.run(sqsRecord('a'), sqsRecord('b', { receives: 2 }))).toEqual(['b']);
    expect(world.events).toEqual(['+a', '-a']);
  });

  it('what is done and cannot be recorded is done', async () => {
    const world = scripted({ ports: (memory) => ({ records: { ...memory.records, end: down } }) });
    expect(await world.run(sqsRecord('a'))).toEqual([]);
    expect(world.logs()).toContainEqual(expect.objectContaining({ level: 'ERROR', taskId: 'a' }));
  });

  it('what failed and cannot be recorded comes back in time', async () => {
    const world = scripted({ ports: (memory) => ({ records: { ...memory.records, release: down } }) });
    expect(await world.run(sqsRecord('a', { body: '"fails"' }), sqsRecord('b'))).toEqual(['a']);
    expect(world.asked).toEqual([['a/1', 2]]);
  });

  it('what cannot be hidden comes back by itself', async () => {
    const world = scripted({ ports: (memory) => ({ queue: { ...memory.queue, comeBack: down } }) });
    expect(await world.run(sqsRecord('a', { body: '"fails"' }), sqsRecord('b'))).toEqual(['a']);
    expect(world.logs()).toContainEqual(expect.objectContaining({ level: 'WARN', message: expect.stringContaining('visibility') }));
  });

  it('a letter that cannot be sent is sent with the next receive, and the task not run again', async () => {
    let refused = 1;
    const world = scripted({
      ports: (memory) => ({
        queue: { ...memory.queue, setAside: (letter) => (refused-- > 0 ? down() : memory.queue.setAside(letter)) },
      }),
    });
    expect(await world.run(sqsRecord('a', { body: '"bad"' }))).toEqual(['a']);
    expect(world.asked).toEqual([['a/1', 30]]);
    expect(await world.run(sqsRecord('a', { body: '"bad"', receives: 2 }))).toEqual([]);
    expect(await world.run(sqsRecord('a', { body: '"bad"', receives: 3 }))).toEqual([]);
    expect(world.events).toEqual(['+a']);
    expect(world.deadLetters.map(({ letter }) => letter)).toEqual([expect.objectContaining({ class: 'PERMANENT', attempt: 1 })]);
  });

  it('a cooling that cannot be told holds here', async () => {
    const world = scripted({ ports: (memory) => ({ cooling: { ...memory.cooling, cool: down, read: down, hint: down } }) });
    expect(await world.run(sqsRecord('a'))).toEqual([]);
  });
});

describe('the rate', () => {
  const rate = { settings: { rate: { ratePerSecond: 1, concurrency: 2 } } };

  it('spaces the starts of a batch, and holds its end', async () => {
    const starts: number[] = [];
    const world = batches({ task: () => void starts.push(world.clock.monotonicMs()) }, rate);
    await world.run(sqsRecord('a'), sqsRecord('b'), sqsRecord('c'));
    expect(starts).toEqual([0, 2_000, 4_000]);
    expect(world.clock.monotonicMs()).toBe(6_000);
  });

  it('takes nothing more from tasks that are slower', async () => {
    const world = batches({ task: (_body, { sleep }) => sleep(3_000) }, rate);
    await world.run(sqsRecord('a'), sqsRecord('b'), sqsRecord('c'));
    expect(world.clock.monotonicMs()).toBe(9_000);
  });

  it('counts no start for what is not started', async () => {
    const starts: number[] = [];
    const world = batches({ task: () => void starts.push(world.clock.monotonicMs()) }, rate);
    await world.run(sqsRecord('a', { body: '{no json' }), sqsRecord('b'), sqsRecord('b', { receives: 2 }), sqsRecord('c'));
    expect(starts).toEqual([0, 2_000]);
  });
});

it('a task that ends long after its invocation went on changes nothing', async () => {
  let end: () => void = () => {};
  const world = batches({
    task: async (_body, { sleep }) => {
      await sleep(60_000).catch(() => undefined);
      await new Promise<void>((resolve) => {
        end = resolve;
      });
    },
  });
  const invocation = world.run(sqsRecord('a'));
  await until(() => world.clock.monotonicMs() === 27_000);
  await world.clock.sleep(1_000);
  await until(() => world.asked.length === 1);
  end();
  expect(await invocation).toEqual(['a']);
  expect(world.asked).toHaveLength(1);
});

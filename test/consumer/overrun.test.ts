/** A task that takes longer than its invocation has: it is aborted, and nothing takes its place before it ends. */
import { expect, it } from 'vitest';
import { defineConsumer } from '../../consumer/index.ts';
import { testConsumer } from '../../consumer/testing.ts';
import { batches, until } from '../support/consumer-batches.ts';
import { sqsRecord } from '../support/sqs-record.ts';

it('is told by its signal at the deadline, and fails as RESOURCE', async () => {
  let reason: unknown;
  const handler = defineConsumer({
    task: async (_body, { signal, sleep }) => {
      signal.addEventListener('abort', () => {
        reason = signal.reason;
      });
      await sleep(60_000);
    },
  });
  const world = testConsumer(handler);
  const { outcome, logs } = await world.send({}).attempt();
  expect(outcome).toBe('retry');
  expect(reason).toMatchObject({ name: 'AbortError' });
  expect(world.now).toEqual(new Date('2026-01-01T00:00:27Z'));
  expect(logs).toContainEqual(
    expect.objectContaining({ class: 'RESOURCE', reason: expect.stringMatching(/^aborted after 27 s, .* raise function.timeout/) }),
  );
});

it('one that swallows its signal and returns in time is done', async () => {
  const handler = defineConsumer({ task: (_body, { sleep }) => sleep(60_000).catch(() => 'tidied up') });
  expect(await testConsumer(handler).send({}).attempt()).toMatchObject({ outcome: 'done', result: 'tidied up' });
});

it('what it throws instead keeps its class', async () => {
  const handler = defineConsumer({
    task: async (_body, { sleep }) => {
      await sleep(60_000).catch(() => undefined);
      throw new TypeError('half a result');
    },
  });
  expect((await testConsumer(handler).send({}).attempt()).deadLetter?.letter).toMatchObject({
    class: 'PERMANENT',
    message: 'half a result',
  });
});

it('starts no other, hands back the rest and tells its queue what is finished, while one ignores its signal', async () => {
  const events: string[] = [];
  let end: () => void = () => {};
  const world = batches({
    task: async (body, { message, sleep }) => {
      events.push(`start ${message.id}`);
      if (body !== 'stubborn') return;
      await sleep(60_000).catch(() => undefined);
      await new Promise<void>((resolve) => {
        end = resolve;
      });
      events.push(`end ${message.id}`);
    },
  });
  const invocation = world
    .run(sqsRecord('a'), sqsRecord('b', { body: '"stubborn"' }), sqsRecord('c'))
    .finally(() => events.push('the invocation ends'));
  await until(() => events.length === 2 && world.clock.monotonicMs() === 27_000);
  await world.clock.sleep(1_000);
  await until(() => world.asked.length === 3);
  await new Promise((resolve) => setImmediate(resolve));
  expect(events).toEqual(['start a', 'start b']);
  expect(world.asked.toSorted()).toEqual([
    ['a/1', 'deleted'],
    ['b/1', expect.any(Number)],
    ['c/1', 0],
  ]);
  end();
  expect((await invocation).toSorted()).toEqual(['b', 'c']);
  expect(events.slice(2)).toEqual(['end b', 'the invocation ends']);
});

it('one that ignores its signal is not run elsewhere while it may be alive', async () => {
  let copies = 0;
  const world = batches({
    task: async (_body, { sleep }) => {
      copies += 1;
      await sleep(60_000).catch(() => undefined);
      await new Promise<void>(() => {});
    },
  });
  void world.run(sqsRecord('a'));
  await until(() => copies === 1 && world.clock.monotonicMs() === 27_000);
  await world.clock.sleep(1_000);
  await until(() => world.asked.length === 1);
  // Its function lives until 30 s, by a clock that may be 5 s off.
  let back: string[] | undefined;
  void world.run(sqsRecord('a', { receives: 2 })).then((ids) => {
    back = ids;
  });
  await until(() => back !== undefined || copies > 1);
  expect([back, copies]).toEqual([['a'], 1]);
});

it.each([1, 2, 3])('has its last words before Lambda ends a function of %d s', async (timeoutSeconds) => {
  const world = batches(
    {
      task: async (_body, { sleep }) => {
        await sleep(60_000).catch(() => undefined);
        await new Promise<void>(() => {});
      },
    },
    { timeoutSeconds },
  );
  void world.run(sqsRecord('a'), sqsRecord('b'));
  const deadlineMs = timeoutSeconds * 1_000 - 300;
  await until(() => world.clock.monotonicMs() === deadlineMs);
  await world.clock.sleep(150);
  await until(() => world.asked.length === 2);
  expect(world.asked.toSorted()).toEqual([
    ['a/1', Math.ceil(0.15 + 5)],
    ['b/1', 0],
  ]);
  const before = await world.ports.records.claim(
    { pipeline: 'acme', task: 'a', redrives: 0, holder: 'next', aliveUntilMs: Number.MAX_SAFE_INTEGER },
    world.clock.nowMs() + 60_000,
  );
  expect(before).toMatchObject({ kind: 'claimed', before: { status: 'waiting', history: [{ class: 'RESOURCE' }] } });
});

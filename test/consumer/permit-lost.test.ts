/** A task that lost its permit and ignores its signal: told as what it is, and kept from running twice. */
import { expect, it } from 'vitest';
import { batches, until } from '../support/consumer-batches.ts';
import { sqsRecord } from '../support/sqs-record.ts';

it('fails as TRANSIENT, with what was lost', async () => {
  let aborted: () => void = () => {};
  const world = batches(
    {
      task: (_body, { withPermit, sleep, signal }) =>
        withPermit('gpu', async () => {
          signal.addEventListener('abort', () => aborted());
          await sleep(60_000).catch(() => undefined);
          await new Promise<void>(() => {});
        }),
    },
    {
      timeoutSeconds: 300,
      ports: (memory) => ({
        permits: {
          ...memory.permits,
          acquire: async (_request, nowMs) => ({ kind: 'granted', token: 'token', untilMs: nowMs + 30_000 }),
          renew: async () => undefined,
        },
      }),
    },
  );
  const lost = new Promise<void>((resolve) => {
    aborted = resolve;
  });
  void world.run(sqsRecord('a'));
  await lost;
  // It has three seconds to stop.
  await world.clock.sleep(2_900);
  await new Promise((resolve) => setImmediate(resolve));
  expect(world.asked).toEqual([]);
  await world.clock.sleep(100);
  await until(() => world.asked.length === 1);
  expect(world.logs()).toContainEqual(
    expect.objectContaining({ class: 'TRANSIENT', reason: expect.stringContaining('permit gpu could not be renewed') }),
  );
});

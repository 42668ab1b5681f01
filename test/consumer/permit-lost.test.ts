/** A task that lost its permit and ignores its signal: told as what it is, and kept from running twice. */
import { expect, it } from 'vitest';
import { batches, until } from '../support/consumer-batches.ts';
import { sqsRecord } from '../support/sqs-record.ts';

it('fails as TRANSIENT, with what was lost', async () => {
  const world = batches(
    {
      task: (_body, { withPermit, sleep }) =>
        withPermit('gpu', async () => {
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
  void world.run(sqsRecord('a'));
  await until(() => world.clock.monotonicMs() >= 10_000);
  await world.clock.sleep(5_000);
  await until(() => world.asked.length === 1);
  expect(world.logs()).toContainEqual(
    expect.objectContaining({ class: 'TRANSIENT', reason: expect.stringContaining('permit gpu could not be renewed') }),
  );
});

/** A record that cannot be written when its task comes back: the message still hears when. */
import { expect, it } from 'vitest';
import { messageOf } from '../../consumer/runtime/failure.ts';
import { memoryPermits } from '../../consumer/testing/memory-permits.ts';
import { batches } from '../support/consumer-batches.ts';
import { sqsRecord } from '../support/sqs-record.ts';

function failingReleases(times: number, task: Parameters<typeof batches>[0]['task']) {
  let releases = 0;
  const world = batches(
    { task },
    {
      ports: ({ records }) => ({
        permits: memoryPermits({ none: 0 }),
        records: {
          ...records,
          release: async (held, end, nowMs) => {
            releases += 1;
            if (releases <= times) throw new Error('the table is down');
            return records.release(held, end, nowMs);
          },
        },
      }),
    },
  );
  return { world, releases: () => releases };
}

const failing = () => Promise.reject(new Error('no'));
const unrecorded = expect.objectContaining({ message: expect.stringContaining('could not be recorded') });

it('is tried once more', async () => {
  const { world, releases } = failingReleases(1, failing);
  expect(await world.run(sqsRecord('a'))).toEqual(['a']);
  expect([releases(), world.asked]).toEqual([2, [['a/1', 2]]]);
  expect(world.logs()).not.toContainEqual(unrecorded);
});

it.each<[string, Parameters<typeof batches>[0]['task'], number]>([
  ['failed', failing, 2],
  ['waits for a permit', (_body, { withPermit }) => withPermit('none', () => 1), 5],
])('and the message of one that %s comes back in time all the same', async (_name, task, seconds) => {
  const { world, releases } = failingReleases(2, task);
  expect(await world.run(sqsRecord('a'))).toEqual(['a']);
  expect([releases(), world.asked]).toEqual([2, [['a/1', seconds]]]);
  expect(world.logs()).toContainEqual(unrecorded);
});

it('a text is not cut in the middle of a character', () => {
  expect(messageOf(new Error('😀'.repeat(2_001))).isWellFormed()).toBe(true);
  expect(messageOf(new Error(`a${'😀'.repeat(2_001)}`)).isWellFormed()).toBe(true);
});

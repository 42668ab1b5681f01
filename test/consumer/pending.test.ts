/** `ctx.pending`: the work of a placed job that goes on outside the invocation. */
import { expect, it } from 'vitest';
import { defineConsumer, type TaskContext } from '../../consumer/index.ts';
import { testConsumer } from '../../consumer/testing.ts';
import { batches } from '../support/consumer-batches.ts';
import { sqsRecord } from '../support/sqs-record.ts';

const placed = { job: 'j', placed: true } as const;

function handingOn(note?: string) {
  const begun: string[] = [];
  const handler = defineConsumer({
    task: (_body, { pending, lease }) => {
      begun.push(lease?.token ?? 'none');
      return pending(note);
    },
  });
  return { begun, world: testConsumer(handler, { group: 'west' }) };
}

it.each([
  [undefined, 'west'],
  ['ecs task 17', 'ecs task 17'],
  ['x'.repeat(300), 'x'.repeat(256)],
])('leaves the lease to whoever does the work, reports nothing, and is not run again: by %s', async (note, holder) => {
  const { begun, world } = handingOn(note);
  const task = world.send({}, placed);
  const { outcome, reports, logs } = await task.attempt();
  expect([outcome, reports, begun]).toEqual(['pending', [], ['token-j-1']]);
  expect(world.lease('j')).toMatchObject({ pending: true, holder });
  expect(logs.find((line) => '_aws' in line)).toMatchObject({ HandedOn: 1, Succeeded: 0 });
  expect(await task.attempt()).toMatchObject({ outcome: 'pending', reports: [] });
  expect(begun).toHaveLength(1);
});

it('is said until it is heard, without running the task again', async () => {
  const begun: number[] = [];
  const handler = defineConsumer({
    task: (_body, { pending }) => {
      begun.push(1);
      world.answerHeartbeats(false);
      return pending();
    },
  });
  const world = testConsumer(handler);
  const task = world.send({}, placed);
  expect(await task.attempt()).toMatchObject({ outcome: 'back', delaySeconds: 5 });
  expect(await task.attempt()).toMatchObject({ outcome: 'back' });
  world.answerHeartbeats(true);
  expect(await task.attempt()).toMatchObject({ outcome: 'pending', reports: [] });
  expect([begun.length, world.lease('j')?.pending]).toEqual([1, true]);
});

it('under a lease that was lost meanwhile is over, and nothing is told', async () => {
  const handler = defineConsumer({
    task: (_body, { pending }) => {
      world.loseLease('j');
      return pending();
    },
  });
  const world = testConsumer(handler);
  const { outcome, reports, logs } = await world.send({}, placed).attempt();
  expect([outcome, reports]).toEqual(['lost', []]);
  expect(logs).toContainEqual(expect.objectContaining({ level: 'WARN', message: expect.stringContaining('its lease is lost') }));
});

it('counts only where it is returned', async () => {
  const world = testConsumer(
    defineConsumer({
      task: (_body, { pending }) => {
        pending();
        return 'done here';
      },
    }),
  );
  expect(await world.send({}, placed).attempt()).toMatchObject({ outcome: 'done', reports: [{ result: '"done here"' }] });
});

it('where neither its record can be written nor its job answers, its message goes: who has the work keeps the lease', async () => {
  const task = (_body: unknown, { pending }: TaskContext) => {
    world.leases.silent = true;
    return pending();
  };
  const world = batches(
    { task },
    { ports: ({ records }) => ({ records: { ...records, end: () => Promise.reject(new Error('the table is silent')) } }) },
  );
  const lease = JSON.stringify(world.leases.grant('j', 300));
  const message = sqsRecord('a', { attributes: { 'sluice.job': 'j', 'sluice.task': 'j/1', 'sluice.lease': lease } });
  expect(await world.run(message)).toEqual([]);
  expect(world.jobs.reported).toEqual([]);
});

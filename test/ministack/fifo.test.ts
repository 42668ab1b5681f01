/** `queue.fifo` cannot be changed in place: the new queue takes tasks, the old one is worked off, then the mapping moves. */
import { GetQueueUrlCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeConsumer, type Partner, startPartner } from '../support/consumers.ts';
import { eventually } from '../support/eventually.ts';
import {
  aws,
  look,
  lookAtWhole,
  namesOf,
  newCode,
  newGroup,
  removeGroupsAfterwards,
  sendTasks,
  untilPhase,
  untilRow,
  writeItem,
} from '../support/groups.ts';

let key: string;
let slow: Partner;
removeGroupsAfterwards();
beforeAll(async () => {
  [{ key }, slow] = await Promise.all([newCode(nodeConsumer()), startPartner(300)]);
});
afterAll(() => slow.stop());

const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => ({ id: String(from + i) }));

describe.concurrent('changing the kind of queue', () => {
  test.for([
    { what: 'standard to FIFO', fifo: true },
    { what: 'FIFO to standard', fifo: false },
  ])('$what: the old queue is drained, the new one goes on, the function stays', async ({ fifo }) => {
    const taskGroup = newGroup('kind');
    // The local AWS kills the task that runs when a function changes; it comes back after the visibility timeout.
    const item = { taskGroup, code: { key }, function: { timeout: 2, environment: { PARTNER_URL: slow.url } } };
    const queueOf = (kind: boolean) => ({ fifo: kind, visibilityTimeout: 3 });
    await writeItem({ ...item, queue: queueOf(!fifo) });
    await untilPhase(taskGroup, 'Active');
    await sendTasks(taskGroup, ids(0, 8), { fifo: !fifo });
    await writeItem({ ...item, queue: queueOf(fifo) });
    await untilRow(taskGroup, 'says that it is replaced', (row) => /replacing the queue/.test(row.message));
    await sendTasks(taskGroup, ids(8, 12), { fifo });
    await untilPhase(taskGroup, 'Active');

    const { queue, deadLetterQueue, mappings, mapping } = await lookAtWhole(taskGroup, { fifo });
    expect(queue.attributes['FifoQueue']).toBe(fifo ? 'true' : undefined);
    expect(deadLetterQueue.attributes['FifoQueue']).toBe(fifo ? 'true' : undefined);
    expect(mappings).toHaveLength(1);
    expect(mapping.EventSourceArn).toBe(queue.attributes['QueueArn']);
    // Each once: one that ran while the function changed comes back.
    const done = () => [...new Set(slow.done(taskGroup).map(Number))];
    await eventually('all tasks are done', async () => done().length === 12);
    const order = done();
    expect(order.slice(0, 8).toSorted((a, b) => a - b)).toEqual(ids(0, 8).map(({ id }) => Number(id)));
    expect(slow.peak(taskGroup)).toBe(1);
    const old = namesOf(taskGroup, !fifo);
    for (const QueueName of [old.queue, old.deadLetterQueue])
      await expect(aws.sqs.send(new GetQueueUrlCommand({ QueueName }))).rejects.toThrow();
    expect((await look(taskGroup, { fifo })).function?.Configuration?.State).toBe('Active');
  });
});

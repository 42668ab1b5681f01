/** A removed item → its tasks are worked off (or dropped, if it says so), then everything of the group goes. */
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeConsumer, type Partner, startPartner } from '../support/consumers.ts';
import { eventually } from '../support/eventually.ts';
import {
  aws,
  look,
  lookAtQueue,
  lookAtWhole,
  namesOf,
  newCode,
  newGroup,
  purge,
  removeGroupsAfterwards,
  removeItem,
  rowOf,
  sendTasks,
  sweep,
  untilGone,
  untilPhase,
  untilRow,
  writeItem,
} from '../support/groups.ts';

let key: string;
let slow: Partner;
let item: (taskGroup: string) => { taskGroup: string; [field: string]: unknown };
const nothing = { mappings: [] };
const tasks = (count: number) => Array.from({ length: count }, (_, id) => ({ id: String(id) }));

removeGroupsAfterwards();
beforeAll(async () => {
  [{ key }, slow] = await Promise.all([newCode(nodeConsumer()), startPartner(300)]);
  item = (taskGroup) => ({ taskGroup, code: { key }, onDelete: 'drain', function: { environment: { PARTNER_URL: slow.url } } });
});
afterAll(() => slow.stop());

describe.concurrent('removing', () => {
  test('drains: sending is denied, every task is done, then all of it goes', async () => {
    const taskGroup = newGroup('drain');
    await writeItem(item(taskGroup));
    await untilPhase(taskGroup, 'Active');
    await sendTasks(taskGroup, tasks(10));
    await removeItem(taskGroup);
    await untilRow(
      taskGroup,
      'says what is left',
      (row) => row.phase === 'Draining' && /messages? left, sending is denied/.test(row.message),
    );
    const { queue } = await look(taskGroup);
    expect(queue?.attributes['Policy']).toContain('SluiceDrainingDenySend');
    await untilGone(taskGroup);
    expect(slow.done(taskGroup).toSorted()).toEqual(tasks(10).map(({ id }) => id));
    expect(await look(taskGroup)).toEqual(nothing);
  });

  test('discards at once where the item said so', async () => {
    const taskGroup = newGroup('discard');
    await writeItem({ ...item(taskGroup), onDelete: 'discard', paused: true });
    await untilPhase(taskGroup, 'Paused');
    await sendTasks(taskGroup, tasks(10));
    await removeItem(taskGroup);
    await untilGone(taskGroup, 15);
    expect(slow.done(taskGroup)).toEqual([]);
    expect(await look(taskGroup)).toEqual(nothing);
  });

  test('written again while it drains, it lives on', async () => {
    const taskGroup = newGroup('lives on');
    await writeItem(item(taskGroup));
    await untilPhase(taskGroup, 'Active');
    const before = await lookAtWhole(taskGroup);
    await sendTasks(taskGroup, tasks(15));
    await removeItem(taskGroup);
    await untilPhase(taskGroup, 'Draining');
    await writeItem(item(taskGroup));
    await untilPhase(taskGroup, 'Active');
    const after = await lookAtWhole(taskGroup);
    expect(after.queue.attributes['Policy']).not.toContain('SluiceDrainingDenySend');
    expect(after.mapping.UUID).toBe(before.mapping.UUID);
    await sendTasks(taskGroup, [{ id: 'afterwards' }]);
    await eventually('every task is done', async () => slow.done(taskGroup).length === 16);
  });

  test('removed and added again at once, it is there with what it was added with', async () => {
    const taskGroup = newGroup('at once');
    await writeItem({ ...item(taskGroup), onDelete: 'discard' });
    await untilPhase(taskGroup, 'Active');
    await removeItem(taskGroup);
    await writeItem({ ...item(taskGroup), onDelete: 'discard', concurrency: 3 });
    await untilRow(taskGroup, 'as written last', (row) => row.phase === 'Active' && row.reserved === 3);
    const { function: fn, mappings } = await lookAtWhole(taskGroup);
    expect(fn.Concurrency?.ReservedConcurrentExecutions).toBe(3);
    expect(mappings).toHaveLength(1);
  });

  test('a dead-letter queue that holds something stays, the status says so, and goes once it is purged', async () => {
    const taskGroup = newGroup('dead letters');
    slow.refuse.add('poison');
    await writeItem({
      ...item(taskGroup),
      function: { timeout: 1, environment: { PARTNER_URL: slow.url } },
      queue: { visibilityTimeout: 1, maxReceiveCount: 1 },
    });
    await untilPhase(taskGroup, 'Active');
    await sendTasks(taskGroup, [{ id: 'poison' }, { id: 'fine' }]);
    const dlqName = namesOf(taskGroup).deadLetterQueue;
    await eventually(
      'the poison is set aside',
      async () => (await lookAtQueue(dlqName))?.attributes['ApproximateNumberOfMessages'] === '1',
    );
    await removeItem(taskGroup);
    const row = await untilRow(taskGroup, 'kept', ({ keptDeadLetterQueues }) => keptDeadLetterQueues?.length === 1);
    expect(row.message).toContain(dlqName);
    expect(await look(taskGroup)).toMatchObject({ mappings: [], deadLetterQueue: { url: expect.stringContaining(dlqName) } });
    expect(Object.keys(await look(taskGroup)).toSorted()).toEqual(['deadLetterQueue', 'mappings']);

    const kept = (await lookAtQueue(dlqName))?.url as string;
    const { Messages = [] } = await aws.sqs.send(new ReceiveMessageCommand({ QueueUrl: kept, VisibilityTimeout: 0 }));
    expect(JSON.parse(Messages[0]?.Body ?? '{}')).toMatchObject({ id: 'poison' });
    await purge(kept);
    await eventually('the sweeps take it away', async () => {
      await sweep();
      return (await rowOf(taskGroup)) === undefined;
    });
    expect(await look(taskGroup)).toEqual(nothing);
  });

  test('a paused group with tasks waits and says so', async () => {
    const taskGroup = newGroup('paused');
    await writeItem({ ...item(taskGroup), paused: true });
    await untilPhase(taskGroup, 'Paused');
    await sendTasks(taskGroup, tasks(2));
    await removeItem(taskGroup);
    await untilRow(
      taskGroup,
      'says what it waits for',
      (row) => row.phase === 'Draining' && /2 messages left, but the group is paused/.test(row.message),
    );
    expect(Object.keys(await look(taskGroup))).toContain('queue');
    await writeItem(item(taskGroup));
    await untilPhase(taskGroup, 'Active');
    await removeItem(taskGroup);
    await untilGone(taskGroup);
    expect(slow.done(taskGroup)).toHaveLength(2);
  });

  test('a group without code and without tasks goes', async () => {
    const taskGroup = newGroup('no code');
    await writeItem({ ...item(taskGroup), code: { key: `never/${taskGroup}.zip` } });
    await untilPhase(taskGroup, 'Waiting');
    await removeItem(taskGroup);
    await untilGone(taskGroup);
    expect(await look(taskGroup)).toEqual(nothing);
  });

  test('a group that expired goes, though its item is still there', async () => {
    const taskGroup = newGroup('expires');
    const expiresAt = Math.floor(Date.now() / 1_000) + 5;
    await writeItem({ ...item(taskGroup), expiresAt });
    await untilPhase(taskGroup, 'Active');
    await eventually('the sweeps find it expired', async () => {
      await sweep();
      return (await rowOf(taskGroup)) === undefined;
    });
    expect(Date.now() / 1_000).toBeGreaterThanOrEqual(expiresAt);
    expect(await look(taskGroup)).toEqual(nothing);
  });
});

/** Under load: a burst on one slot, rollouts while tasks run, writes of one group a moment apart. Nothing is lost, no limit is passed. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeConsumer, type Partner, startPartner } from '../support/consumers.ts';
import { eventually } from '../support/eventually.ts';
import {
  lookAtQueue,
  lookAtWhole,
  namesOf,
  newCode,
  newGroup,
  removeGroupsAfterwards,
  sendTasks,
  untilPhase,
  untilRelease,
  untilRow,
  upload,
  writeItem,
} from '../support/groups.ts';

let partner: Partner;
removeGroupsAfterwards();
beforeAll(async () => {
  partner = await startPartner(10);
});
afterAll(() => partner.stop());

const tasks = (count: number) => Array.from({ length: count }, (_, id) => ({ id: String(id) }));
const deadLetters = async (taskGroup: string) =>
  (await lookAtQueue(namesOf(taskGroup).deadLetterQueue))?.attributes['ApproximateNumberOfMessages'];

test.concurrent('a burst of 300 tasks on one slot: all are done one after the other, none in the dead-letter queue', async () => {
  const { key } = await newCode(nodeConsumer());
  const taskGroup = newGroup('burst');
  await writeItem({ taskGroup, code: { key }, function: { environment: { PARTNER_URL: partner.url } } });
  await untilPhase(taskGroup, 'Active');
  await sendTasks(taskGroup, tasks(300));
  await eventually(
    'all are done',
    async () => {
      const done = new Set(partner.done(taskGroup)).size;
      if (done < 300) throw new Error(`${done} of 300`);
      return true;
    },
    150,
  );
  expect(partner.peak(taskGroup)).toBe(1);
  expect(await deadLetters(taskGroup)).toBe('0');
});

test.concurrent('rollouts while tasks run lose none', async () => {
  const { key } = await newCode(nodeConsumer('0'));
  const groups = [newGroup('busy'), newGroup('busy')];
  // What the local AWS kills during an update comes back soon.
  const item = {
    code: { key },
    concurrency: 2,
    function: { timeout: 2, environment: { PARTNER_URL: partner.url } },
    queue: { visibilityTimeout: 3 },
  };
  await Promise.all(groups.map((taskGroup) => writeItem({ taskGroup, ...item })));
  await Promise.all(groups.map((taskGroup) => untilPhase(taskGroup, 'Active')));
  const sending = Promise.all(groups.map((taskGroup) => sendTasks(taskGroup, tasks(200))));
  for (const release of ['1', '2', '3']) await untilRelease(key, await upload(key, nodeConsumer(release)), 'RolledOut');
  await sending;
  for (const taskGroup of groups) {
    await eventually(
      `all tasks of ${taskGroup} are done`,
      async () => {
        const done = new Set(partner.done(taskGroup)).size;
        if (done < 200) throw new Error(`${done} of 200`);
        return true;
      },
      150,
    );
    expect(await deadLetters(taskGroup)).toBe('0');
    expect(partner.peak(taskGroup)).toBeLessThanOrEqual(2);
    await untilRow(taskGroup, 'in peace', ({ phase }) => phase === 'Active');
  }
});

test.concurrent('of two writes a moment apart, the last one holds, whole', async () => {
  const { key } = await newCode(nodeConsumer());
  const groups = Array.from({ length: 5 }, () => newGroup('twice'));
  for (const taskGroup of groups) {
    await writeItem({ taskGroup, code: { key }, concurrency: 2, function: { memorySize: 512 }, paused: true });
    await writeItem({ taskGroup, code: { key }, concurrency: 3 });
  }
  for (const taskGroup of groups) {
    await untilRow(taskGroup, 'as written last', (row) => row.phase === 'Active' && row.reserved === 3);
    const { function: fn, mappings } = await lookAtWhole(taskGroup);
    expect([fn.Configuration?.MemorySize, fn.Concurrency?.ReservedConcurrentExecutions, mappings.map(({ State }) => State)]).toEqual([
      256,
      3,
      ['Enabled'],
    ]);
  }
});

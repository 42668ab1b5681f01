/** What holds beyond one task: order within a message group, a group that cools, permits over groups. */
import { DeleteCommand, GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { coolingSortKey, groupKey } from '../../lambdas/contract/task-table.ts';
import { eventually } from '../support/eventually.ts';
import {
  aws,
  lookAtWhole,
  namesOf,
  newCode,
  newGroup,
  removeGroupsAfterwards,
  sendTasks,
  sweep,
  untilPhase,
  untilRow,
  writeItem,
} from '../support/groups.ts';
import { libraryZip, startTaskPartner, type TaskPartner } from '../support/library-consumer.ts';
import { stage } from '../support/shared-stage.ts';

const consumer = `
import { defineConsumer, RateLimited, TransientError } from 'sluice/consumer';

const visit = async (context, group, task, what, ms) => {
  const path = [group, task, what].map(encodeURIComponent).join('/');
  const answer = await fetch(process.env.PARTNER_URL + '/' + path + '?ms=' + (ms ?? 0) + '&at=' + Date.now(), { signal: context.signal });
  return Number(await answer.text());
};

export const handler = defineConsumer({
  task: async (task, context) => {
    if (task.permit) return context.withPermit(task.permit, () => visit(context, task.place, context.group + '/' + task.id, 'held', 300));
    const times = await visit(context, context.group, task.id, 'run');
    if (task.failsFirst && times === 1) throw new TransientError('not yet');
    if (task.coolsSeconds && times === 1) throw new RateLimited(task.coolsSeconds, 'the partner said 429');
  },
});
`;

let partner: TaskPartner;
let key: string;
removeGroupsAfterwards();
beforeAll(async () => {
  partner = await startTaskPartner();
  ({ key } = await newCode(await libraryZip(consumer)));
});
afterAll(() => partner.stop());

const itemOf = (taskGroup: string, more: object = {}) => ({
  taskGroup,
  code: { key },
  consumer: 'sluice',
  function: { timeout: 10, environment: { PARTNER_URL: partner.url } },
  ...more,
});

const visitsOf = (group: string) => partner.visits.filter((visit) => visit.group === group).map(({ task }) => task);

function untilVisits(group: string, count: number): Promise<string[]> {
  return eventually(
    `${count} visits of ${group}`,
    async () => {
      const visits = visitsOf(group);
      if (visits.length < count) throw new Error(JSON.stringify(visits));
      return visits;
    },
    150,
  );
}

const untilMapping = (taskGroup: string, state: string) =>
  eventually(`the mapping of ${taskGroup} is ${state}`, async () => {
    const { mapping } = await lookAtWhole(taskGroup);
    if (mapping.State !== state) throw new Error(mapping.State);
    return true;
  });

test('a message group keeps its order past a failure, and holds up no other', async () => {
  const taskGroup = newGroup('order');
  await writeItem(
    itemOf(taskGroup, { queue: { fifo: true }, batch: { size: 10 }, retry: { baseSeconds: 1, capSeconds: 1 }, paused: true }),
  );
  await untilPhase(taskGroup, 'Paused');
  const tasks = ['a1', 'b1', 'a2', 'b2', 'a3', 'b3'].map((id) => ({ id, failsFirst: id === 'a2' }));
  await sendTasks(taskGroup, tasks, { fifo: true, messageGroup: ({ id }) => id.slice(0, 1) });
  await writeItem(itemOf(taskGroup, { queue: { fifo: true }, batch: { size: 10 }, retry: { baseSeconds: 1, capSeconds: 1 } }));
  const visits = await untilVisits(taskGroup, 7);
  const of = (letter: string) => visits.filter((id) => id.startsWith(letter));
  expect(of('a')).toEqual(['a1', 'a2', 'a2', 'a3']);
  expect(of('b')).toEqual(['b1', 'b2', 'b3']);
  expect(visits.indexOf('b3')).toBeLessThan(visits.lastIndexOf('a2'));
});

test('a long cooling disables the mapping and says so; when it is over the task goes on', async () => {
  const taskGroup = newGroup('cools');
  await writeItem(itemOf(taskGroup));
  await untilPhase(taskGroup, 'Active');
  await sendTasks(taskGroup, [{ id: 'one', coolsSeconds: 600 }]);
  const row = await untilRow(taskGroup, 'cooling', ({ limited }) => limited?.mappingDisabled === true);
  expect(row).toMatchObject({ phase: 'Active', limited: { today: 1, message: 'the partner said 429' } });
  expect(row.message).toMatch(/^cooling until /);
  const secondsLeft = (Date.parse(row.limited?.until ?? '') - Date.parse(row.limited?.lastLimitedAt ?? '')) / 1_000;
  expect(Math.round(secondsLeft)).toBe(600);
  await untilMapping(taskGroup, 'Disabled');

  // An operator who knows better takes the cooling away; a task that came with it waits for its own visibility.
  const Key = { pk: groupKey(namesOf(taskGroup).function), sk: coolingSortKey };
  expect((await aws.documents.send(new GetCommand({ TableName: stage.outputs.TasksTableName, Key }))).Item).toBeDefined();
  await aws.documents.send(new DeleteCommand({ TableName: stage.outputs.TasksTableName, Key }));
  await sweep();
  await untilRow(taskGroup, 'cool', ({ limited }) => limited === undefined || limited.mappingDisabled !== true);
  await untilMapping(taskGroup, 'Enabled');
  // Consumers believe for a second what they know of a cooling.
  const lastLimitedMs = Date.parse(row.limited?.lastLimitedAt ?? '');
  await eventually('more than a second since it began', async () => Date.now() - lastLimitedMs > 2_000);
  await sendTasks(taskGroup, [{ id: 'two' }]);
  expect(await untilVisits(taskGroup, 2)).toEqual(['one', 'two']);
});

test('of a permit for two, no more than two hold it over all groups, and everybody gets it', async () => {
  const groups = [newGroup('permit'), newGroup('permit'), newGroup('permit')];
  const place = newGroup('gpu');
  await Promise.all(groups.map((taskGroup) => writeItem(itemOf(taskGroup, { concurrency: 3 }))));
  await Promise.all(groups.map((taskGroup) => untilPhase(taskGroup, 'Active')));
  const tasks = Array.from({ length: 10 }, (_, id) => ({ id: String(id), permit: 'gpu', place }));
  await Promise.all(groups.map((taskGroup) => sendTasks(taskGroup, tasks)));
  const visits = await untilVisits(place, 30);
  expect(new Set(visits).size).toBe(30);
  expect(visits).toHaveLength(30);
  expect(partner.peak(place)).toBe(2);
});

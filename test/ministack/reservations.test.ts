/** More reserved concurrency than the account gives → the item waits, told by how much, and comes up by itself in order of arrival. */
import { beforeAll, expect, test } from 'vitest';
import { ownReservedConcurrency, StageSettings } from '../../lambdas/contract/settings.ts';
import { nodeConsumer } from '../support/consumers.ts';
import { sharedSettings } from '../support/deploy-shared-stage.ts';
import {
  look,
  lookAtWhole,
  newCode,
  newGroup,
  removeGroupsAfterwards,
  removeItem,
  rowOf,
  sendTasks,
  untilGone,
  untilNoGroups,
  untilPhase,
  untilRow,
  writeItem,
} from '../support/groups.ts';
import { stage } from '../support/shared-stage.ts';

const own = ownReservedConcurrency(StageSettings.parse(sharedSettings));
const room = stage.accountConcurrency - 100 - own;

let key: string;
removeGroupsAfterwards();
beforeAll(async () => {
  ({ key } = await newCode(nodeConsumer()));
  await untilNoGroups();
});

test('what does not fit waits and says by how much; room goes to those who came first and fit', async () => {
  const [large, first, second, small] = [newGroup('large'), newGroup('first'), newGroup('second'), newGroup('small')];
  await writeItem({ taskGroup: large, concurrency: room - 10, code: { key } });
  await untilPhase(large, 'Active');

  await writeItem({ taskGroup: first, concurrency: 60, code: { key } });
  const waiting = await untilPhase(first, 'Waiting');
  expect(waiting.message).toContain(`needs 60 more reserved concurrency, 10 of ${room} is free: short by 50.`);
  expect(waiting.message).toContain('reserve: false would start it now, capped by its mapping at 60');
  expect((await look(first)).function).toBeUndefined();
  await writeItem({ taskGroup: second, concurrency: 60, code: { key } });
  await untilPhase(second, 'Waiting');

  await writeItem({ taskGroup: small, concurrency: 10, code: { key } });
  await untilPhase(small, 'Active');

  await writeItem({ taskGroup: second, concurrency: 60, reserve: false, code: { key } });
  await untilPhase(second, 'Active');
  const unreserved = await lookAtWhole(second);
  expect(unreserved.function.Concurrency).toBeUndefined();
  expect(unreserved.mapping.ScalingConfig?.MaximumConcurrency).toBe(60);
  await writeItem({ taskGroup: second, concurrency: 60, code: { key } });
  await untilRow(second, 'waits to reserve', (row) => row.phase === 'Waiting' && row.reserved === undefined);

  await writeItem({ taskGroup: large, concurrency: room - 10 - 60, code: { key } });
  await untilPhase(first, 'Active');
  expect((await rowOf(second))?.phase).toBe('Waiting');
  await removeItem(large);
  await untilRow(second, 'reserved by itself', (row) => row.phase === 'Active' && row.reserved === 60);
  await Promise.all([first, second, small].map(removeItem));
  await Promise.all([large, first, second, small].map((group) => untilGone(group)));
});

test('two groups swap one reservation without a sweep', async () => {
  const [before, after] = [newGroup('before'), newGroup('after')];
  await writeItem({ taskGroup: before, concurrency: room, code: { key } });
  await untilPhase(before, 'Active');
  await writeItem({ taskGroup: after, concurrency: room, code: { key } });
  await untilPhase(after, 'Waiting');
  await removeItem(before);
  await untilPhase(after, 'Active');
  await removeItem(after);
  await Promise.all([before, after].map((group) => untilGone(group)));
});

test('a group that waits for more keeps the limit it has, and its tasks', async () => {
  const [other, grows] = [newGroup('other'), newGroup('grows')];
  await Promise.all([
    writeItem({ taskGroup: other, concurrency: room - 4, code: { key } }),
    writeItem({ taskGroup: grows, concurrency: 2, code: { key } }),
  ]);
  await Promise.all([other, grows].map((group) => untilPhase(group, 'Active')));
  await writeItem({ taskGroup: grows, concurrency: 20, code: { key }, function: { memorySize: 512 } });
  const row = await untilPhase(grows, 'Waiting');
  expect(row.message).toContain('needs 18 more reserved concurrency than the 2 it holds, 2 of');
  const { function: fn, mapping } = await lookAtWhole(grows);
  expect([fn.Concurrency?.ReservedConcurrentExecutions, fn.Configuration?.MemorySize, mapping.State]).toEqual([2, 512, 'Enabled']);
  await sendTasks(grows, [{ id: '1' }]);
  await removeItem(other);
  await untilRow(grows, 'grown', ({ phase, reserved }) => phase === 'Active' && reserved === 20);
  await removeItem(grows);
  await Promise.all([other, grows].map((group) => untilGone(group)));
});

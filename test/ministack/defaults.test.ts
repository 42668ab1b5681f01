/** The item `*`: what it says holds for every group that does not say otherwise, changed or broken. Alone in its file: it touches all groups. */
import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeConsumer } from '../support/consumers.ts';
import {
  aws,
  type Effective,
  lookAtWhole,
  newCode,
  newGroup,
  removeGroupsAfterwards,
  untilApplied,
  untilPhase,
  untilRow,
  writeItem,
} from '../support/groups.ts';
import { stage } from '../support/shared-stage.ts';

const TableName = stage.outputs.ConfigTableName;
const writeDefaults = (fields: object) => aws.documents.send(new PutCommand({ TableName, Item: { taskGroup: '*', ...fields } }));
const memory = (effective: Effective) => effective.function.memorySize;

let key: string;
removeGroupsAfterwards();
beforeAll(async () => {
  ({ key } = await newCode(nodeConsumer()));
});
afterAll(() => aws.documents.send(new DeleteCommand({ TableName, Key: { taskGroup: '*' } })));

test('a changed default reaches every group that does not set the field itself', async () => {
  const [inherits, also, own] = [newGroup('inherits'), newGroup('inherits'), newGroup('own')];
  await Promise.all([inherits, also].map((taskGroup) => writeItem({ taskGroup, code: { key } })));
  await writeItem({ taskGroup: own, code: { key }, function: { memorySize: 512 } });
  await Promise.all([inherits, also, own].map((taskGroup) => untilPhase(taskGroup, 'Active')));

  await writeDefaults({ function: { memorySize: 1_024, environment: { COLOUR: 'blue' } } });
  await Promise.all([inherits, also].map((taskGroup) => untilApplied(taskGroup, memory, 1_024)));
  const changed = await lookAtWhole(inherits);
  expect(changed.function.Configuration).toMatchObject({
    MemorySize: 1_024,
    Environment: { Variables: expect.objectContaining({ COLOUR: 'blue' }) },
  });
  await untilRow(own, 'the environment inherited', (row) => row.phase === 'Active' && JSON.stringify(row.effective).includes('COLOUR'));
  expect((await lookAtWhole(own)).function.Configuration?.MemorySize).toBe(512);
  await untilPhase('*', 'Active');

  await writeDefaults({ function: { memorySize: 1 } });
  const broken = await untilPhase('*', 'Invalid');
  expect(broken.problems?.[0]).toMatch(/^function\.memorySize: /);
  const row = await untilPhase(inherits, 'Invalid');
  expect(row.problems?.[0]).toMatch(/^\* item: function\.memorySize: /);
  expect((await lookAtWhole(inherits)).function.Configuration?.MemorySize).toBe(1_024);

  await aws.documents.send(new DeleteCommand({ TableName, Key: { taskGroup: '*' } }));
  await Promise.all([inherits, also].map((taskGroup) => untilApplied(taskGroup, memory, 256)));
});

/** No code yet → the group waits, its queue takes tasks, and it comes up when the code does. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeConsumer, type Partner, pythonConsumer, startPartner } from '../support/consumers.ts';
import { eventually } from '../support/eventually.ts';
import {
  look,
  lookAtWhole,
  newCode,
  newGroup,
  removeGroupsAfterwards,
  sendTasks,
  untilPhase,
  untilRow,
  upload,
  writeItem,
} from '../support/groups.ts';

let partner: Partner;
removeGroupsAfterwards();
beforeAll(async () => {
  partner = await startPartner();
});
afterAll(() => partner.stop());

describe.concurrent('code', () => {
  test('that is not there yet: the group waits, takes tasks and comes up with the upload', async () => {
    const taskGroup = newGroup('no code');
    const key = `later/${taskGroup}.zip`;
    await writeItem({ taskGroup, code: { key }, function: { environment: { PARTNER_URL: partner.url } } });
    const row = await untilPhase(taskGroup, 'Waiting');
    expect(row.message).toContain(`nothing was uploaded as ${key}`);
    expect(Object.keys(await look(taskGroup)).toSorted()).toEqual(['deadLetterQueue', 'mappings', 'queue']);
    await sendTasks(taskGroup, [{ id: 'early' }]);
    const version = await upload(key, nodeConsumer());
    const up = await untilPhase(taskGroup, 'Active');
    expect(up.release?.version).toBe(version);
    await eventually('the early task is done', async () => partner.done(taskGroup).includes('early'));
  });

  test('of a version that does not exist: the pipeline goes on with what it runs and says so', async () => {
    const taskGroup = newGroup('no version');
    const { key, version } = await newCode(nodeConsumer());
    await writeItem({ taskGroup, code: { key } });
    await untilPhase(taskGroup, 'Active');
    await writeItem({ taskGroup, code: { key, version: 'no-such-version' } });
    const row = await untilPhase(taskGroup, 'Waiting');
    expect(row.message).toContain(`version no-such-version of ${key} is not in the code bucket; goes on with what it runs`);
    expect((await lookAtWhole(taskGroup)).function.Code?.ResolvedS3Object?.S3ObjectVersion).toBe(version);
  });

  test('that first comes broken: nothing is made of it, the next upload brings the group up', async () => {
    const taskGroup = newGroup('first broken');
    const key = `broken/${taskGroup}.zip`;
    await writeItem({ taskGroup, code: { key } });
    await untilPhase(taskGroup, 'Waiting');
    await upload(key, new TextEncoder().encode('no zip'));
    await upload(key, nodeConsumer());
    await untilPhase(taskGroup, 'Active');
  });

  test('in Python runs end to end', async () => {
    const { key } = await newCode(pythonConsumer());
    const taskGroup = newGroup('python');
    await writeItem({
      taskGroup,
      code: { key },
      function: { runtime: 'python3.13', handler: 'main.handle', environment: { PARTNER_URL: partner.url } },
    });
    await untilPhase(taskGroup, 'Active');
    await sendTasks(taskGroup, [{ id: 'a' }, { id: 'b' }]);
    await eventually('both tasks are done', async () => partner.done(taskGroup).length === 2);
    expect((await lookAtWhole(taskGroup)).function.Configuration).toMatchObject({ Runtime: 'python3.13', Handler: 'main.handle' });
  });

  test('with a handler it does not have: the group fails and says why', async () => {
    const { key } = await newCode(nodeConsumer());
    const taskGroup = newGroup('wrong handler');
    await writeItem({ taskGroup, code: { key }, function: { handler: 'index.nothing' } });
    const row = await untilRow(taskGroup, 'says why', ({ message }) => /its handler does not load/.test(message));
    expect(row.phase).not.toBe('Active');
    expect((await look(taskGroup)).mappings).toEqual([]);
    await writeItem({ taskGroup, code: { key } });
    await untilPhase(taskGroup, 'Active');
  });
});

/** An uploaded release → proved once, then on every pipeline of its key, counted; stopped, rolled back, refused where it is bad. */
import { UpdateFunctionCodeCommand } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { brokenConsumer, nodeConsumer, type Partner, startPartner } from '../support/consumers.ts';
import { eventually } from '../support/eventually.ts';
import {
  aws,
  invoke,
  lookAtWhole,
  namesOf,
  newCode,
  newGroup,
  pointerOf,
  releaseCommand,
  releaseOf,
  removeGroupsAfterwards,
  rowOf,
  sendTasks,
  sweep,
  untilPhase,
  untilRelease,
  untilRow,
  upload,
  writeItem,
} from '../support/groups.ts';
import { stage } from '../support/shared-stage.ts';

let partner: Partner;
removeGroupsAfterwards();
beforeAll(async () => {
  partner = await startPartner();
});
afterAll(() => partner.stop());

const onVersion = (taskGroup: string, version: string) =>
  untilRow(taskGroup, `runs ${version}`, (row) => row.phase === 'Active' && row.release?.version === version);

async function pipelinesOn(key: string, count: number): Promise<string[]> {
  const groups = Array.from({ length: count }, () => newGroup('rollout'));
  const environment = { PARTNER_URL: partner.url };
  await Promise.all(groups.map((taskGroup) => writeItem({ taskGroup, code: { key }, function: { environment } })));
  await Promise.all(groups.map((taskGroup) => untilPhase(taskGroup, 'Active')));
  return groups;
}

const codeOf = async (taskGroup: string) => (await lookAtWhole(taskGroup)).function.Code?.ResolvedS3Object?.S3ObjectVersion;

describe.concurrent('a release', () => {
  test('reaches every pipeline on its key and says how far it is', async () => {
    const { key } = await newCode(nodeConsumer('first'));
    const groups = await pipelinesOn(key, 4);
    const version = await upload(key, nodeConsumer('second'));
    const release = await untilRelease(key, version, 'RolledOut');
    expect(release).toMatchObject({
      total: 4,
      done: 4,
      failed: 0,
      skipped: 0,
      provenFor: ['nodejs24.x index.handler arm64'],
      message: '4 of 4 pipelines run it',
    });
    expect(await Promise.all(groups.map(codeOf))).toEqual(groups.map(() => version));
    const [group = ''] = groups;
    await sendTasks(group, [{ id: 'x' }]);
    await eventually('a task meets the new code', async () =>
      partner.visits.some((visit) => visit.group === group && visit.release === 'second'),
    );
    expect(partner.visits.find((visit) => visit.group === group)?.environmentGroup).toBe(group);
  });

  test('whose handler does not load is refused with the reason, and no pipeline gets it', async () => {
    const { key, version: good } = await newCode(nodeConsumer());
    const groups = await pipelinesOn(key, 2);
    const bad = await upload(key, brokenConsumer());
    const release = await untilRelease(key, bad, 'Refused');
    expect(release.message).toMatch(/pipelines stay as they are.*this release cannot be loaded/);
    expect(await Promise.all(groups.map(codeOf))).toEqual([good, good]);
    expect(await pointerOf(key)).toMatchObject({ version: good, latest: bad });
    await sweep();
    const better = await upload(key, nodeConsumer('better'));
    await Promise.all(groups.map((taskGroup) => onVersion(taskGroup, better)));
  });

  test('that is no zip is refused', async () => {
    const { key, version: good } = await newCode(nodeConsumer());
    const [group = ''] = await pipelinesOn(key, 1);
    const bad = await upload(key, new TextEncoder().encode('this is no zip'));
    const release = await untilRelease(key, bad, 'Refused');
    expect(release.message).toMatch(/pipelines stay as they are/);
    expect(await codeOf(group)).toBe(good);
  });

  test('leaves pinned pipelines alone', async () => {
    const { key, version: pinned } = await newCode(nodeConsumer());
    const taskGroup = newGroup('pinned');
    await writeItem({ taskGroup, code: { key, version: pinned } });
    const [other = ''] = await pipelinesOn(key, 1);
    await untilPhase(taskGroup, 'Active');
    const version = await upload(key, nodeConsumer('next'));
    const release = await untilRelease(key, version, 'RolledOut');
    await onVersion(other, version);
    expect(release.total).toBe(1);
    await sweep();
    expect(await codeOf(taskGroup)).toBe(pinned);
    await writeItem({ taskGroup, code: { key } });
    await onVersion(taskGroup, version);
  });

  test('rolled back, it stays back whatever the sweep, until the next upload', async () => {
    const { key, version: first } = await newCode(nodeConsumer('first'));
    const groups = await pipelinesOn(key, 2);
    const second = await upload(key, nodeConsumer('second'));
    await untilRelease(key, second, 'RolledOut');
    expect(await releaseCommand({ action: 'rollback', codeKey: key })).toMatchObject({ version: first });
    await Promise.all(groups.map((taskGroup) => onVersion(taskGroup, first)));
    expect(await releaseOf(key, second)).toMatchObject({ state: 'RolledBack' });
    await untilRelease(key, first, 'RolledOut');

    const [group = ''] = groups;
    const { updatedAt } = (await rowOf(group)) as { updatedAt: string };
    await aws.lambda.send(
      new UpdateFunctionCodeCommand({
        FunctionName: namesOf(group).function,
        S3Bucket: stage.outputs.CodeBucketName,
        S3Key: key,
        S3ObjectVersion: second,
      }),
    );
    await sweep();
    await untilRow(group, 'swept', (row) => row.updatedAt > updatedAt && row.phase === 'Active');
    expect(await Promise.all(groups.map(codeOf))).toEqual([first, first]);
    expect(await releaseCommand({ action: 'check', codeKey: key })).toMatchObject({ message: 'nothing new' });
    expect((await pointerOf(key))?.version).toBe(first);

    const third = await upload(key, nodeConsumer('third'));
    await Promise.all(groups.map((taskGroup) => onVersion(taskGroup, third)));
  });

  test('stopped, new pipelines alone get it; resumed, all do', async () => {
    const { key, version: first } = await newCode(nodeConsumer('first'));
    const groups = await pipelinesOn(key, 2);
    const second = await upload(key, nodeConsumer('second'));
    await untilRelease(key, second, 'RolledOut');
    await releaseCommand({ action: 'rollback', codeKey: key, version: first });
    await Promise.all(groups.map((taskGroup) => onVersion(taskGroup, first)));
    await releaseCommand({ action: 'rollback', codeKey: key, version: second });
    await releaseCommand({ action: 'stop', codeKey: key });
    const [, stopped] = await Promise.all([sweep(), releaseOf(key, second)]);
    expect(stopped?.state).toBe('Stopped');
    expect(await releaseCommand({ action: 'stop', codeKey: key })).toMatchObject({ message: 'was stopped already' });
    const late = await pipelinesOn(key, 1);
    expect(await codeOf(late[0] as string)).toBe(second);
    await releaseCommand({ action: 'resume', codeKey: key });
    await Promise.all(groups.map((taskGroup) => onVersion(taskGroup, second)));
    await untilRelease(key, second, 'RolledOut');
  });

  test('uploaded last wins, however its events are ordered or doubled', async () => {
    const { key } = await newCode(nodeConsumer('0'));
    const [group = ''] = await pipelinesOn(key, 1);
    const versions: string[] = [];
    for (const release of ['1', '2', '3']) versions.push(await upload(key, nodeConsumer(release)));
    const [one = '', two = '', last = ''] = versions;
    await Promise.all(
      [last, one, two, one, last, two].map((version) => invoke(stage.outputs.CodeUpdaterFunctionName, uploadEvent(key, version))),
    );
    await onVersion(group, last);
    await untilRelease(key, last, 'RolledOut');
    await invoke(stage.outputs.CodeUpdaterFunctionName, uploadEvent(key, one));
    expect(await pointerOf(key)).toMatchObject({ version: last, latest: last });
    expect(await codeOf(group)).toBe(last);
  });

  test('of a command that is none, every problem is named', async () => {
    await expect(releaseCommand({ action: 'undo' })).rejects.toThrow(/action/);
    await expect(releaseCommand({ action: 'rollback', codeKey: 'never/uploaded.zip' })).rejects.toThrow(
      /nothing was uploaded under this key/,
    );
  });
});

/** As S3 tells it, by SNS. */
const uploadEvent = (key: string, versionId: string) => ({
  Records: [
    {
      Sns: {
        Message: JSON.stringify({
          Records: [
            {
              eventName: 'ObjectCreated:Put',
              s3: { bucket: { name: stage.outputs.CodeBucketName }, object: { key: encodeURIComponent(key), versionId } },
            },
          ],
        }),
      },
    },
  ],
});

/** The sweep on whole stages: it hints every group, whatever else it looks at and whatever the groups are called. */
import { expect, it } from 'vitest';
import { zipOf } from './aws/s3.ts';
import { OwnStage, stageNames } from './own-stage.ts';
import { hintsSent, seconds, stageWith } from './stage-steps.ts';

const putItem = (stage: OwnStage, taskGroup: string) =>
  stage.aws.dynamodb.put(stageNames.config, { taskGroup, concurrency: 2, paused: true });

it('hints every group beside a thousand code keys', async () => {
  const stage = new OwnStage({ sweepByHand: true, deaf: true });
  for (let i = 0; i < 1_000; i += 1) {
    const { key: codeKey, versionId: version } = stage.upload(zipOf('one'), `k${i}.zip`);
    const pointer = { codeKey, id: 'pointer', version, latest: version, history: [], stopped: false, revision: 2, updatedAt: 'then' };
    stage.aws.dynamodb.put(stageNames.releases, pointer);
  }
  for (let i = 0; i < 25; i += 1) putItem(stage, `g${i}`);
  void stage.sweep();
  await seconds(stage, 60);
  expect(stage.functions.pipelineSweeper.tally).toMatchObject({ ok: 1, killed: 0, timedOut: 0 });
  expect(stage.rows()).toHaveLength(25);
});

it('hints everybody, also who is called by characters that SQS does not take', async () => {
  const stage = await stageWith([]);
  const groups = ['\u0001\uffff', '\ufffe', ...Array.from({ length: 30 }, (_, i) => `g${i}`)];
  for (const taskGroup of groups) putItem(stage, taskGroup);
  await seconds(stage, 60);
  expect(
    stage
      .rows()
      .map((row) => row.taskGroup)
      .sort(),
  ).toEqual(groups.toSorted());
  const before = stage.aws.log.calls.length;
  void stage.sweep();
  await seconds(stage, 60);
  expect(stage.functions.pipelineSweeper.tally).toMatchObject({ ok: 1, error: 0 });
  expect(hintsSent(stage, before)).toBe(groups.length);
});

/** A mapping that AWS still changes takes no other change: nobody sends one it refuses, and the status says nothing of failures. */
import { expect, it } from 'vitest';
import { type OwnStage, stageNames } from './own-stage.ts';
import { seconds, stageWith, sweep } from './stage-steps.ts';

const slow = { aws: { lambda: { mappingChangeMs: { min: 8_000, max: 10_000 } } } };

function messages(stage: OwnStage, since: number): string[] {
  return stage.aws.log
    .since(since, ({ operation, input }) => operation === 'Put' && input['TableName'] === stageNames.pipelines)
    .map(({ input }) => String((input['Item'] as { message?: string }).message));
}
const refused = (stage: OwnStage) =>
  stage.aws.log.since(0, ({ outcome }) => outcome === 'ResourceInUseException').map(({ operation }) => operation);

it.each<[string, Record<string, unknown>]>([
  ['resumed', { concurrency: 2 }],
  ['raised', { concurrency: 5, paused: true }],
  ['lowered', { concurrency: 2, paused: true, batch: { size: 5 } }],
  ['given more memory', { concurrency: 2, paused: true, function: { memorySize: 512 } }],
])('of a group that is %s in the middle of it', async (_what, fields) => {
  const stage = await stageWith([], slow);
  stage.write({ taskGroup: 'g', concurrency: 2, paused: true });
  await stage.runUntil(() => stage.row('g')?.phase === 'Paused', 60_000);
  const before = stage.aws.log.calls.length;
  stage.write({ taskGroup: 'g', ...fields });
  await sweep(stage, 30);
  expect(stage.row('g')?.phase).toBe(fields['paused'] ? 'Paused' : 'Active');
  expect(refused(stage)).toEqual([]);
  expect(messages(stage, before).filter((message) => /try|fail/.test(message))).toEqual([]);
  expect(
    stage.aws.lambda.mappings.all().map(({ enabled, maximumConcurrency, batchSize }) => ({ enabled, maximumConcurrency, batchSize })),
  ).toEqual([{ enabled: fields['paused'] !== true, maximumConcurrency: fields['concurrency'], batchSize: 'batch' in fields ? 5 : 1 }]);
});

it('of a group that is removed in the middle of it', async () => {
  const stage = await stageWith([], slow);
  stage.write({ taskGroup: 'g', concurrency: 2, onDelete: 'discard' });
  await stage.runUntil(() => stage.row('g')?.phase === 'Active', 60_000);
  const before = stage.aws.log.calls.length;
  stage.remove('g');
  await seconds(stage, 60);
  expect(stage.row('g')).toBeUndefined();
  expect(messages(stage, before).filter((message) => /try|fail/.test(message))).toEqual([]);
});

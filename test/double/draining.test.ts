/** Groups that are paused or removed and come back at once: nothing they were told before may hold them up. */
import { GetQueueAttributesCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { expect, it } from 'vitest';
import { pipelineNames } from '../../lambdas/contract/names.ts';
import { deniesSending } from '../../lambdas/domain/queue-policy.ts';
import type { OwnStage } from './own-stage.ts';
import { seconds, stageWith, standIn, sweep } from './stage-steps.ts';

/** Readers see a queue's policy as it was for so long after a change (API_SetQueueAttributes: up to 60 s). */
function delayPolicies(stage: OwnStage, forSeconds: number): void {
  const { operations } = stage.aws.sqs;
  const former = new Map<unknown, { untilMs: number; policy: string | undefined }>();
  const policyOf = (url: unknown) => stage.aws.sqs.all().find(({ identity }) => identity.url === url)?.attributes['Policy'];
  standIn(operations, SetQueueAttributesCommand, ({ QueueUrl, Attributes }, usual) => {
    if (Attributes && 'Policy' in (Attributes as object))
      former.set(QueueUrl, { untilMs: stage.aws.clock.nowMs() + forSeconds * 1_000, policy: policyOf(QueueUrl) });
    return usual();
  });
  standIn(operations, GetQueueAttributesCommand, ({ QueueUrl }, usual) => {
    const answer = usual() as { Attributes: Record<string, string> };
    const seen = former.get(QueueUrl);
    if (seen?.policy === undefined || stage.aws.clock.nowMs() >= seen.untilMs || !answer.Attributes['Policy']) return answer;
    return { Attributes: { ...answer.Attributes, Policy: seen.policy } };
  });
}

it('takes messages again when it is written again while draining, though SQS still shows the old policy', async () => {
  const stage = await stageWith(['a']);
  const queue = stage.aws.sqs.find(pipelineNames(stage.settings.prefix, 'a', false).queue);
  delayPolicies(stage, 30);
  stage.remove('a');
  await seconds(stage, 10);
  expect([stage.row('a')?.phase, deniesSending(queue?.attributes['Policy'])]).toEqual(['Draining', true]);
  stage.write({ taskGroup: 'a', concurrency: 2 });
  await seconds(stage, 120);
  expect([stage.row('a')?.phase, deniesSending(queue?.attributes['Policy'])]).toEqual(['Active', false]);
});

const mappingsEnabled = (stage: OwnStage) => stage.aws.lambda.mappings.all().map((mapping) => mapping.enabled);
const slowMappings = { aws: { lambda: { mappingChangeMs: { min: 8_000, max: 10_000 } } } };

it('works when it is resumed while the mapping it was created with, paused, is still being made', async () => {
  const stage = await stageWith([], slowMappings);
  stage.write({ taskGroup: 'p', concurrency: 2, paused: true });
  await stage.runUntil(() => stage.row('p')?.phase === 'Paused', 60_000);
  expect(stage.aws.lambda.mappings.all().map((mapping) => mapping.enabled)).toEqual([false]);
  stage.write({ taskGroup: 'p', concurrency: 2 });
  await seconds(stage, 120);
  expect([stage.row('p')?.phase, mappingsEnabled(stage)]).toEqual(['Active', [true]]);
});

it('works when it is changed while paused and resumed while its mapping is still updating', async () => {
  const stage = await stageWith(['p'], slowMappings);
  stage.write({ taskGroup: 'p', concurrency: 2, paused: true });
  await sweep(stage, 60);
  expect([stage.row('p')?.phase, mappingsEnabled(stage)]).toEqual(['Paused', [false]]);
  stage.write({ taskGroup: 'p', concurrency: 3, paused: true });
  await seconds(stage, 3);
  stage.write({ taskGroup: 'p', concurrency: 3 });
  await seconds(stage, 120);
  expect([stage.row('p')?.phase, mappingsEnabled(stage)]).toEqual(['Active', [true]]);
});

/** The watch sees a writer without the lease, a lease that ran out, and nothing wrong in a stage at work. */
import { SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { expect, it } from 'vitest';
import { pipelineNames } from '../../lambdas/contract/names.ts';
import { zipOf } from './aws/s3.ts';
import { OneWriterWatch } from './one-writer.ts';
import { OwnStage } from './own-stage.ts';

async function stageAtWork() {
  const stage = new OwnStage({ sweepByHand: true });
  const watch = new OneWriterWatch(stage, ['alpha']);
  stage.upload(zipOf('one'));
  await stage.aws.clock.advance(10_000);
  stage.write({ taskGroup: 'alpha', concurrency: 2 });
  await stage.runUntil(() => stage.countPhase('Active') === 1, 120_000);
  const QueueUrl = stage.aws.sqs.find(pipelineNames(stage.settings.prefix, 'alpha', false).queue)?.identity.url;
  const { clients, process } = stage.aws.caller('pipelineReconciler#9');
  const write = () =>
    stage.aws.clock.until(clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: '200' } })));
  const lease = () =>
    stage.aws.clock.until(stage.servicesFor({ clients, process }).groupLeases.acquire('alpha', 'me', stage.aws.clock.nowMs()));
  return { stage, watch, write, lease };
}

it('sees nothing wrong in a stage at work', async () => {
  const { watch } = await stageAtWork();
  expect(watch.violations).toEqual([]);
});

it('sees a write without the lease, and after it ran out', async () => {
  const { stage, watch, write, lease } = await stageAtWork();
  await stage.runUntil(() => stage.hintsLeft === 0, 60_000);
  await write();
  expect(watch.violations).toHaveLength(1);
  await lease();
  await write();
  expect(watch.violations).toHaveLength(1);
  await stage.aws.clock.advance(80_000);
  await write();
  expect(watch.violations).toHaveLength(2);
});

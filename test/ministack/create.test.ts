/** A config item written → its pipeline, with everything a pipeline has, on exactly the code that was uploaded. */
import { beforeAll, expect, test } from 'vitest';
import { nodeConsumer } from '../support/consumers.ts';
import { lookAtWhole, newCode, newGroup, removeGroupsAfterwards, untilPhase, writeItem } from '../support/groups.ts';
import { stage } from '../support/shared-stage.ts';

let code: { key: string; version: string };

removeGroupsAfterwards();
beforeAll(async () => {
  code = await newCode(nodeConsumer());
});

test('a pipeline has queues, a function on the uploaded version, its limits and a mapping', async () => {
  const taskGroup = newGroup('create');
  const { key, version } = code;
  await writeItem({ taskGroup, concurrency: 3, code: { key }, tags: { team: 'blue' } });
  const row = await untilPhase(taskGroup, 'Active');
  const { function: fn, queue, deadLetterQueue, mapping, mappings } = await lookAtWhole(taskGroup);

  expect(row).toMatchObject({ reserved: 3, release: { codeKey: key, version }, resources: { queueUrl: expect.stringContaining('/') } });
  expect(fn.Configuration).toMatchObject({
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    MemorySize: 256,
    Timeout: 30,
    Architectures: ['arm64'],
    Role: stage.outputs.ConsumerRoleArn,
    LoggingConfig: { LogGroup: stage.outputs.ConsumerLogGroupName },
  });
  expect(fn.Concurrency?.ReservedConcurrentExecutions).toBe(3);
  expect(fn.Code?.ResolvedS3Object).toMatchObject({ S3Bucket: stage.outputs.CodeBucketName, S3Key: key, S3ObjectVersion: version });

  const ours = { 'sluice:prefix': stage.outputs.Prefix, 'sluice:task-group': taskGroup, team: 'blue' };
  expect(fn.Tags).toEqual(ours);
  expect(queue.tags).toEqual(ours);
  expect(deadLetterQueue.tags).toEqual(ours);

  expect(queue.attributes).toMatchObject({
    VisibilityTimeout: '180',
    MessageRetentionPeriod: '1209600',
    DelaySeconds: '0',
    SqsManagedSseEnabled: 'true',
  });
  expect(JSON.parse(queue.attributes['RedrivePolicy'] ?? '')).toMatchObject({
    deadLetterTargetArn: deadLetterQueue.attributes['QueueArn'],
  });
  expect(deadLetterQueue.attributes['MessageRetentionPeriod']).toBe('1209600');

  expect(mappings).toHaveLength(1);
  expect(mapping).toMatchObject({
    State: 'Enabled',
    EventSourceArn: queue.attributes['QueueArn'],
    BatchSize: 1,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    ScalingConfig: { MaximumConcurrency: 3 },
  });
});

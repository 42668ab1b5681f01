/** Changes that people make by hand to a group's resources, at once and whatever state they are in. Ends like AWS's console would. */
import {
  DeleteEventSourceMappingCommand,
  DeleteFunctionCommand,
  DeleteFunctionConcurrencyCommand,
  PutFunctionConcurrencyCommand,
  UntagResourceCommand,
  UpdateEventSourceMappingCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { DeleteQueueCommand, SetQueueAttributesCommand, TagQueueCommand, UntagQueueCommand } from '@aws-sdk/client-sqs';
import type { Clients } from '../../lambdas/aws/clients.ts';
import { pipelineNames } from '../../lambdas/contract/names.ts';
import { type OwnStage, stageNames } from './own-stage.ts';

export const driftKinds = [
  'deleteFunction',
  'deleteQueue',
  'deleteDeadLetterQueue',
  'deleteMapping',
  'disableMapping',
  'widenMapping',
  'changeVisibility',
  'dropRedrive',
  'openPolicy',
  'retagQueue',
  'untagFunction',
  'changeMemory',
  'changeCode',
  'changeConcurrency',
  'dropConcurrency',
  'loseRow',
  'loseLedger',
] as const;
export type DriftKind = (typeof driftKinds)[number];

/** Does it by hand; what AWS refuses is left. */
export async function drift(stage: OwnStage, clients: Clients, taskGroup: string, fifo: boolean, kind: DriftKind): Promise<void> {
  const { lambda, sqs } = clients;
  const names = pipelineNames(stage.settings.prefix, taskGroup, fifo);
  const FunctionName = names.function;
  const url = (name: string) => stage.aws.sqs.find(name)?.identity.url ?? 'none';
  const setAttributes = (Attributes: Record<string, string>) =>
    sqs.send(new SetQueueAttributesCommand({ QueueUrl: url(names.queue), Attributes }));
  const mapping = stage.aws.lambda.mappings.all().find((candidate) => candidate.functionArn.endsWith(`:${FunctionName}`));
  const UUID = mapping?.uuid ?? 'none';
  const acts: Record<DriftKind, () => Promise<unknown>> = {
    deleteFunction: () => lambda.send(new DeleteFunctionCommand({ FunctionName })),
    deleteQueue: () => sqs.send(new DeleteQueueCommand({ QueueUrl: url(names.queue) })),
    deleteDeadLetterQueue: () => sqs.send(new DeleteQueueCommand({ QueueUrl: url(names.deadLetterQueue) })),
    deleteMapping: () => lambda.send(new DeleteEventSourceMappingCommand({ UUID })),
    disableMapping: () => lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: false })),
    widenMapping: () =>
      lambda.send(new UpdateEventSourceMappingCommand({ UUID, ScalingConfig: { MaximumConcurrency: 50 }, FunctionResponseTypes: [] })),
    changeVisibility: () => setAttributes({ VisibilityTimeout: '777' }),
    dropRedrive: () => setAttributes({ RedrivePolicy: '' }),
    openPolicy: () => setAttributes({ Policy: '' }),
    retagQueue: async () => {
      await sqs.send(new UntagQueueCommand({ QueueUrl: url(names.queue), TagKeys: ['team'] }));
      await sqs.send(new TagQueueCommand({ QueueUrl: url(names.queue), Tags: { by: 'hand' } }));
    },
    untagFunction: () => lambda.send(new UntagResourceCommand({ Resource: stage.aws.lambda.find(FunctionName)?.arn, TagKeys: ['team'] })),
    changeMemory: () => lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, MemorySize: 1_024 })),
    changeCode: () => lambda.send(new UpdateFunctionCodeCommand({ FunctionName, S3Bucket: stageNames.bucket, S3Key: 'by-hand.zip' })),
    changeConcurrency: () => lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 3 })),
    dropConcurrency: () => lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName })),
    loseRow: async () => stage.aws.dynamodb.delete(stageNames.pipelines, { taskGroup }),
    loseLedger: async () => stage.aws.dynamodb.delete(stageNames.control, { pk: 'grant', sk: taskGroup }),
  };
  await acts[kind]().catch(() => undefined);
}

/**
 * The baseline: a loop without a budget, as one writes it first. Fifty workers, each call tried three times as the SDK
 * does, waiting by GetFunctionConfiguration. What it cannot do in three tries fails.
 */
import {
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  GetFunctionConfigurationCommand,
  PutFunctionConcurrencyCommand,
  UpdateFunctionCodeCommand,
} from '@aws-sdk/client-lambda';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { AwsDouble, type DoubleCaller } from '../test/double/aws/double.ts';
import { zipOf } from '../test/double/aws/s3.ts';
import { type CallFigures, callFigures } from './lambda-calls.ts';

const workers = 50;

export interface NaiveFigures {
  create: CallFigures & { ms: number; failed: number };
  rollout: CallFigures & { ms: number; failed: number };
}

export async function naiveLoop(pipelines: number, accountConcurrency: number): Promise<NaiveFigures> {
  const aws = new AwsDouble({ lambda: { accountConcurrency } });
  aws.log.keepInputs = false;
  aws.s3.createBucket('code');
  const first = aws.s3.put('code', 'consumer.zip', zipOf('one'));
  const second = aws.s3.put('code', 'consumer.zip', zipOf('two'));
  const caller = aws.caller('naive');
  const create = await measured(aws, pipelines, (i) => createOne(caller, i, first.versionId));
  await aws.clock.advance(60_000);
  const rollout = await measured(aws, pipelines, (i) => updateOne(caller, i, second.versionId));
  return { create, rollout };
}

async function measured(aws: AwsDouble, pipelines: number, work: (i: number) => Promise<void>) {
  const startMs = aws.clock.nowMs();
  const firstCall = aws.log.calls.length;
  let next = 0;
  let failed = 0;
  const worker = async () => {
    while (next < pipelines) {
      const i = next++;
      await work(i).catch(() => {
        failed += 1;
      });
    }
  };
  await aws.clock.until(Promise.all(Array.from({ length: workers }, worker)));
  return { ...callFigures(aws.log.calls.slice(firstCall)), ms: aws.clock.nowMs() - startMs, failed };
}

async function createOne({ clients, process: { clock } }: DoubleCaller, i: number, version: string): Promise<void> {
  const name = `naive-${i}`;
  await clients.sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: { VisibilityTimeout: '180' } }));
  const Code = { S3Bucket: 'code', S3Key: 'consumer.zip', S3ObjectVersion: version };
  const Role = 'arn:aws:iam::123456789012:role/consumer';
  await tried(clock, () =>
    clients.lambda.send(
      new CreateFunctionCommand({ FunctionName: name, Role, Code, Runtime: 'nodejs24.x', Handler: 'index.handler', Timeout: 30 }),
    ),
  );
  for (;;) {
    const { State } = await tried(clock, () => clients.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name })));
    if (State === 'Active') break;
    await clock.sleep(1_000);
  }
  await tried(clock, () => clients.lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: name, ReservedConcurrentExecutions: 1 })));
  const EventSourceArn = `arn:aws:sqs:eu-central-1:123456789012:${name}`;
  await tried(clock, () =>
    clients.lambda.send(
      new CreateEventSourceMappingCommand({ FunctionName: name, EventSourceArn, ScalingConfig: { MaximumConcurrency: 2 } }),
    ),
  );
}

async function updateOne({ clients, process: { clock } }: DoubleCaller, i: number, version: string): Promise<void> {
  const code = { FunctionName: `naive-${i}`, S3Bucket: 'code', S3Key: 'consumer.zip', S3ObjectVersion: version };
  await tried(clock, () => clients.lambda.send(new UpdateFunctionCodeCommand(code)));
}

/** The SDK's standard mode: three tries, half a second and then a second apart when throttled. */
async function tried<T>(clock: { sleep(ms: number): Promise<void> }, call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'TooManyRequestsException' || tries === 3) throw error;
      await clock.sleep(500 * 2 ** (tries - 1));
    }
  }
}

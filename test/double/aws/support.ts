/** Short ways to talk to a double in tests: one caller, one clock, one bucket with a working zip. Test code only. */
import {
  CreateEventSourceMappingCommand,
  type CreateEventSourceMappingCommandInput,
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  type EventSourceMappingConfiguration,
} from '@aws-sdk/client-lambda';
import { AwsDouble } from './double.ts';
import { zipOf } from './s3.ts';
import type { SettingsChange } from './settings.ts';

export const role = 'arn:aws:iam::123456789012:role/consumer';

export function world(change: SettingsChange = {}) {
  const aws = new AwsDouble(change);
  aws.s3.createBucket('code');
  const zip = aws.s3.put('code', 'consumer.zip', zipOf('one'));
  const { clients } = aws.caller('test');
  const wait = <T>(promise: Promise<T>) => aws.clock.until(promise);
  return {
    aws,
    clients,
    zip,
    wait,
    advance: (ms: number) => aws.clock.advance(ms),
    createFunction: (change: Partial<CreateFunctionCommandInput> = {}) =>
      wait(clients.lambda.send(new CreateFunctionCommand(functionInput(change, zip.versionId)))),
    createMapping: (change: Partial<CreateEventSourceMappingCommandInput> = {}): Promise<EventSourceMappingConfiguration> =>
      wait(
        clients.lambda.send(
          new CreateEventSourceMappingCommand({
            FunctionName: 'f',
            EventSourceArn: queueArn('q'),
            ScalingConfig: { MaximumConcurrency: 2 },
            BatchSize: 1,
            ...change,
          }),
        ),
      ),
    /** The name of the error that a call ends in, or `ok`. */
    outcome: async (call: () => Promise<unknown>): Promise<string> => {
      try {
        await wait(call());
        return 'ok';
      } catch (error) {
        return (error as Error).name;
      }
    },
  };
}

export const queueArn = (name: string) => `arn:aws:sqs:eu-central-1:123456789012:${name}`;
export const functionArn = (name: string) => `arn:aws:lambda:eu-central-1:123456789012:function:${name}`;
export const queueUrl = (name: string) => `https://sqs.eu-central-1.amazonaws.com/123456789012/${name}`;

function functionInput(change: Partial<CreateFunctionCommandInput>, version: string): CreateFunctionCommandInput {
  return {
    FunctionName: 'f',
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Role: role,
    Timeout: 30,
    MemorySize: 256,
    Code: { S3Bucket: 'code', S3Key: 'consumer.zip', S3ObjectVersion: version, S3ObjectStorageMode: 'REFERENCE' },
    ...change,
  };
}

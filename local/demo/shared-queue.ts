/**
 * What one has without Sluice, to compare with: every group's tasks on one queue, and one function with four consumers
 * on it. It runs the same code as the pipelines; a task the partner refuses goes back and comes again.
 */
import {
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  PutFunctionConcurrencyCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { CreateQueueCommand, GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { LocalClients } from '../clients.ts';

export const sharedConsumers = 4;
const name = 'demo-shared-queue';
const timeoutSeconds = 10;
/** How long a refused task stays away. AWS asks for six timeouts; less lets this side end sooner. */
export const refusedTaskWaitsSeconds = 10;

/** Makes queue, function and mapping; returns the queue's URL. */
export async function makeSharedQueue(clients: LocalClients, roleArn: string, zip: Uint8Array, partnerUrl: string): Promise<string> {
  const { QueueUrl } = await clients.sqs.send(
    new CreateQueueCommand({ QueueName: name, Attributes: { VisibilityTimeout: String(refusedTaskWaitsSeconds) } }),
  );
  const queue = await clients.sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  await clients.lambda.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: roleArn,
      Code: { ZipFile: zip },
      MemorySize: 256,
      Timeout: timeoutSeconds,
      Environment: { Variables: { PARTNER_URL: partnerUrl } },
    }),
  );
  await waitUntilFunctionActiveV2({ client: clients.lambda, maxWaitTime: 30, minDelay: 0.2, maxDelay: 1 }, { FunctionName: name });
  await clients.lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: name, ReservedConcurrentExecutions: sharedConsumers }));
  await clients.lambda.send(
    new CreateEventSourceMappingCommand({
      EventSourceArn: queue.Attributes?.['QueueArn'],
      FunctionName: name,
      BatchSize: 1,
      ScalingConfig: { MaximumConcurrency: sharedConsumers },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    }),
  );
  return QueueUrl as string;
}

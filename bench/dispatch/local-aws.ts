/** A local AWS to send to: a bucket with task files, a function that accepts and runs nothing, and queues. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateFunctionCommand,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { CreateQueueCommand, DeleteQueueCommand } from '@aws-sdk/client-sqs';
import { zipSync } from 'fflate';
import { localClients } from '../../local/clients.ts';
import { localAccount, localRegion, startMiniStack } from '../../local/ministack.ts';
import { startDelayProxy } from './delay-proxy.ts';
import { fileText } from './tasks.ts';

export const bucket = 'bench-tasks';
export const functionName = 'bench-target';
export const fileKey = (count: number) => `tasks-${count}.ndjson`;

/** How the AWS is reached: at once, or each call so late. */
export interface Way {
  delayMs: number;
  environment: Record<string, string>;
}

export async function startLocalAws(sizes: readonly number[], delayMs: number) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const ministack = await startMiniStack({ folder });
  const proxy = await startDelayProxy({ port: ministack.port, delayMs });
  const clients = localClients({ ...ministack, region: localRegion, accessKey: localAccount, secretKey: 'test' });
  await clients.s3.send(new CreateBucketCommand({ Bucket: bucket }));
  for (const size of sizes) await clients.s3.send(new PutObjectCommand({ Bucket: bucket, Key: fileKey(size), Body: fileText(size) }));
  await createTarget(clients.lambda);

  const way = (port: number, delay: number): Way => ({
    delayMs: delay,
    environment: {
      ...ministack.clientEnvironment(),
      AWS_ENDPOINT_URL: `http://localhost:${port}`,
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
    },
  });
  return {
    ways: [way(ministack.port, 0), way(proxy.port, delayMs)] as const,
    /** A queue of its own: MiniStack slows down with the length of one. Its address is that of the way. */
    async withQueue<T>({ environment }: Way, use: (queueUrl: string) => Promise<T>): Promise<T> {
      const { QueueUrl = '' } = await clients.sqs.send(new CreateQueueCommand({ QueueName: `bench-${crypto.randomUUID()}` }));
      const onTheWay = new URL(new URL(QueueUrl).pathname, environment['AWS_ENDPOINT_URL']).href;
      return use(onTheWay).finally(() => clients.sqs.send(new DeleteQueueCommand({ QueueUrl })));
    },
    async stop() {
      await proxy.stop();
      await ministack.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
export type LocalAws = Awaited<ReturnType<typeof startLocalAws>>;

/** It may not run, and is not tried again: what is measured is sending, and not what the machine does with it. */
async function createTarget(lambda: ReturnType<typeof localClients>['lambda']): Promise<void> {
  const ZipFile = zipSync({ 'index.mjs': new TextEncoder().encode('export const handler = async () => undefined;') });
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: functionName,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: `arn:aws:iam::${localAccount}:role/bench`,
      Code: { ZipFile },
    }),
  );
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 30 }, { FunctionName: functionName });
  await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: functionName, ReservedConcurrentExecutions: 0 }));
  await lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName: functionName, MaximumRetryAttempts: 0 }));
}

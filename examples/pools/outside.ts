/** The part outside of Lambda: a queue that the consumer may send to, and the process that works through it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { CreateQueueCommand, DeleteQueueCommand, GetQueueAttributesCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { Stage } from '../../cli/aws/connect.ts';
import type { LocalStage } from '../../cli/stage/local-stage.ts';
import type { Undo } from './undo.ts';

export const queuePrefix = 'example-pools-';

/** Returns the address of the queue. */
export async function makeQueue({ clients: { sqs }, output }: Stage, run: string, undo: Undo): Promise<string> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: `${queuePrefix}${run}` }));
  if (QueueUrl === undefined) throw new Error('SQS made a queue and told no address of it');
  undo.add(`queue ${QueueUrl}`, async () => {
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
  });
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const Statement = {
    Effect: 'Allow',
    Principal: { AWS: output('ConsumerRoleArn') },
    Action: 'sqs:SendMessage',
    Resource: Attributes?.['QueueArn'],
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [Statement] });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  return QueueUrl;
}

/** Ends with us, however we end: it notices that we are gone. */
export async function startWorker(queueUrl: string, local: LocalStage | undefined, undo: Undo): Promise<void> {
  const worker = fork(fileURLToPath(new URL('outside-worker.ts', import.meta.url)), {
    env: { ...process.env, ...(local ? environmentOf(local) : {}), OUTSIDE_QUEUE_URL: queueUrl },
    // Its words on what goes wrong must not draw over the picture.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const said: string[] = [];
  worker.stderr?.on('data', (text: Buffer) => said.push(text.toString()));
  undo.add('the worker outside', async () => {
    await ended(worker);
    if (said.length > 0) process.stderr.write(said.join(''));
  });
  await once(worker, 'spawn');
}

async function ended(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  const gone = once(worker, 'exit');
  worker.kill();
  await gone;
}

/** Of the local stage, and nothing of the user's own. */
const environmentOf = ({ endpoint, region, accessKey, secretKey }: LocalStage) => ({
  AWS_ENDPOINT_URL: endpoint,
  AWS_REGION: region,
  AWS_ACCESS_KEY_ID: accessKey,
  AWS_SECRET_ACCESS_KEY: secretKey,
  AWS_SESSION_TOKEN: undefined,
  AWS_PROFILE: undefined,
});

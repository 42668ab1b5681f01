/**
 * A worker outside of Lambda, a process of its own: `OUTSIDE_QUEUE_URL=… node outside-worker.ts`. Takes what the consumer
 * handed on, says by HTTP that it is alive, which step is done and what came of it. Ends with whoever started it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteMessageCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { alive, LeaseLost, say } from './lease-words.ts';
import { OutsideWork } from './work.ts';

const QueueUrl = process.env['OUTSIDE_QUEUE_URL'];
const sqs = new SQSClient();

async function takeWork(): Promise<never> {
  for (;;) {
    const asked = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 10 });
    const { Messages = [] } = await sqs.send(asked).catch(tellAndWait);
    // As many at once as come: the pool's capacity bounds them.
    for (const message of Messages) void take(message).catch((error: unknown) => console.error('outside worker:', error));
  }
}

/** The message goes at once: if we die it is the lease that brings the job back, not the queue. */
async function take({ Body = '', ReceiptHandle }: Message): Promise<void> {
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  await run(OutsideWork.parse(JSON.parse(Body)));
}

async function run({ lease, seconds, fails }: OutsideWork): Promise<void> {
  try {
    await alive(lease, 'solve', (signal) => sleep((fails ? seconds / 2 : seconds) * 1_000, undefined, { signal }));
    if (fails) {
      await say(lease, 'failure', { class: 'TRANSIENT', message: 'node 17 of the cluster is gone', step: 'solve' });
      return;
    }
    await say(lease, 'steps/solve', { result: { node: process.pid } });
    await say(lease, 'result', { result: { pool: 'the cluster', fence: lease.fence } });
  } catch (error) {
    if (!(error instanceof LeaseLost)) throw error;
  }
}

async function tellAndWait(error: unknown): Promise<{ Messages?: Message[] }> {
  console.error('outside worker: the queue does not answer, asking again:', error instanceof Error ? error.message : error);
  await sleep(1_000);
  return {};
}

if (QueueUrl === undefined) {
  console.error('✖ OUTSIDE_QUEUE_URL is not set: it names the queue that the consumer hands work on by.');
  process.exit(2);
}
if (process.send !== undefined) {
  // Ctrl-C reaches us, too; whoever started us ends us when it has tidied up.
  process.on('SIGINT', () => {});
  process.on('disconnect', () => process.exit(0));
}
await takeWork();

/**
 * The consumer of all three pools: works through a job's steps, or hands them to a worker outside of Lambda where its pool
 * has one. Copy either half.
 */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { defineConsumer, type TaskContext } from 'sluice/consumer';
import { type OutsideWork, Work } from './work.ts';

export const handler = defineConsumer({
  schema: Work,
  async task(work, ctx) {
    // Recorded: an attempt after a failure does not fetch again, whichever pool it is on.
    const fetched = await ctx.step('fetch', () => fetchInputs(work, ctx));
    // Of the pool's config item.
    const outsideQueue = process.env['OUTSIDE_QUEUE_URL'];
    if (outsideQueue !== undefined) return handOn(outsideQueue, work, ctx);
    await ctx.step('solve', () => ctx.sleep(work.seconds * 800));
    return { pool: ctx.group, ...fetched };
  },
});

/** Stands for reading what the job lists as its inputs. */
async function fetchInputs({ seconds }: Work, ctx: TaskContext): Promise<{ fetchedAt: string }> {
  await ctx.sleep(seconds * 200);
  return { fetchedAt: ctx.group };
}

/**
 * With the lease the worker has all it needs: no rights in AWS but those on its queue. An invocation that dies behind the
 * send is a failed attempt: what it sent has an older lease then, and whoever works by it is told to stop.
 */
async function handOn(QueueUrl: string, { seconds, failsOnce }: Work, ctx: TaskContext) {
  if (ctx.lease === undefined) throw new Error('this pool takes jobs that state needs, and no others');
  const work: OutsideWork = { lease: ctx.lease, seconds: seconds * 0.8, fails: failsOnce && ctx.attempt === 1 };
  const sqs = new SQSClient();
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(work) }), { abortSignal: ctx.signal });
  return ctx.pending('the cluster');
}

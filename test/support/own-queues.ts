/** The stage's own queues: what is in them, and having their messages come back sooner for a while, so that one that failed and could not be put off is not waited for. */
import { GetQueueAttributesCommand, ListQueuesCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { aws } from './groups.ts';
import { stage } from './shared-stage.ts';

/** Longer than a look takes here, and sooner than a test ends. */
const seconds = 15;

export async function queuesOf(construct: string): Promise<string[]> {
  const { QueueUrls = [] } = await aws.sqs.send(new ListQueuesCommand({ QueueNamePrefix: `${stage.outputs.Prefix}-${construct}` }));
  if (QueueUrls.length === 0) throw new Error(`${construct} has no queues`);
  return QueueUrls;
}

/** Those that anybody may have, has, or is to have. */
export async function messagesIn(QueueUrl: string): Promise<number> {
  const kinds = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible', 'ApproximateNumberOfMessagesDelayed'] as const;
  const { Attributes = {} } = await aws.sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...kinds] }));
  return kinds.reduce((sum, kind) => sum + Number(Attributes[kind] ?? 0), 0);
}

/** `constructs`: the queues whose names begin with one of them. */
export async function withMessagesBackSoon<T>(constructs: readonly string[], work: () => Promise<T>): Promise<T> {
  const QueueUrls = (await Promise.all(constructs.map(queuesOf))).flat();
  const AttributeNames = ['VisibilityTimeout' as const];
  const before = await Promise.all(
    QueueUrls.map(async (QueueUrl) => (await aws.sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }))).Attributes ?? {}),
  );
  const set = (QueueUrl: string, Attributes: Record<string, string>) =>
    aws.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
  await Promise.all(QueueUrls.map((url) => set(url, { VisibilityTimeout: String(seconds) })));
  try {
    return await work();
  } finally {
    await Promise.all(QueueUrls.map((url, i) => set(url, before[i] ?? {})));
  }
}

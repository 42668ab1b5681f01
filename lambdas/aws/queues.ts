/** A pipeline's queues: seen, made, changed, taken away. Every call is idempotent. */
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  type QueueAttributeName,
  SetQueueAttributesCommand,
  TagQueueCommand,
  UntagQueueCommand,
} from '@aws-sdk/client-sqs';
import { isOurs, type Tags } from '../contract/tags.ts';
import type { DesiredQueue } from '../domain/desired.ts';
import type { ObservedQueue } from '../domain/observed.ts';
import type { Clients } from './clients.ts';
import { ForeignResourceError, ifThere, isQueueMissing, named } from './errors.ts';

type Sqs = Clients['sqs'];

/** What our own row says of a group's queues. */
export interface KnownQueues {
  urls: readonly (string | undefined)[];
  /** Tags we set and nobody is expected to have changed since; SQS takes 30 tag calls a second, for the whole account. */
  tags?: Tags | undefined;
}

/** The queue as it is, with its tags; undefined where there is none. Throws {@link ForeignResourceError} for one not ours. */
export async function observeQueue(sqs: Sqs, prefix: string, name: string, known: KnownQueues): Promise<ObservedQueue | undefined> {
  return named('GetQueueAttributes', name, () =>
    ifThere(isQueueMissing, async () => {
      const knownUrl = known.urls.find((url) => url?.endsWith(`/${name}`));
      const url = knownUrl ?? (await sqs.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl;
      if (url === undefined) return undefined;
      const [{ Attributes = {} }, tags] = await Promise.all([
        sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] })),
        knownUrl && known.tags ? known.tags : queueTags(sqs, url),
      ]);
      if (!isOurs(prefix, tags)) throw new ForeignResourceError('queue', name);
      return { url, name, attributes: Attributes, tags: tags ?? {}, messages: messagesIn(Attributes) };
    }),
  );
}

function messagesIn(attributes: Record<string, string>): number {
  const counts: QueueAttributeName[] = [
    'ApproximateNumberOfMessages',
    'ApproximateNumberOfMessagesNotVisible',
    'ApproximateNumberOfMessagesDelayed',
  ];
  return counts.reduce((sum, count) => sum + Number(attributes[count] ?? 0), 0);
}

/** Returns the queue's URL. */
export async function createQueue(sqs: Sqs, queue: DesiredQueue, tags: Tags): Promise<string> {
  const { QueueUrl } = await named('CreateQueue', queue.name, () =>
    sqs.send(new CreateQueueCommand({ QueueName: queue.name, Attributes: queue.attributes, tags })),
  );
  return QueueUrl ?? '';
}

export const setQueueAttributes = (sqs: Sqs, url: string, attributes: Record<string, string>) =>
  named('SetQueueAttributes', url, () => sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: attributes })));

export const tagQueue = (sqs: Sqs, url: string, tags: Tags) =>
  named('TagQueue', url, () => sqs.send(new TagQueueCommand({ QueueUrl: url, Tags: tags })));

export const untagQueue = (sqs: Sqs, url: string, keys: string[]) =>
  named('UntagQueue', url, () => sqs.send(new UntagQueueCommand({ QueueUrl: url, TagKeys: keys })));

export const deleteQueue = (sqs: Sqs, url: string) =>
  named('DeleteQueue', url, () => ifThere(isQueueMissing, () => sqs.send(new DeleteQueueCommand({ QueueUrl: url }))));

/** URLs of all queues whose name starts with `namePrefix`. */
export async function listQueueUrls(sqs: Sqs, namePrefix: string): Promise<string[]> {
  const urls: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await sqs.send(
      new ListQueuesCommand({ QueueNamePrefix: namePrefix, MaxResults: 1_000, ...(nextToken ? { NextToken: nextToken } : {}) }),
    );
    urls.push(...(page.QueueUrls ?? []));
    nextToken = page.NextToken;
  } while (nextToken);
  return urls;
}

export async function queueTags(sqs: Sqs, url: string): Promise<Tags | undefined> {
  return ifThere(isQueueMissing, async () => (await sqs.send(new ListQueueTagsCommand({ QueueUrl: url }))).Tags ?? {});
}

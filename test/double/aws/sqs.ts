/** SQS: the operations on queues and their messages. What a queue does with a message is in `queue.ts`. */
import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListDeadLetterSourceQueuesCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  TagQueueCommand,
  UntagQueueCommand,
} from '@aws-sdk/client-sqs';
import type { VirtualClock } from '../virtual-clock.ts';
import { AwsError } from './errors.ts';
import { type Message, type Outgoing, Queue } from './queue.ts';
import { checkAttributes, initialAttributes, redrivePolicyOf } from './queue-attributes.ts';
import { RateLimit } from './rate-limit.ts';
import { Later, type Operations, on } from './service.ts';
import type { DoubleSettings } from './settings.ts';

type Url = { QueueUrl?: string | undefined };
interface SendInput {
  MessageBody?: string | undefined;
  DelaySeconds?: number | undefined;
  MessageGroupId?: string | undefined;
  MessageDeduplicationId?: string | undefined;
  MessageAttributes?: Record<string, { DataType?: string | undefined; StringValue?: string | undefined }> | undefined;
}

/** Characters no message may hold (API_SendMessage). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const notInXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u;
const tagOperations = ['TagQueue', 'UntagQueue', 'ListQueueTags'];

export class SqsDouble {
  readonly operations: Operations;
  readonly #clock: VirtualClock;
  readonly #settings: DoubleSettings;
  readonly #queues = new Map<string, Queue>();
  readonly #deletedAtMs = new Map<string, number>();
  readonly #counts = new Map<string, { atMs: number; counts: ReturnType<Queue['counts']> }>();
  readonly #tagging: RateLimit;

  constructor(clock: VirtualClock, settings: DoubleSettings) {
    this.#clock = clock;
    this.#settings = settings;
    this.#tagging = new RateLimit(settings.sqs.tagCallsPerSecond);
    this.operations = new Map([
      on(CreateQueueCommand, (input) => this.#create(input.QueueName ?? '', { ...input.Attributes }, { ...input.tags })),
      on(DeleteQueueCommand, (input) => this.#deleteQueue(input)),
      on(GetQueueUrlCommand, (input) => ({ QueueUrl: this.#named(input.QueueName ?? '').identity.url })),
      on(ListQueuesCommand, (input) => this.#list(input)),
      on(GetQueueAttributesCommand, (input) => ({ Attributes: this.#attributes(input, input.AttributeNames ?? []) })),
      on(SetQueueAttributesCommand, (input) => this.#setAttributes(input, { ...input.Attributes })),
      on(ListQueueTagsCommand, (input) => ({ Tags: { ...this.#at(input).tags } })),
      on(TagQueueCommand, (input) => this.#tag(input, input.Tags ?? {})),
      on(UntagQueueCommand, (input) => this.#untag(input, input.TagKeys ?? [])),
      on(ListDeadLetterSourceQueuesCommand, (input) => ({
        queueUrls: this.#sourcesOf(this.#at(input)).map((queue) => queue.identity.url),
      })),
      on(PurgeQueueCommand, (input) => this.#purge(input)),
      on(SendMessageCommand, (input) => sent(this.#send(this.#at(input), input))),
      on(SendMessageBatchCommand, (input) => this.#sendBatch(input, input.Entries ?? [])),
      on(ReceiveMessageCommand, (input) => this.#receiveCall(input)),
      on(DeleteMessageCommand, (input) => this.#deleteMessage(this.#at(input), input.ReceiptHandle ?? '')),
      on(DeleteMessageBatchCommand, (input) =>
        eachEntry(input.Entries ?? [], (entry) => this.#deleteMessage(this.#at(input), entry.ReceiptHandle ?? '')),
      ),
      on(ChangeMessageVisibilityCommand, (input) => this.#changeVisibility(this.#at(input), input)),
      on(ChangeMessageVisibilityBatchCommand, (input) =>
        eachEntry(input.Entries ?? [], (entry) => this.#changeVisibility(this.#at(input), entry)),
      ),
    ]);
  }

  /** SQS limits tagging calls alone (SQS/quotas-queues). */
  throttle(operation: string): void {
    if (tagOperations.includes(operation) && !this.#tagging.accepts(this.#clock.nowMs()))
      throw new AwsError('RequestThrottled', 'Rate exceeded', 403);
  }

  all(): Queue[] {
    return [...this.#queues.values()];
  }

  find(name: string): Queue | undefined {
    return this.#queues.get(name);
  }

  byArn(arn: string): Queue | undefined {
    const queue = this.#queues.get(arn.split(':').at(-1) ?? '');
    return queue?.identity.arn === arn ? queue : undefined;
  }

  /** Makes a queue at once, as a template would have. */
  createQueue(name: string, attributes: Record<string, string> = {}, tags: Record<string, string> = {}): Queue {
    this.#create(name, attributes, tags);
    return this.#named(name);
  }

  /** Receives at once, as an event source mapping's poller does. */
  receive(queue: Queue, max: number): Message[] {
    return queue.receive(max, this.#clock.nowMs(), (message, arn) => this.byArn(arn)?.accept(message, this.#clock.nowMs()));
  }

  #create(name: string, attributes: Record<string, string>, tags: Record<string, string>): { QueueUrl: string } {
    const fifo = name.endsWith('.fifo');
    this.#checkName(name, fifo, attributes);
    const identity = {
      name,
      url: `https://sqs.${this.#settings.region}.amazonaws.com/${this.#settings.account}/${name}`,
      arn: this.#arn(name),
      fifo,
      createdMs: this.#clock.nowMs(),
    };
    checkAttributes(attributes, { arn: identity.arn, fifo, deadLetterQueue: (arn) => this.byArn(arn)?.identity });
    const existing = this.#queues.get(name);
    if (existing) return this.#sameQueue(existing, attributes);
    const deletedAtMs = this.#deletedAtMs.get(name);
    if (deletedAtMs !== undefined && this.#clock.nowMs() < deletedAtMs + this.#settings.sqs.nameReuseMs) {
      throw new AwsError(
        'QueueDeletedRecently',
        'You must wait 60 seconds after deleting a queue before you can create another with the same name.',
      );
    }
    this.#queues.set(name, new Queue(identity, { ...initialAttributes(fifo), ...attributes }, tags));
    return { QueueUrl: identity.url };
  }

  #checkName(name: string, fifo: boolean, attributes: Record<string, string>): void {
    if (!/^[A-Za-z0-9_-]{1,80}(\.fifo)?$/.test(name) || name.length > 80) {
      throw new AwsError('InvalidParameterValue', 'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length');
    }
    if (fifo !== (attributes['FifoQueue'] === 'true')) {
      throw new AwsError(
        'InvalidParameterValue',
        fifo
          ? 'The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length'
          : 'Unknown Attribute FifoQueue.',
      );
    }
  }

  /** API_CreateQueue: the same attributes give the queue, others an error; tags are not compared and not set. */
  #sameQueue(existing: Queue, attributes: Record<string, string>): { QueueUrl: string } {
    const different = Object.entries(attributes).find(([name, value]) => existing.attributes[name] !== value);
    if (different)
      throw new AwsError(
        'QueueNameExists',
        `A queue already exists with the same name and a different value for attribute ${different[0]}`,
      );
    return { QueueUrl: existing.identity.url };
  }

  #deleteQueue(input: Url): object {
    const { name } = this.#at(input).identity;
    this.#queues.delete(name);
    this.#deletedAtMs.set(name, this.#clock.nowMs());
    this.#counts.delete(name);
    return {};
  }

  #list(input: { QueueNamePrefix?: string | undefined; MaxResults?: number | undefined; NextToken?: string | undefined }): object {
    const names = [...this.#queues.keys()].filter((name) => name.startsWith(input.QueueNamePrefix ?? '')).sort();
    const start = input.NextToken === undefined ? 0 : names.findIndex((name) => name > (input.NextToken as string));
    if (start < 0) return {};
    const page = names.slice(start, start + (input.MaxResults ?? 1_000));
    const more = start + page.length < names.length && input.MaxResults !== undefined;
    return {
      ...(page.length > 0 && { QueueUrls: page.map((name) => this.#named(name).identity.url) }),
      ...(more && { NextToken: page.at(-1) }),
    };
  }

  #attributes(input: Url, names: readonly string[]): Record<string, string> {
    const queue = this.#at(input);
    const counts = this.#approximateCounts(queue);
    const all: Record<string, string> = {
      ...queue.attributes,
      QueueArn: queue.identity.arn,
      CreatedTimestamp: String(Math.floor(queue.identity.createdMs / 1_000)),
      LastModifiedTimestamp: String(Math.floor(queue.modifiedMs / 1_000)),
      ApproximateNumberOfMessages: String(counts.visible),
      ApproximateNumberOfMessagesNotVisible: String(counts.inFlight),
      ApproximateNumberOfMessagesDelayed: String(counts.delayed),
    };
    if (names.includes('All')) return all;
    return Object.fromEntries(names.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])));
  }

  #approximateCounts(queue: Queue): ReturnType<Queue['counts']> {
    const nowMs = this.#clock.nowMs();
    const known = this.#counts.get(queue.identity.name);
    if (known && nowMs < known.atMs + this.#settings.sqs.countLagMs) return known.counts;
    const counts = queue.counts(nowMs);
    this.#counts.set(queue.identity.name, { atMs: nowMs, counts });
    return counts;
  }

  #setAttributes(input: Url, attributes: Record<string, string>): object {
    const queue = this.#at(input);
    const { arn, fifo } = queue.identity;
    if (attributes['FifoQueue'] !== undefined) throw new AwsError('InvalidAttributeName', 'Unknown Attribute FifoQueue.');
    checkAttributes(attributes, { arn, fifo, deadLetterQueue: (other) => this.byArn(other)?.identity });
    queue.setAttributes(attributes, this.#clock.nowMs(), this.#settings.sqs.attributePropagationMs);
    return {};
  }

  #tag(input: Url, tags: Record<string, string>): object {
    const queue = this.#at(input);
    const merged = { ...queue.tags, ...tags };
    if (Object.keys(merged).length > 50) throw new AwsError('InvalidParameterValue', 'Too many tags added for queue.');
    queue.tags = merged;
    return {};
  }

  #untag(input: Url, keys: readonly string[]): object {
    const queue = this.#at(input);
    queue.tags = Object.fromEntries(Object.entries(queue.tags).filter(([key]) => !keys.includes(key)));
    return {};
  }

  #sourcesOf(target: Queue): Queue[] {
    return this.all().filter((queue) => redrivePolicyOf(queue.attributes)?.deadLetterTargetArn === target.identity.arn);
  }

  #purge(input: Url): object {
    this.#at(input).purge();
    return {};
  }

  #send(queue: Queue, input: SendInput): Message {
    if (!input.MessageBody) throw new AwsError('MissingParameter', 'The request must contain the parameter MessageBody.');
    if (notInXml.test(input.MessageBody))
      throw new AwsError(
        'InvalidMessageContents',
        'Invalid binary character was found in the message body, the set of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF',
      );
    if (Object.keys(input.MessageAttributes ?? {}).length > 10)
      throw new AwsError('InvalidParameterValue', 'Number of message attributes exceeds the allowed maximum (10).');
    if (input.MessageBody.length > queue.seconds('MaximumMessageSize'))
      throw new AwsError(
        'InvalidParameterValue',
        'One or more parameters are invalid. Reason: Message must be shorter than the maximum size.',
      );
    if ((input.DelaySeconds ?? 0) > 900 || (queue.identity.fifo && input.DelaySeconds !== undefined)) {
      throw new AwsError('InvalidParameterValue', `Value ${input.DelaySeconds} for parameter DelaySeconds is invalid.`);
    }
    // A standard queue takes a message group, for fairness (SQS/sqs-fair-queues), and no deduplication id.
    if (!queue.identity.fifo && input.MessageDeduplicationId !== undefined)
      throw new AwsError(
        'InvalidParameterValue',
        'The request include parameter MessageDeduplicationId which is not valid for this queue type.',
      );
    return queue.send(outgoingOf(input), this.#clock.nowMs());
  }

  #sendBatch(input: Url, entries: readonly ({ Id?: string | undefined } & SendInput)[]): object {
    const queue = this.#at(input);
    const bytes = entries.reduce((sum, entry) => sum + Buffer.byteLength(entry.MessageBody ?? ''), 0);
    if (bytes > 1_048_576) throw new AwsError('BatchRequestTooLong', 'Batch requests cannot be longer than 1048576 bytes.');
    return eachEntry(entries, (entry) => sent(this.#send(queue, entry)));
  }

  #receiveCall(
    input: Url & { MaxNumberOfMessages?: number | undefined; VisibilityTimeout?: number | undefined; WaitTimeSeconds?: number | undefined },
  ): object | Later {
    const queue = this.#at(input);
    const max = input.MaxNumberOfMessages ?? 1;
    if (max < 1 || max > 10)
      throw new AwsError(
        'InvalidParameterValue',
        `Value ${max} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.`,
      );
    const receive = () =>
      queue.receive(
        max,
        this.#clock.nowMs(),
        (message, arn) => this.byArn(arn)?.accept(message, this.#clock.nowMs()),
        input.VisibilityTimeout,
      );
    const answer = (messages: Message[]) => (messages.length > 0 ? { Messages: messages.map(received) } : {});
    const first = receive();
    if (first.length > 0 || !input.WaitTimeSeconds) return answer(first);
    return new Later(input.WaitTimeSeconds * 1_000, () => answer(receive()));
  }

  #deleteMessage(queue: Queue, receiptHandle: string): object {
    queue.delete(receiptHandle);
    return {};
  }

  #changeVisibility(queue: Queue, entry: { ReceiptHandle?: string | undefined; VisibilityTimeout?: number | undefined }): object {
    queue.changeVisibility(entry.ReceiptHandle ?? '', entry.VisibilityTimeout ?? 0, this.#clock.nowMs());
    return {};
  }

  #arn(name: string): string {
    return `arn:aws:sqs:${this.#settings.region}:${this.#settings.account}:${name}`;
  }

  #at(input: Url): Queue {
    return this.#named(input.QueueUrl?.split('/').at(-1) ?? '');
  }

  #named(name: string): Queue {
    const queue = this.#queues.get(name);
    if (!queue)
      throw new AwsError('QueueDoesNotExist', 'The specified queue does not exist.', 400, {
        Code: 'AWS.SimpleQueueService.NonExistentQueue',
      });
    return queue;
  }
}

const outgoingOf = (input: SendInput): Outgoing => ({
  body: input.MessageBody ?? '',
  delaySeconds: input.DelaySeconds,
  groupId: input.MessageGroupId,
  deduplicationId: input.MessageDeduplicationId,
  messageAttributes: input.MessageAttributes as Outgoing['messageAttributes'],
});

const sent = (message: Message) => ({ MessageId: message.id, MD5OfMessageBody: 'double' });

function received(message: Message): object {
  return {
    MessageId: message.id,
    ReceiptHandle: message.receiptHandle,
    Body: message.body,
    Attributes: messageSystemAttributes(message),
    MessageAttributes: { ...message.messageAttributes },
  };
}

export function messageSystemAttributes(message: Message): Record<string, string> {
  return {
    ApproximateReceiveCount: String(message.receiveCount),
    SentTimestamp: String(message.sentMs),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedMs ?? 0),
    SenderId: 'double',
    ...(message.groupId !== undefined && { MessageGroupId: message.groupId }),
    ...(message.deduplicationId !== undefined && {
      MessageDeduplicationId: message.deduplicationId,
      SequenceNumber: String(message.sequenceNumber),
    }),
    ...(message.deadLetterSource !== undefined && { DeadLetterQueueSourceArn: message.deadLetterSource }),
  };
}

/** A batch call: each entry answers for itself inside a 200 (API_SendMessageBatch). */
function eachEntry<Entry extends { Id?: string | undefined }>(entries: readonly Entry[], perform: (entry: Entry) => object): object {
  if (entries.length === 0) throw new AwsError('EmptyBatchRequest', 'There should be at least one entry in the request.');
  if (entries.length > 10) throw new AwsError('TooManyEntriesInBatchRequest', 'Maximum number of entries per request are 10.');
  if (new Set(entries.map((entry) => entry.Id)).size < entries.length)
    throw new AwsError('BatchEntryIdsNotDistinct', 'Two or more batch entries in the request have the same Id.');
  const Successful: object[] = [];
  const Failed: object[] = [];
  for (const entry of entries) {
    try {
      Successful.push({ Id: entry.Id, ...perform(entry) });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      Failed.push({ Id: entry.Id, Code: error.name, Message: error.message, SenderFault: true });
    }
  }
  return { Successful, Failed };
}

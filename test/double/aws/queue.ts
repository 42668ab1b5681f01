/**
 * One queue and its messages: sending, receiving, visibility, receive counts, FIFO order and deduplication, retention.
 * It moves messages to a dead-letter queue through `moveToDeadLetterQueue`; it checks no attributes and knows no URLs.
 */
import { createHash } from 'node:crypto';
import { AwsError } from './errors.ts';
import { type Attributes, policyDenies, redrivePolicyOf } from './queue-attributes.ts';

export interface Message {
  id: string;
  body: string;
  messageAttributes: Record<string, { DataType: string; StringValue?: string }>;
  groupId: string | undefined;
  deduplicationId: string | undefined;
  sequenceNumber: number;
  sentMs: number;
  firstReceivedMs: number | undefined;
  receivedMs: number;
  receiveCount: number;
  visibleAtMs: number;
  /** The latest receive's; undefined before the first and after a hand-back by time. */
  receiptHandle: string | undefined;
  deadLetterSource: string | undefined;
}

export interface Outgoing {
  body: string;
  delaySeconds?: number | undefined;
  groupId?: string | undefined;
  deduplicationId?: string | undefined;
  messageAttributes?: Message['messageAttributes'] | undefined;
}

export interface QueueIdentity {
  name: string;
  url: string;
  arn: string;
  fifo: boolean;
  createdMs: number;
}

/** How long a FIFO queue remembers a deduplication id (SQS/FIFO-queues-exactly-once-processing). */
const deduplicationMs = 300_000;
/** API_ChangeMessageVisibility: 12 hours from the receive. */
const maxVisibilityMs = 43_200_000;

let nextMessage = 1;

export class Queue {
  readonly identity: QueueIdentity;
  attributes: Attributes;
  tags: Record<string, string>;
  modifiedMs: number;
  readonly #messages = new Map<string, Message>();
  readonly #deduplication = new Map<string, { untilMs: number; messageId: string }>();
  readonly #waiting = new Set<() => void>();
  #policyBefore: { attributes: Attributes; untilMs: number } | undefined;

  constructor(identity: QueueIdentity, attributes: Attributes, tags: Record<string, string>) {
    this.identity = identity;
    this.attributes = attributes;
    this.tags = tags;
    this.modifiedMs = identity.createdMs;
  }

  get size(): number {
    return this.#messages.size;
  }

  messages(): Message[] {
    return [...this.#messages.values()];
  }

  seconds(attribute: string): number {
    return Number(this.attributes[attribute] ?? 0);
  }

  setAttributes(changes: Attributes, nowMs: number, propagationMs: number): void {
    if (propagationMs > 0) this.#policyBefore = { attributes: this.attributes, untilMs: nowMs + propagationMs };
    const merged = { ...this.attributes, ...changes };
    for (const name of ['Policy', 'RedrivePolicy', 'RedriveAllowPolicy', 'KmsMasterKeyId']) if (merged[name] === '') delete merged[name];
    this.attributes = merged;
    this.modifiedMs = nowMs;
  }

  send(outgoing: Outgoing, nowMs: number): Message {
    if (policyDenies(this.#attributesInForce(nowMs), 'SendMessage'))
      throw new AwsError('AccessDenied', 'Access to the resource is denied with an explicit deny in a resource-based policy.', 403);
    const deduplicationId = this.#deduplicationId(outgoing);
    const known = deduplicationId === undefined ? undefined : this.#deduplication.get(deduplicationId);
    if (known && known.untilMs > nowMs) return this.#messages.get(known.messageId) ?? this.#build(outgoing, deduplicationId, nowMs);
    const message = this.#build(outgoing, deduplicationId, nowMs);
    if (deduplicationId !== undefined)
      this.#deduplication.set(deduplicationId, { untilMs: nowMs + deduplicationMs, messageId: message.id });
    this.#add(message);
    return message;
  }

  /** Takes up to `max` visible messages; one that was received too often goes to the dead-letter queue instead. */
  receive(
    max: number,
    nowMs: number,
    moveToDeadLetterQueue: (message: Message, arn: string) => void,
    visibilitySeconds = this.seconds('VisibilityTimeout'),
  ): Message[] {
    this.#expire(nowMs);
    const redrive = redrivePolicyOf(this.attributes);
    const taken: Message[] = [];
    for (const message of this.#receivable(nowMs)) {
      if (redrive && message.receiveCount >= redrive.maxReceiveCount) {
        this.#messages.delete(message.id);
        moveToDeadLetterQueue({ ...message, deadLetterSource: this.identity.arn }, redrive.deadLetterTargetArn);
        continue;
      }
      this.#take(message, nowMs, visibilitySeconds);
      taken.push(message);
      if (taken.length >= max) break;
    }
    return taken;
  }

  /** Puts a message in that another queue gave up, its age kept (standard) or new (FIFO). */
  accept(message: Message, nowMs: number): void {
    this.#add({ ...message, sentMs: this.identity.fifo ? nowMs : message.sentMs, visibleAtMs: nowMs, receiptHandle: undefined });
  }

  delete(receiptHandle: string): void {
    const message = this.#byReceipt(receiptHandle);
    if (message) this.#messages.delete(message.id);
    this.#wake();
  }

  /** API_ChangeMessageVisibility. */
  changeVisibility(receiptHandle: string, seconds: number, nowMs: number): void {
    if (seconds < 0 || seconds > 43_200)
      throw new AwsError(
        'InvalidParameterValue',
        `Value ${seconds} for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an integer between 0 and 43200.`,
      );
    const message = this.#byReceipt(receiptHandle);
    if (!message)
      throw new AwsError(
        'InvalidParameterValue',
        `Value ${receiptHandle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.`,
      );
    if (message.visibleAtMs <= nowMs)
      throw new AwsError(
        'MessageNotInflight',
        `Value ${receiptHandle} for parameter ReceiptHandle is invalid. Reason: Message is not in flight.`,
      );
    if (nowMs + seconds * 1_000 > message.receivedMs + maxVisibilityMs)
      throw new AwsError(
        'InvalidParameterValue',
        `Value ${seconds} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds].`,
      );
    message.visibleAtMs = nowMs + seconds * 1_000;
    this.#wake();
  }

  counts(nowMs: number): { visible: number; inFlight: number; delayed: number } {
    this.#expire(nowMs);
    const counts = { visible: 0, inFlight: 0, delayed: 0 };
    for (const message of this.#messages.values()) {
      if (message.visibleAtMs <= nowMs) counts.visible += 1;
      else if (message.receiveCount > 0) counts.inFlight += 1;
      else counts.delayed += 1;
    }
    return counts;
  }

  /** The next instant at which a message that waits becomes visible. */
  nextVisibleMs(nowMs: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const message of this.#messages.values()) if (message.visibleAtMs > nowMs) next = Math.min(next, message.visibleAtMs);
    return next;
  }

  /** Calls back once when the queue changes. */
  onceChanged(callback: () => void): void {
    this.#waiting.add(callback);
  }

  purge(): void {
    this.#messages.clear();
  }

  #attributesInForce(nowMs: number): Attributes {
    return this.#policyBefore && nowMs < this.#policyBefore.untilMs ? this.#policyBefore.attributes : this.attributes;
  }

  #deduplicationId(outgoing: Outgoing): string | undefined {
    if (!this.identity.fifo) return undefined;
    if (outgoing.groupId === undefined) throw new AwsError('MissingParameter', 'The request must contain the parameter MessageGroupId.');
    if (outgoing.deduplicationId !== undefined) return outgoing.deduplicationId;
    if (this.attributes['ContentBasedDeduplication'] === 'true') return createHash('sha256').update(outgoing.body).digest('hex');
    throw new AwsError(
      'InvalidParameterValue',
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  }

  #build(outgoing: Outgoing, deduplicationId: string | undefined, nowMs: number): Message {
    const delayMs = (outgoing.delaySeconds ?? this.seconds('DelaySeconds')) * 1_000;
    const sequenceNumber = nextMessage++;
    return {
      id: `message-${sequenceNumber}`,
      body: outgoing.body,
      messageAttributes: outgoing.messageAttributes ?? {},
      groupId: outgoing.groupId,
      deduplicationId,
      sequenceNumber,
      sentMs: nowMs,
      firstReceivedMs: undefined,
      receivedMs: 0,
      receiveCount: 0,
      visibleAtMs: nowMs + delayMs,
      receiptHandle: undefined,
      deadLetterSource: undefined,
    };
  }

  #add(message: Message): void {
    this.#messages.set(message.id, message);
    this.#wake();
  }

  #take(message: Message, nowMs: number, visibilitySeconds: number): void {
    message.receiveCount += 1;
    message.firstReceivedMs ??= nowMs;
    message.receivedMs = nowMs;
    message.visibleAtMs = nowMs + visibilitySeconds * 1_000;
    message.receiptHandle = `${message.id}#${message.receiveCount}`;
  }

  /** Visible messages in order; of a FIFO group nothing while an earlier message of it is in flight or delayed. */
  *#receivable(nowMs: number): Generator<Message> {
    const blocked = new Set<string>();
    for (const message of this.#messages.values()) {
      const group = this.identity.fifo ? message.groupId : undefined;
      if (group !== undefined && blocked.has(group)) continue;
      if (message.visibleAtMs <= nowMs) yield message;
      else if (group !== undefined) blocked.add(group);
    }
  }

  #byReceipt(receiptHandle: string): Message | undefined {
    const message = this.#messages.get(receiptHandle.split('#')[0] ?? '');
    // A standard queue may still delete with an older handle, but not reliably: here only the latest works.
    return message?.receiptHandle === receiptHandle ? message : undefined;
  }

  #expire(nowMs: number): void {
    const oldest = nowMs - this.seconds('MessageRetentionPeriod') * 1_000;
    for (const message of this.#messages.values()) {
      if (message.sentMs > oldest) break;
      this.#messages.delete(message.id);
    }
  }

  #wake(): void {
    if (this.#waiting.size === 0) return;
    const callbacks = [...this.#waiting];
    this.#waiting.clear();
    for (const callback of callbacks) callback();
  }
}

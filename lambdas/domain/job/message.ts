/** A stored task as the message its task group's queue is sent. Pure. */
import { createHash } from 'node:crypto';
import type { TaskError } from '../../contract/job.ts';
import type { StoredTask } from '../../contract/job-table.ts';
import { queueLimits } from '../../contract/limits.ts';
import { jobTaskId, type Lease, type Letter, taskAttributes } from '../../contract/task-wire.ts';
import { type Attributes, letterText, wireText } from '../task/letter.ts';
import type { Packed } from './pack.ts';

/** As SQS takes it, but for the id within a batch. */
export interface QueueMessage {
  MessageBody: string;
  MessageAttributes: Attributes;
  MessageGroupId: string;
  MessageDeduplicationId?: string;
  DelaySeconds?: number;
}

export interface MessageContext {
  job: string;
  taskGroup: string;
  fifo: boolean;
  /** Above 0 the task's consumer begins a new life of it, because of the letter that travels with it. */
  life: number;
  /** What it failed with in the life before. */
  previous?: { error?: TaskError | undefined; attempts: number } | undefined;
  nowMs: number;
  deadlineMs: number;
  /** Of a job that was placed on this pool. */
  lease?: Lease | undefined;
}

/**
 * `MessageGroupId` is the job's on a standard queue, too: SQS then serves the jobs of a queue fairly (SQS/sqs-fair-queues).
 * A FIFO queue keeps the order of one, so it is the lane as well.
 */
export function queueMessage(task: StoredTask, context: MessageContext): Packed & { entry: QueueMessage } {
  const { job, fifo, life } = context;
  const group = fifo ? (task.messageGroup ?? job) : job;
  const MessageBody = wireText(task.body);
  const MessageAttributes = attributesOf(task, context, Buffer.byteLength(MessageBody));
  // Who has a task tried again has it tried now.
  const delay = fifo || life > 0 ? 0 : delaySeconds(task, context.nowMs);
  const entry = {
    MessageBody,
    MessageAttributes,
    MessageGroupId: group,
    ...(fifo ? { MessageDeduplicationId: hash(`${job}/${task.n}/${life}${leaseOf(context)}`) } : {}),
    ...(delay > 0 ? { DelaySeconds: delay } : {}),
  };
  return { entry, bytes: Buffer.byteLength(MessageBody) + bytesOf(MessageAttributes), ...(fifo ? { lane: group } : {}) };
}

/** Each lease's task is another message; sent again within SQS's five minutes it is the same. */
const leaseOf = ({ lease }: MessageContext) => (lease === undefined ? '' : `/${lease.fence}`);

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

/** A queue can hold a message back for so long, and no longer: who is due later is not to be sent yet. */
const delaySeconds = ({ runAtMs = 0 }: StoredTask, nowMs: number) =>
  Math.min(queueLimits.delaySeconds.max, Math.max(0, Math.ceil((runAtMs - nowMs) / 1_000)));

function attributesOf(task: StoredTask, context: MessageContext, bodyBytes: number): Attributes {
  const attributes = texts({
    [taskAttributes.task]: jobTaskId(context.job, task.n, task.id),
    [taskAttributes.job]: context.job,
    [taskAttributes.deadline]: String(context.deadlineMs),
    ...(context.lease === undefined ? {} : { [taskAttributes.lease]: JSON.stringify(context.lease) }),
  });
  if (context.life === 0) return attributes;
  const letter = letterOf(task, context);
  const whole = { ...attributes, ...texts({ [taskAttributes.letter]: letterText(letter) }) };
  if (bodyBytes + bytesOf(whole) <= queueLimits.messageBytes) return whole;
  // A task that fills its message has no room for words; the new life needs none.
  const { job: _job, step: _step, ...least } = letter;
  return { ...attributes, ...texts({ [taskAttributes.letter]: letterText({ ...least, message: '' }) }) };
}

function letterOf({ n, id }: StoredTask, { job, taskGroup, life, previous, nowMs }: MessageContext): Letter {
  const { class: errorClass = 'TRANSIENT', message = 'tried again', step } = previous?.error ?? {};
  return {
    v: 1,
    task: jobTaskId(job, n, id),
    group: taskGroup,
    job,
    class: errorClass,
    message,
    attempt: previous?.attempts ?? 0,
    time: new Date(nowMs).toISOString(),
    ...(step === undefined ? {} : { step }),
    redrives: life,
    history: [],
    by: 'sluice',
  };
}

const texts = (values: Record<string, string>): Attributes =>
  Object.fromEntries(Object.entries(values).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]));

/** Names, types and values count (SQS/quotas-messages). */
const bytesOf = (attributes: Attributes) =>
  Object.entries(attributes).reduce(
    (sum, [name, { DataType, StringValue = '' }]) => sum + Buffer.byteLength(name) + DataType.length + Buffer.byteLength(StringValue),
    0,
  );

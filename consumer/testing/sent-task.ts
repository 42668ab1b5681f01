/** A task that a test has sent, as Lambda hands it over. */
import type { SQSRecord } from 'aws-lambda';
import { jobTaskId, type Lease, taskAttributes } from '../../lambdas/contract/task-wire.ts';

export interface SendOptions {
  /** The sender's id of the task. */
  id?: string;
  /** Sends it as a task of this job: its id is `<job>/<n>`, with `id` behind it, and what becomes of it is reported. */
  job?: string;
  /**
   * Sends it as the task of a job that was placed on this pool: with a lease, the next one of `job` (default `placed`).
   * `leaseSeconds`: default 300. `attributes` may replace what the lease says.
   */
  placed?: true | { leaseSeconds?: number };
  /** When it must have ended. */
  deadline?: Date;
  attributes?: Record<string, string>;
  messageGroup?: string;
}

/** A message as it was sent. */
export interface Sent {
  messageId: string;
  /** Among all that were sent, and so its number in its job. */
  number: number;
  text: string;
  options: SendOptions;
  sentAtMs: number;
  lease?: Lease | undefined;
}

export function recordOf(sent: Sent, receives: number): SQSRecord {
  const { messageId, text, options, sentAtMs } = sent;
  const { messageGroup } = options;
  const texts = attributesOf(sent);
  return {
    messageId,
    receiptHandle: `${messageId}/${receives}`,
    body: text,
    attributes: {
      ApproximateReceiveCount: String(receives),
      SentTimestamp: String(sentAtMs),
      SenderId: 'test',
      ApproximateFirstReceiveTimestamp: String(sentAtMs),
      ...(messageGroup === undefined ? {} : { MessageGroupId: messageGroup }),
    },
    messageAttributes: Object.fromEntries(Object.entries(texts).map(([name, stringValue]) => [name, { dataType: 'String', stringValue }])),
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:test',
    awsRegion: 'us-east-1',
  };
}

function attributesOf({ number, options, lease }: Sent): Record<string, string> {
  const { id, job, deadline, attributes } = options;
  // A job that is placed is one task.
  const task = job === undefined ? id : jobTaskId(job, lease === undefined ? number : 1, id);
  return {
    ...(lease === undefined ? {} : { [taskAttributes.lease]: JSON.stringify(lease) }),
    ...attributes,
    ...(task === undefined ? {} : { [taskAttributes.task]: task }),
    ...(job === undefined ? {} : { [taskAttributes.job]: job }),
    ...(deadline === undefined ? {} : { [taskAttributes.deadline]: String(deadline.getTime()) }),
  };
}

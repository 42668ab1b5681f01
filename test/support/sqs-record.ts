/** A message as Lambda hands it to a consumer. Test code only. */
import type { SQSRecord } from 'aws-lambda';

export interface RecordOptions {
  body?: unknown;
  receives?: number;
  /** The message group of a FIFO task. */
  group?: string;
  attributes?: Record<string, string>;
  sentAtMs?: number;
  /** Default: the message's id and its receives. */
  receipt?: string;
}

export function sqsRecord(messageId: string, options: RecordOptions = {}): SQSRecord {
  const { body = {}, receives = 1, group, attributes = {}, sentAtMs = 0, receipt = `${messageId}/${receives}` } = options;
  return {
    messageId,
    receiptHandle: receipt,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    attributes: {
      ApproximateReceiveCount: String(receives),
      SentTimestamp: String(sentAtMs),
      SenderId: 'test',
      ApproximateFirstReceiveTimestamp: String(sentAtMs),
      ...(group === undefined ? {} : { MessageGroupId: group }),
    },
    messageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, stringValue]) => [name, { dataType: 'String', stringValue }]),
    ),
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:test',
    awsRegion: 'us-east-1',
  };
}

/** SQS events as Lambda hands them over. Pure. */
import { randomUUID } from 'node:crypto';
import type { SQSEvent, SQSRecord } from 'aws-lambda';

export function sqsEvent(size: number): SQSEvent {
  return { Records: Array.from({ length: size }, (_, i) => record(i)) };
}

const record = (i: number): SQSRecord => ({
  messageId: randomUUID(),
  receiptHandle: `AQEB${randomUUID().repeat(6)}`,
  body: JSON.stringify({ orderId: i, customer: 'a customer of some name', cents: 100 + i }),
  attributes: {
    ApproximateReceiveCount: '1',
    SentTimestamp: '1795000000000',
    SenderId: 'AIDAEXAMPLEEXAMPLE00',
    ApproximateFirstReceiveTimestamp: '1795000000100',
  },
  messageAttributes: {},
  md5OfBody: 'd41d8cd98f00b204e9800998ecf8427e',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:eu-central-1:123456789012:sluice-bench-bench-0123456789',
  awsRegion: 'eu-central-1',
});

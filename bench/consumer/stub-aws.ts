/**
 * AWS at the network edge, answering at once: the SDK serializes, signs and parses as ever, and only the wire is left
 * out. Every answer is the one of a table without items. Counts what was asked.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { ConsumerClients } from '../../consumer/aws/aws-ports.ts';

export interface StubAws {
  clients: ConsumerClients;
  /** Calls by operation. */
  calls: Map<string, number>;
}

const empty = new TextEncoder().encode('{}');

export function stubAws(): StubAws {
  const calls = new Map<string, number>();
  const handle = async ({ headers }: { headers: Record<string, string> }) => {
    const operation = headers['x-amz-target']?.split('.')[1] ?? 'unknown';
    calls.set(operation, (calls.get(operation) ?? 0) + 1);
    return { response: { statusCode: 200, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: empty } };
  };
  const options = {
    region: 'eu-central-1',
    credentials: { accessKeyId: 'example', secretAccessKey: 'example' },
    maxAttempts: 1,
    requestHandler: { handle },
  };
  const documents = DynamoDBDocumentClient.from(new DynamoDBClient(options), { marshallOptions: { removeUndefinedValues: true } });
  return { clients: { sqs: new SQSClient(options), documents }, calls };
}

/** The same without the SDK: what is left is our own part. */
export const answeredAtOnce: ConsumerClients = { sqs: { send: async () => ({}) }, documents: { send: async () => ({}) } };

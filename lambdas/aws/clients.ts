/**
 * The SDK clients our functions talk through. Only `send` is used, so that a double which enforces AWS's rules can stand in.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

export interface Clients {
  lambda: Pick<LambdaClient, 'send'>;
  sqs: Pick<SQSClient, 'send'>;
  s3: Pick<S3Client, 'send'>;
  /** DynamoDB with plain JavaScript values. */
  documents: Pick<DynamoDBDocumentClient, 'send'>;
}

/**
 * Of every client of a function on AWS. A call that hangs is cut off well within a reconcile, so that its lease does not
 * outlive its usefulness; throttled and failed calls are tried three times by the SDK (its `standard` mode).
 */
export const clientOptions = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
};

export function sdkClients(): Clients {
  return {
    lambda: new LambdaClient(clientOptions),
    sqs: new SQSClient(clientOptions),
    s3: new S3Client(clientOptions),
    documents: DynamoDBDocumentClient.from(new DynamoDBClient(clientOptions), {
      marshallOptions: { removeUndefinedValues: true },
      // A number that JavaScript cannot hold stays text, for the rules of the item to name; as it is, reading the item would throw.
      unmarshallOptions: { wrapNumbers: (text: string) => (isHeldExactly(text) ? Number(text) : text) },
    }),
  };
}

const isHeldExactly = (text: string) => (/^[-+]?\d+$/.test(text) ? Number.isSafeInteger(Number(text)) : Number.isFinite(Number(text)));

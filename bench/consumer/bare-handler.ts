/** A handler without the library, over the same clients: what an author starts from. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';

export const clients = { sqs: new SQSClient({}), documents: DynamoDBDocumentClient.from(new DynamoDBClient({})) };

export const handler = async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
  for (const { body } of Records) JSON.parse(body);
  return { batchItemFailures: [] };
};

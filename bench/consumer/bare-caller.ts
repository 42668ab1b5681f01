/** The bare handler that reads one item with its first batch, as most do sooner or later. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';

export const sqs = new SQSClient({});
const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));

export const handler = async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
  await documents.send(new GetCommand({ TableName: 'any', Key: { pk: 'a', sk: 'b' } }));
  for (const { body } of Records) JSON.parse(body);
  return { batchItemFailures: [] };
};

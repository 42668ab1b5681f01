/**
 * SDK clients for a local stage. Everything they need is handed over, so no AWS setting of the user's takes part.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

export interface LocalStage {
  endpoint: string;
  s3Endpoint: string;
  region: string;
  /** 12 digits; on MiniStack the access key is the account. */
  accessKey: string;
  secretKey: string;
}

export interface LocalClients {
  lambda: LambdaClient;
  sqs: SQSClient;
  s3: S3Client;
  documents: DynamoDBDocumentClient;
}

export function localClients(stage: LocalStage): LocalClients {
  const options = {
    endpoint: stage.endpoint,
    region: stage.region,
    credentials: { accessKeyId: stage.accessKey, secretAccessKey: stage.secretKey },
  };
  return {
    lambda: new LambdaClient(options),
    sqs: new SQSClient(options),
    s3: new S3Client({ ...options, endpoint: stage.s3Endpoint, forcePathStyle: true }),
    documents: DynamoDBDocumentClient.from(new DynamoDBClient(options), { marshallOptions: { removeUndefinedValues: true } }),
  };
}

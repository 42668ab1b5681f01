/** The tests' own SDK clients: root of the local account, straight to the local AWS, its certificate trusted. */
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

export interface ClientTarget {
  endpoint: string;
  s3Endpoint: string;
  region: string;
  account: string;
  caFile: string;
}

export function awsClients({ endpoint, s3Endpoint, region, account, caFile }: ClientTarget) {
  const options = {
    endpoint,
    region,
    credentials: { accessKeyId: account, secretAccessKey: 'local' },
    requestHandler: { httpsAgent: new Agent({ keepAlive: true, ca: readFileSync(caFile), maxSockets: 50 }) },
  };
  return {
    lambda: new LambdaClient(options),
    sqs: new SQSClient(options),
    s3: new S3Client({ ...options, endpoint: s3Endpoint, forcePathStyle: true }),
    documents: DynamoDBDocumentClient.from(new DynamoDBClient(options), { marshallOptions: { removeUndefinedValues: true } }),
  };
}
export type AwsClients = ReturnType<typeof awsClients>;

/** SDK clients: for AWS by the user's own settings, for a local stage by what it says, so that no AWS setting takes part. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { LocalStage } from '../stage/local-stage.ts';

export interface Clients {
  sqs: Pick<SQSClient, 'send'>;
  s3: Pick<S3Client, 'send'>;
  documents: Pick<DynamoDBDocumentClient, 'send'>;
}

/** Five tries: a command runs beside consumers that use up the same limits. */
const maxAttempts = 5;

export const awsClients = (): Clients => ({
  sqs: new SQSClient({ maxAttempts }),
  s3: new S3Client({ maxAttempts }),
  documents: DynamoDBDocumentClient.from(new DynamoDBClient({ maxAttempts })),
});

export function localClients({ endpoint, s3Endpoint, region, accessKey, secretKey }: LocalStage): Clients {
  const options = { endpoint, region, credentials: { accessKeyId: accessKey, secretAccessKey: secretKey } };
  return {
    sqs: new SQSClient(options),
    s3: new S3Client({ ...options, endpoint: s3Endpoint, forcePathStyle: true }),
    documents: DynamoDBDocumentClient.from(new DynamoDBClient(options)),
  };
}

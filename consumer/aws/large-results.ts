/** Results too large for the table or a report, as objects of the data bucket. The S3 client comes with the first of them. */
import type { LargeResults } from '../ports.ts';
import { clientOptions } from './client-options.ts';

export function largeResults(bucket: string): LargeResults {
  let loaded: ReturnType<typeof load> | undefined;
  const s3 = () => {
    loaded ??= load();
    return loaded;
  };
  return {
    async put(key, json) {
      const { client, PutObjectCommand } = await s3();
      await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: json, ContentType: 'application/json' }));
    },

    async get(key) {
      const { client, GetObjectCommand } = await s3();
      const answer = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key })).catch(unlessGone);
      if (answer === undefined) return undefined;
      const { Body } = answer;
      if (Body === undefined) throw new Error(`object ${key} of ${bucket} is empty`);
      return Body.transformToString();
    },
  };
}

function unlessGone(error: unknown): undefined {
  if (!(error instanceof Error && error.name === 'NoSuchKey')) throw error;
}

async function load() {
  const { GetObjectCommand, PutObjectCommand, S3Client } = await import('@aws-sdk/client-s3');
  return { client: new S3Client(clientOptions), GetObjectCommand, PutObjectCommand };
}

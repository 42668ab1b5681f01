/** Objects that the API writes: the task file of a job whose tasks came with its request, and a large result. */
import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { Clients } from '../clients.ts';
import { named } from '../errors.ts';

export interface NewObject {
  bucket: string;
  key: string;
  body: Buffer;
  type: 'application/json' | 'application/x-ndjson';
}

export async function putObject(s3: Clients['s3'], { bucket, key, body, type }: NewObject): Promise<void> {
  await named('PutObject', key, () => s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: type })));
}

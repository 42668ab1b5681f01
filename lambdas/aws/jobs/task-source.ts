/** The object a job's tasks are to be read from, as it is now: another one under its key is not read later. */
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { z } from 'zod';
import type { TaskSource } from '../../contract/job-table.ts';
import type { Clients } from '../clients.ts';
import { AwsCallError } from '../errors.ts';

export interface Named {
  bucket: string;
  key: string;
  versionId?: string | undefined;
}

/** `missing`: not there, not to be read by us, or not a name S3 takes; which of them S3 does not always tell. */
export type FoundSource = { kind: 'there'; source: TaskSource } | { kind: 'missing'; status: number };

const Refusal = z.object({ $metadata: z.object({ httpStatusCode: z.number() }) });
/** Of ours to try again, and not of the name. */
const passing = [408, 429];

export async function findSource(s3: Clients['s3'], { bucket, key, versionId }: Named): Promise<FoundSource> {
  try {
    const head = await s3.send(
      new HeadObjectCommand({ Bucket: bucket, Key: key, ...(versionId === undefined ? {} : { VersionId: versionId }) }),
    );
    const source = {
      bucket,
      key,
      ...(versionId === undefined ? {} : { versionId }),
      etag: head.ETag ?? '',
      bytes: head.ContentLength ?? 0,
    };
    return { kind: 'there', source };
  } catch (error) {
    const status = Refusal.safeParse(error).data?.$metadata.httpStatusCode ?? 500;
    if (status >= 300 && status < 500 && !passing.includes(status)) return { kind: 'missing', status };
    throw new AwsCallError('HeadObject', `${bucket}/${key}`, error);
  }
}

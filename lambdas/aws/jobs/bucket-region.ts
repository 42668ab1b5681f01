/** Where a bucket is, as far as S3 tells: pools that name regions are chosen by it, and nothing else hangs on it. */
import { HeadBucketCommand } from '@aws-sdk/client-s3';
import type { Clients } from '../clients.ts';
import { AwsCallError } from '../errors.ts';
import { statusOf } from './object-bytes.ts';

/** Undefined where S3 does not tell us. */
export async function bucketRegion(s3: Clients['s3'], Bucket: string): Promise<string | undefined> {
  try {
    return (await s3.send(new HeadBucketCommand({ Bucket }))).BucketRegion;
  } catch (error) {
    const status = statusOf(error);
    if (status !== undefined && status < 500) return undefined;
    throw new AwsCallError('HeadBucket', Bucket, error);
  }
}

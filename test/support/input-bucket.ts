/** The bucket of others whose files jobs of the shared stage may name. Made by whoever needs it first; keeps versions. */
import { CreateBucketCommand, PutBucketVersioningCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { sharedSettings } from './deploy-shared-stage.ts';
import { aws } from './groups.ts';

export const [inputBucket] = sharedSettings.inputBuckets;

export async function makeInputBucket(): Promise<void> {
  try {
    await aws.s3.send(new CreateBucketCommand({ Bucket: inputBucket }));
  } catch (error) {
    if (!(error instanceof Error && error.name === 'BucketAlreadyOwnedByYou')) throw error;
  }
  const VersioningConfiguration = { Status: 'Enabled' as const };
  await aws.s3.send(new PutBucketVersioningCommand({ Bucket: inputBucket, VersioningConfiguration }));
}

/** Its version. */
export async function putInput(key: string, content: string): Promise<string> {
  const { VersionId } = await aws.s3.send(new PutObjectCommand({ Bucket: inputBucket, Key: key, Body: content }));
  if (VersionId === undefined) throw new Error('the bucket keeps no versions');
  return VersionId;
}

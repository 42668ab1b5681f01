/** The code bucket: which version of a key is the newest, and whether one is there. */
import { DeleteObjectsCommand, HeadObjectCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import type { Clients } from './clients.ts';
import { ifThere, isObjectMissing, named } from './errors.ts';

export interface UploadedCode {
  version: string;
  sizeBytes: number;
  uploadedAt: string;
}

/** The newest version of `codeKey`, or the given one; undefined where there is none (or it was deleted). */
export async function uploadedCode(
  s3: Clients['s3'],
  bucket: string,
  codeKey: string,
  version?: string,
): Promise<UploadedCode | undefined> {
  const found = await named('HeadObject', `s3://${bucket}/${codeKey}`, () =>
    ifThere(isObjectMissing, () =>
      s3.send(new HeadObjectCommand({ Bucket: bucket, Key: codeKey, ...(version ? { VersionId: version } : {}) })),
    ),
  );
  if (!found?.VersionId) return undefined;
  return { version: found.VersionId, sizeBytes: found.ContentLength ?? 0, uploadedAt: (found.LastModified ?? new Date(0)).toISOString() };
}

/** Deletes every version of every object: only for a stack that goes and takes its data along. */
export async function emptyBucket(s3: Clients['s3'], bucket: string): Promise<void> {
  for (;;) {
    const page = await named('ListObjectVersions', bucket, () => s3.send(new ListObjectVersionsCommand({ Bucket: bucket })));
    const objects = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].map(({ Key, VersionId }) => ({ Key, VersionId }));
    if (objects.length === 0) return;
    const { Errors = [] } = await named('DeleteObjects', bucket, () =>
      s3.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: objects, Quiet: true } })),
    );
    if (Errors[0]) throw new Error(`DeleteObjects ${bucket}: ${Errors.length} not deleted: ${Errors[0].Key}: ${Errors[0].Message}`);
  }
}

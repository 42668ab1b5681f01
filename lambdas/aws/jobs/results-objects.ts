/** Results in the data bucket: the files of jobs, whole or in parts, and single results that were too large for the table. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { Clients } from '../clients.ts';
import { AwsCallError, ifThere, isObjectMissing, named } from '../errors.ts';
import { putObject } from './put-object.ts';

const ndjson = 'application/x-ndjson';

export function resultsObjects(s3: Clients['s3'], Bucket: string) {
  async function get(Key: string): Promise<Buffer | undefined> {
    return ifThere(isObjectMissing, async () => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      return Body === undefined ? undefined : Buffer.from(await Body.transformToByteArray());
    });
  }

  return {
    /** Undefined where there is none any more. */
    get,

    put: (key: string, body: Buffer) => putObject(s3, { bucket: Bucket, key, body, type: ndjson }),

    async beginUpload(Key: string): Promise<string> {
      const begin = new CreateMultipartUploadCommand({ Bucket, Key, ContentType: ndjson });
      const { UploadId } = await named('CreateMultipartUpload', Key, () => s3.send(begin));
      if (UploadId === undefined) throw new Error(`CreateMultipartUpload ${Key} gave no id`);
      return UploadId;
    },

    /** The part's tag; sent again, a part takes the place of the one before. */
    async putPart(Key: string, UploadId: string, PartNumber: number, Body: Buffer): Promise<string> {
      const put = new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body });
      const { ETag } = await named('UploadPart', `${Key} ${PartNumber}`, () => s3.send(put));
      if (ETag === undefined) throw new Error(`UploadPart ${Key} ${PartNumber} gave no tag`);
      return ETag;
    },

    async completeUpload(Key: string, UploadId: string, etags: readonly string[]): Promise<void> {
      const Parts = etags.map((ETag, i) => ({ ETag, PartNumber: i + 1 }));
      const complete = new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } });
      await named('CompleteMultipartUpload', Key, () => s3.send(complete));
    },

    async dropUpload(Key: string, UploadId: string): Promise<void> {
      const drop = new AbortMultipartUploadCommand({ Bucket, Key, UploadId });
      await ifThere(isUploadGone, () => s3.send(drop));
    },
  };
}
export type ResultsObjects = ReturnType<typeof resultsObjects>;

/** It was completed, or dropped: by us, by hand, or by the bucket's rule for old ones. */
export function isUploadGone(error: unknown): boolean {
  const said = error instanceof AwsCallError ? error.cause : error;
  return said instanceof Error && said.name === 'NoSuchUpload';
}

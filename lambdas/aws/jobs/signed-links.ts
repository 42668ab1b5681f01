/** Links into the data bucket that carry our right to one request. Made without a call. */
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

/** For a request to begin; a transfer that has begun goes on. Well within the life of a function's credentials. */
export const linkSeconds = 900;

/** Without checksums: of a body that is not known yet there is none, and S3 would ask for that one. */
export const signingClient = () =>
  new S3Client({ requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' });

export function signedLinks(s3: S3Client, Bucket: string) {
  return {
    put: (Key: string): Promise<string> => getSignedUrl(s3, new PutObjectCommand({ Bucket, Key }), { expiresIn: linkSeconds }),
    /** `name`: what a browser calls the file. */
    get: (Key: string, name: string): Promise<string> =>
      getSignedUrl(
        s3,
        new GetObjectCommand({
          Bucket,
          Key,
          ResponseContentDisposition: `attachment; filename="${name}"`,
          ResponseContentType: 'application/x-ndjson',
        }),
        { expiresIn: linkSeconds },
      ),
  };
}
export type SignedLinks = ReturnType<typeof signedLinks>;

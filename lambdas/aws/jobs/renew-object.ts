/** Makes an object young again for its bucket's lifecycle: a copy onto itself, its content untouched. */
import { CopyObjectCommand } from '@aws-sdk/client-s3';
import type { Clients } from '../clients.ts';
import { named } from '../errors.ts';

/** The copy's ETag, which differs where the object came in parts. Up to 5 GB, as S3 copies in one (API_CopyObject). */
export async function renewObject(s3: Clients['s3'], bucket: string, key: string): Promise<string> {
  const { CopyObjectResult } = await named('CopyObject', key, () =>
    s3.send(
      new CopyObjectCommand({
        Bucket: bucket,
        Key: key,
        CopySource: `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`,
        // Without a change S3 refuses to copy an object onto itself.
        MetadataDirective: 'REPLACE',
        Metadata: { renewed: 'by-sluice' },
      }),
    ),
  );
  return CopyObjectResult?.ETag ?? '';
}

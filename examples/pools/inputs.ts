/** The inputs of the jobs: a few objects in two places, two prefixes of the stage's own bucket. */
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { Stage } from '../../cli/aws/connect.ts';
import { uploadKey } from '../../lambdas/contract/data-bucket.ts';
import type { InputsOf } from './burst.ts';
import type { Place } from './offer.ts';
import type { Undo } from './undo.ts';

const places: readonly Place[] = ['west', 'east'];
const otherOf = { west: 'east', east: 'west' } as const;
/** Most of a job's bytes are meshes; a little of them lies at the other place. */
const sizes = { 'mesh.bin': 262_144, 'materials.csv': 4_096 };
type File = keyof typeof sizes;
const files: readonly File[] = ['mesh.bin', 'materials.csv'];

export interface Inputs {
  prefixOf: (place: Place) => string;
  inputsOf: InputsOf;
}

/** Below `uploads/`: the stage may read there, and forgets by itself what is left. */
export async function uploadInputs({ clients, output }: Stage, run: string, undo: Undo): Promise<Inputs> {
  const bucket = output('DataBucketName');
  const folderOf = (place: Place) => uploadKey(`example-pools-${run}/${place}/`);
  for (const place of places) {
    for (const file of files) {
      const Key = `${folderOf(place)}${file}`;
      undo.add(`s3://${bucket}/${Key}`, async () => {
        await clients.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
      });
      await clients.s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: new Uint8Array(sizes[file]) }));
    }
  }
  const input = (place: Place, file: File) => ({ bucket, key: `${folderOf(place)}${file}` });
  return {
    prefixOf: (place) => `${bucket}/${folderOf(place)}`,
    inputsOf: (place) => [input(place, 'mesh.bin'), input(otherOf[place], 'materials.csv')],
  };
}

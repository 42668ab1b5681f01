/**
 * Code run in place from the code bucket (S3ObjectStorageMode=REFERENCE, LDG/configuration-self-managed-storage), or
 * copied where that is not to be had: the stage says so, or Lambda does not know the mode in this region.
 */
import type { Stage } from '../contract/stage.ts';

type StorageMode = { S3ObjectStorageMode?: 'REFERENCE' };

/** Regions differ, environments do not: once refused here, refused until the next cold start. */
let referenceRefused = false;

export async function withStorageMode<T>(stage: Stage, call: (mode: StorageMode) => Promise<T>): Promise<T> {
  if (stage.settings.codeStorage === 'copy' || referenceRefused) return call({});
  try {
    return await call({ S3ObjectStorageMode: 'REFERENCE' });
  } catch (error) {
    if (!refusesMode(error)) throw error;
    referenceRefused = true;
    return call({});
  }
}

const refusesMode = (error: unknown) =>
  error instanceof Error &&
  /S3ObjectStorageMode|storage mode/i.test(error.message) &&
  /not supported|unsupported|unknown|invalid/i.test(error.message);

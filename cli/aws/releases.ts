/** Uploads code and reads what becomes of it. */
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { Release, releaseId } from '../../lambdas/contract/release-row.ts';
import { HelpfulError } from '../helpful-error.ts';
import type { Stage } from './connect.ts';
import { pipelines } from './pipelines.ts';

/** Returns the version of the object. */
export async function uploadCode({ clients, output, name }: Stage, Key: string, zip: Uint8Array): Promise<string> {
  const { VersionId } = await clients.s3.send(new PutObjectCommand({ Bucket: output('CodeBucketName'), Key, Body: zip }));
  if (VersionId === undefined) throw new HelpfulError(`The code bucket of ${name} keeps no versions; deploy the stage again.`);
  return VersionId;
}

export async function releaseOf({ clients, output }: Stage, codeKey: string, version: string): Promise<Release | undefined> {
  const Key = { codeKey, id: releaseId(version) };
  const { Item } = await clients.documents.send(new GetCommand({ TableName: output('ReleasesTableName'), Key, ConsistentRead: true }));
  return Item && Release.parse(Item);
}

/** Those that did not take it in this rollout. */
export async function failedPipelines(stage: Stage, { rolloutId }: Release): Promise<{ taskGroup: string; message: string }[]> {
  const failed: { taskGroup: string; message: string }[] = [];
  for await (const { taskGroup, message, rollout } of pipelines(stage)) {
    if (rollout !== undefined && rollout.id === rolloutId && rollout.outcome === 'failed') failed.push({ taskGroup, message });
  }
  return failed;
}

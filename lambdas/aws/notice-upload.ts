/**
 * An object of the code bucket may be a new release: events are hints, what counts is the newest version there is. Told
 * twice, late or in the wrong order it comes to the same; undone by nobody but the next upload.
 */
import type { Hint } from '../contract/messages.ts';
import { type Release, type ReleasePointer, releaseId } from '../contract/release-row.ts';
import { notice } from '../domain/release-pointer.ts';
import { isoTime } from '../framework/clock.ts';
import { type UploadedCode, uploadedCode } from './code-bucket.ts';
import { sendHints } from './hint-queues.ts';
import type { Services } from './services.ts';

/** Returns the version that was noticed as new, or undefined where there is nothing new. */
export async function noticeUpload(services: Services, codeKey: string): Promise<string | undefined> {
  const { releases, clients, stage, clock } = services;
  for (;;) {
    // The pointer before the object: whoever moves it meanwhile makes us look again.
    const pointer = await releases.pointer(codeKey);
    const code = await uploadedCode(clients.s3, stage.codeBucket, codeKey);
    if (!code) return undefined;
    const now = isoTime(clock.nowMs());
    const next = notice(pointer, codeKey, code.version, now);
    if (!next) {
      await goOn(services, pointer as ReleasePointer);
      return undefined;
    }
    await releases.createRelease(newRelease(codeKey, code, now));
    if (!(await releases.movePointer(next))) continue;
    await hintRelease(services, codeKey, code.version);
    return code.version;
  }
}

export async function hintRelease(
  { clients, hintQueues }: Pick<Services, 'clients' | 'hintQueues'>,
  codeKey: string,
  version: string,
): Promise<void> {
  const hint: Hint = { kind: 'release', codeKey, version };
  await sendHints(clients.sqs, hintQueues, 'rollout', [hint]);
}

/** A hint lost between the pointer and the queue is sent again; one too many does no harm. */
async function goOn(services: Services, pointer: ReleasePointer): Promise<void> {
  const latest = await services.releases.release(pointer.codeKey, pointer.latest);
  if (latest?.state === 'Proving') return hintRelease(services, pointer.codeKey, pointer.latest);
  const current = pointer.version === undefined ? undefined : await services.releases.release(pointer.codeKey, pointer.version);
  if (current?.state === 'RollingOut') await hintRelease(services, pointer.codeKey, current.version);
}

const newRelease = (codeKey: string, code: UploadedCode, now: string): Release => ({
  codeKey,
  id: releaseId(code.version),
  version: code.version,
  state: 'Proving',
  message: 'uploaded; the first pipeline proves it',
  uploadedAt: code.uploadedAt,
  sizeBytes: code.sizeBytes,
  provenFor: [],
  total: 0,
  done: 0,
  failed: 0,
  skipped: 0,
  updatedAt: now,
});

/** What a person may do with a key's rollout: roll back, stop, resume, check. Each answers with what is so afterwards. */
import { uploadedCode } from '../aws/code-bucket.ts';
import { hintRelease, noticeUpload } from '../aws/notice-upload.ts';
import type { Services } from '../aws/services.ts';
import type { ReleaseCommand } from '../contract/messages.ts';
import type { Release, ReleasePointer } from '../contract/release-row.ts';
import { rollBack, setStopped } from '../domain/release-pointer.ts';
import { isoTime } from '../framework/clock.ts';
import { errorFields } from '../framework/log.ts';

export interface ReleaseAnswer {
  codeKey: string;
  /** The release the pipelines are brought to. */
  version?: string;
  message: string;
}

export async function runReleaseCommand(services: Services, command: ReleaseCommand): Promise<ReleaseAnswer> {
  const { codeKey } = command;
  switch (command.action) {
    case 'rollback':
      return rollBackKey(services, codeKey, command.version);
    case 'stop':
      return setKeyStopped(services, codeKey, true);
    case 'resume':
      return setKeyStopped(services, codeKey, false);
    case 'check': {
      const version = await noticeUpload(services, codeKey);
      return version ? { codeKey, version, message: 'a new release' } : { codeKey, message: 'nothing new' };
    }
  }
}

async function rollBackKey(services: Services, codeKey: string, target: string | undefined): Promise<ReleaseAnswer> {
  for (;;) {
    const pointer = await pointerOf(services, codeKey);
    const moved = rollBack(pointer, target, now(services));
    if (!moved) throw new Error(`${codeKey}: no release ran before ${pointer.version ?? 'the first'}; name one with "version"`);
    const version = moved.pointer.version as string;
    if (!(await uploadedCode(services.clients.s3, services.stage.codeBucket, codeKey, version))) {
      throw new Error(`${codeKey}: version ${version} is not in the code bucket`);
    }
    await releaseFor(services, codeKey, version);
    if (!(await services.releases.movePointer(moved.pointer))) continue;
    if (moved.previous && moved.previous !== version) {
      await services.releases.updateRelease(codeKey, moved.previous, {
        state: 'RolledBack',
        message: `rolled back to ${version}`,
        updatedAt: now(services),
      });
    }
    // A newer upload still being proved is closed by its own hint, which finds the key held back.
    // Lost, it is the sweep's to send again: failing here would make whoever repeats the command go back one further.
    await hintRelease(services, codeKey, version).catch((error: unknown) => services.log.warn('rollback not hinted', errorFields(error)));
    return { codeKey, version, message: `rolling back to ${version}; it stays there until the next upload` };
  }
}

/** The row of the release to go back to; one refused once is refused again. A version never seen gets a row. */
async function releaseFor(services: Services, codeKey: string, version: string): Promise<void> {
  const { releases, stage, clients } = services;
  const known = await releases.release(codeKey, version);
  if (known?.state === 'Refused') throw new Error(`${codeKey}: version ${version} was refused: ${known.message}`);
  if (known?.state === 'Proving') throw new Error(`${codeKey}: version ${version} is not proved yet`);
  // Before the pointer moves: should the hint be lost then, the sweep finds a release that is rolling out.
  if (known) return releases.updateRelease(codeKey, version, { state: 'RollingOut', message: 'rolled back to', updatedAt: now(services) });
  const code = await uploadedCode(clients.s3, stage.codeBucket, codeKey, version);
  const release: Release = {
    codeKey,
    id: `version#${version}`,
    version,
    state: 'RollingOut',
    message: 'rolled back to',
    uploadedAt: code?.uploadedAt ?? now(services),
    sizeBytes: code?.sizeBytes ?? 0,
    provenFor: [],
    total: 0,
    done: 0,
    failed: 0,
    skipped: 0,
    updatedAt: now(services),
  };
  await releases.createRelease(release);
}

async function setKeyStopped(services: Services, codeKey: string, stopped: boolean): Promise<ReleaseAnswer> {
  for (;;) {
    const pointer = await pointerOf(services, codeKey);
    // An upload that is still being proved is what a rollout is about to begin with.
    const next = await services.releases.release(codeKey, pointer.latest);
    const unproved = next !== undefined && pointer.version !== next.version && next.state === (stopped ? 'Proving' : 'Stopped');
    const version = unproved ? next.version : pointer.version;
    if (version === undefined) throw new Error(`${codeKey}: no release runs yet, there is no rollout to ${stopped ? 'stop' : 'resume'}`);
    if (!unproved && pointer.stopped === stopped) return { codeKey, version, message: stopped ? 'was stopped already' : 'was not stopped' };

    const message = stopped ? 'stopped by hand: pipelines keep what they run' : 'resumed by hand';
    const running = unproved ? 'Proving' : 'RollingOut';
    // The release first: whoever proves it meanwhile moves the pointer, and then we look again.
    if (unproved)
      await services.releases.updateRelease(codeKey, version, { state: stopped ? 'Stopped' : running, message, updatedAt: now(services) });
    if (!(await services.releases.movePointer(setStopped(pointer, stopped, now(services))))) continue;
    if (!unproved)
      await services.releases.updateRelease(codeKey, version, { state: stopped ? 'Stopped' : running, message, updatedAt: now(services) });
    if (!stopped) await hintRelease(services, codeKey, version);
    return { codeKey, version, message };
  }
}

async function pointerOf(services: Services, codeKey: string): Promise<ReleasePointer> {
  const pointer = await services.releases.pointer(codeKey);
  if (!pointer) throw new Error(`${codeKey}: nothing was uploaded under this key yet`);
  return pointer;
}

const now = (services: Services) => isoTime(services.clock.nowMs());

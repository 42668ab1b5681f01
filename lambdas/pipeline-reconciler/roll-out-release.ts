/**
 * Takes a release one step further. Not yet what its key's pointer says: proved with the first pipeline's own settings,
 * then promoted. Promoted: every pipeline on the key gets a hint, and each is counted when it is through.
 */
import { BudgetExhaustedError } from '../aws/control-plane-budget.ts';
import { deleteFunction, observeFunction } from '../aws/functions.ts';
import { sendHints } from '../aws/hint-queues.ts';
import { type PacedLambda, pacedLambda } from '../aws/paced-lambda.ts';
import type { RolloutOutcome } from '../aws/releases-table.ts';
import type { Services } from '../aws/services.ts';
import type { Hint, ReleaseHint } from '../contract/messages.ts';
import { proofFunctionName } from '../contract/names.ts';
import type { PipelineRow } from '../contract/pipeline-row.ts';
import type { Release, ReleasePointer } from '../contract/release-row.ts';
import { classifyFailure, retryDelaySeconds } from '../domain/failure.ts';
import { proofOf } from '../domain/plan-function.ts';
import { isHeldBack, promote } from '../domain/release-pointer.ts';
import { isoTime } from '../framework/clock.ts';
import { again, done, type Outcome } from '../framework/sqs-batch.ts';
import { closeIfComplete } from './count-rollout.ts';
import type { LookTime } from './look.ts';
import { type Prover, pipelinesOn, provers } from './pipelines-on-key.ts';
import { proveRelease } from './prove-release.ts';

const deferSeconds = 2;
/** A role or policy made a moment ago is not known everywhere at once: a refusal is believed the third time. */
const refusedTries = 3;

export async function rollOutRelease(services: Services, hint: ReleaseHint, tries: number, time: LookTime): Promise<Outcome> {
  const lease = await services.releaseLeases.acquire(hint.codeKey, services.newId(), services.clock.nowMs());
  if (!lease) return again(deferSeconds);
  try {
    return await step(services, hint, time);
  } catch (error) {
    return await recordTrouble(services, hint, error, tries);
  } finally {
    await services.releaseLeases.drop(lease);
  }
}

async function step(services: Services, { codeKey, version }: ReleaseHint, time: LookTime): Promise<Outcome> {
  const { releases } = services;
  const [pointer, release, going] = await Promise.all([
    releases.pointer(codeKey),
    releases.release(codeKey, version),
    services.stageState.going(),
  ]);
  if (!pointer || !release || release.state === 'Refused') return done;
  if (going) return endProof(services, release);
  if (pointer.version === version) return pointer.stopped ? done : fanOut(services, pointer, release);
  if (pointer.latest !== version) return close(services, release, 'Superseded', `a later upload, ${pointer.latest}, took its place`);
  if (release.state !== 'Proving') return endProof(services, release);
  if (isHeldBack(pointer)) return close(services, release, 'RolledBack', `rolled back to ${pointer.version} before it was proved`);
  return proveAndPromote(services, pointer, release, time);
}

async function proveAndPromote(services: Services, pointer: ReleasePointer, release: Release, time: LookTime): Promise<Outcome> {
  const { codeKey, version } = release;
  const prover = await proveWithOne(services, release, time);
  if (prover) {
    const provenFor = [proofOf(prover.desired)];
    await services.releases.updateRelease(codeKey, version, {
      provenFor,
      message: `proved with ${prover.desired.taskGroup}`,
      updatedAt: now(services),
    });
  }
  const moved = promote(pointer, version, now(services));
  // Uploaded, moved or stopped meanwhile: look again.
  if (!moved || !(await services.releases.movePointer(moved.pointer))) return again(0);
  if (moved.previous) await supersede(services, codeKey, moved.previous);
  return fanOut(services, moved.pointer, release);
}

/** The first prover that proves the release. What is refused for the sake of one group's item is asked again with another's. */
async function proveWithOne(services: Services, release: Release, time: LookTime): Promise<Prover | undefined> {
  const { codeKey, version } = release;
  let refused: unknown;
  for (const prover of await provers(services, release)) {
    try {
      await proveRelease(services, budgeted(services, time.deadlineMs), prover.desired, { key: codeKey, version });
      return prover;
    } catch (error) {
      const ofTheZip = prover.works && error instanceof Error && error.name === 'HandlerDoesNotLoad';
      if (ofTheZip || classifyFailure(error).kind !== 'refused') throw error;
      refused ??= error;
    }
  }
  if (refused) throw refused;
  return undefined;
}

function budgeted({ clients, budget }: Services, deadlineMs: number): PacedLambda {
  return pacedLambda(clients.lambda, 'change', deadlineMs, () => budget.acquire(async () => 'rollout', deadlineMs));
}

async function fanOut(services: Services, pointer: ReleasePointer, release: Release): Promise<Outcome> {
  const { codeKey, version } = release;
  const rows = await pipelinesOn(services, codeKey);
  const id = `${version}#${pointer.revision}`;
  if (release.rolloutId === id) await recount(services, release, rows);
  else {
    await services.releases.updateRelease(codeKey, version, {
      ...(rows.length === 0
        ? { state: 'RolledOut' as const, message: 'no pipeline uses this key yet', finishedAt: now(services) }
        : { state: 'RollingOut' as const, message: `rolling out to ${rows.length} pipelines`, startedAt: now(services) }),
      rolloutId: id,
      total: rows.length,
      done: 0,
      failed: 0,
      skipped: 0,
      updatedAt: now(services),
    });
  }
  const uncounted = rows.filter((row) => row.rollout?.id !== id);
  const hints = uncounted.map(
    (row): Hint => ({ kind: 'group', taskGroup: row.taskGroup, class: 'rollout', rollout: { version, id }, hops: 1 }),
  );
  await sendHints(services.clients.sqs, services.hintQueues, 'rollout', hints);
  return done;
}

/** Sent again (a crash, or the sweep): the rows say how far it is, without those removed or moved to another key since. */
async function recount(services: Services, { codeKey, version, rolloutId }: Release, rows: PipelineRow[]): Promise<void> {
  const count = (outcome: RolloutOutcome) => rows.filter(({ rollout }) => rollout?.id === rolloutId && rollout?.outcome === outcome).length;
  const counts = { total: rows.length, done: count('done'), failed: count('failed'), skipped: count('skipped') };
  await services.releases.updateRelease(codeKey, version, { ...counts, updatedAt: now(services) });
  await closeIfComplete(services.releases, codeKey, version, now(services));
}

async function supersede(services: Services, codeKey: string, version: string): Promise<void> {
  const previous = await services.releases.release(codeKey, version);
  if (previous?.state === 'RollingOut' || previous?.state === 'Stopped')
    await close(services, previous, 'Superseded', 'a later release took its place');
}

async function close(
  services: Services,
  release: Release,
  state: 'Superseded' | 'Refused' | 'RolledBack',
  message: string,
): Promise<Outcome> {
  await services.releases.updateRelease(release.codeKey, release.version, {
    state,
    message,
    finishedAt: now(services),
    updatedAt: now(services),
  });
  return release.state === 'Proving' ? endProof(services, release) : done;
}

/** Its function is left over where a proof was cut off or only took long. */
async function endProof(services: Services, { codeKey, version }: Release): Promise<Outcome> {
  const name = proofFunctionName(services.stage.settings.prefix, codeKey, version);
  const { unpaced, paced } = budgeted(services, services.clock.nowMs() + 10_000);
  if (await observeFunction(unpaced, services.stage.settings.prefix, name)) await deleteFunction(paced, name);
  return done;
}

/** What AWS or the handler refuses ends the release there, every pipeline as it was; what will do later is tried again. */
async function recordTrouble(services: Services, hint: ReleaseHint, error: unknown, tries: number): Promise<Outcome> {
  if (error instanceof BudgetExhaustedError) return again(1);
  const failure = classifyFailure(error);
  services.log.warn('release not rolled out', { ...hint, kind: failure.kind, message: failure.message });
  const release = await services.releases.release(hint.codeKey, hint.version);
  if (!release) return done;
  const final = error instanceof Error && error.name === 'HandlerDoesNotLoad';
  // Only what AWS or the handler refuses for good: what passes is waited for, however long.
  if (release.state === 'Proving' && failure.kind === 'refused' && (final || tries >= refusedTries)) {
    return close(services, release, 'Refused', `not rolled out, pipelines stay as they are: ${failure.message}`);
  }
  await services.releases.updateRelease(hint.codeKey, hint.version, {
    message: `trying again: ${failure.message}`,
    updatedAt: now(services),
  });
  return again(retryDelaySeconds(Math.min(tries, 6), services.random()));
}

const now = (services: Services) => isoTime(services.clock.nowMs());

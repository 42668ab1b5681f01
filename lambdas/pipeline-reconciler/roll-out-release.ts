/**
 * Takes a release one step further. Not yet what its key's pointer says: proved with the first pipeline's own settings,
 * then promoted. Promoted: every pipeline on the key gets a hint, and each is counted when it is through.
 */
import { BudgetExhaustedError } from '../aws/control-plane-budget.ts';
import { sendHints } from '../aws/hint-queues.ts';
import { pacedLambda } from '../aws/paced-lambda.ts';
import type { RolloutOutcome } from '../aws/releases-table.ts';
import type { Services } from '../aws/services.ts';
import type { Hint, ReleaseHint } from '../contract/messages.ts';
import { defaultsGroup } from '../contract/names.ts';
import type { PipelineRow } from '../contract/pipeline-row.ts';
import type { Release, ReleasePointer } from '../contract/release-row.ts';
import { type DesiredPipeline, desiredPipeline } from '../domain/desired.ts';
import { effectiveItem } from '../domain/effective-item.ts';
import { classifyFailure, retryDelaySeconds } from '../domain/failure.ts';
import { proofOf } from '../domain/plan-function.ts';
import { isHeldBack, promote } from '../domain/release-pointer.ts';
import { isoTime } from '../framework/clock.ts';
import { again, done, type Outcome } from '../framework/sqs-batch.ts';
import { closeIfComplete } from './count-rollout.ts';
import type { LookTime } from './look.ts';
import { proveRelease } from './prove-release.ts';

const deferSeconds = 2;

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
  const [pointer, release] = await Promise.all([releases.pointer(codeKey), releases.release(codeKey, version)]);
  if (!pointer || !release || release.state === 'Refused') return done;
  if (pointer.version === version) return pointer.stopped ? done : fanOut(services, pointer, release);
  if (pointer.latest !== version) return close(services, release, 'Superseded', `a later upload, ${pointer.latest}, took its place`);
  if (release.state !== 'Proving') return done;
  if (isHeldBack(pointer)) return close(services, release, 'RolledBack', `rolled back to ${pointer.version} before it was proved`);
  return proveAndPromote(services, pointer, release, time);
}

async function proveAndPromote(services: Services, pointer: ReleasePointer, release: Release, time: LookTime): Promise<Outcome> {
  const { codeKey, version } = release;
  const first = await firstPipeline(services, release);
  if (first) {
    const { clients, budget } = services;
    const lambda = pacedLambda(clients.lambda, 'change', () => budget.acquire(async () => 'rollout', time.deadlineMs));
    await proveRelease(services, lambda, first, { key: codeKey, version });
    await services.releases.updateRelease(codeKey, version, {
      provenFor: [proofOf(first)],
      message: `proved with ${first.taskGroup}`,
      updatedAt: now(services),
    });
  }
  const moved = promote(pointer, version, now(services));
  // Uploaded, moved or stopped meanwhile: look again.
  if (!moved || !(await services.releases.movePointer(moved.pointer))) return again(0);
  if (moved.previous) await supersede(services, codeKey, moved.previous);
  return fanOut(services, moved.pointer, release);
}

/** What the first pipeline on the key, in order of name, would be on this release; one whose item is bad now, as it last was. */
async function firstPipeline(services: Services, { codeKey, version }: Release): Promise<DesiredPipeline | undefined> {
  const defaults = await services.config.get(defaultsGroup);
  for (const row of await pipelinesOn(services, codeKey)) {
    const item = await services.config.get(row.taskGroup);
    const now = effectiveItem(item, defaults, services.stage);
    const verdict = now.valid ? now : effectiveItem(row.effective, undefined, services.stage);
    if (verdict.valid && verdict.item.code.key === codeKey) return desiredPipeline(verdict.item, version, services.stage);
  }
  return undefined;
}

async function pipelinesOn({ pipelines }: Services, codeKey: string): Promise<PipelineRow[]> {
  const found: PipelineRow[] = [];
  for await (const rows of pipelines.rows()) found.push(...rows.filter((row) => row.codeKey === codeKey && !row.pinned));
  return found.sort((a, b) => (a.taskGroup < b.taskGroup ? -1 : 1));
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
  const lasting = failure.kind === 'refused' && (final || tries >= 3);
  if (release.state === 'Proving' && (lasting || tries >= services.stage.settings.reconcileAttempts)) {
    return close(services, release, 'Refused', `not rolled out, pipelines stay as they are: ${failure.message}`);
  }
  await services.releases.updateRelease(hint.codeKey, hint.version, {
    message: `trying again: ${failure.message}`,
    updatedAt: now(services),
  });
  return again(retryDelaySeconds(Math.min(tries, 6), services.random()));
}

const now = (services: Services) => isoTime(services.clock.nowMs());

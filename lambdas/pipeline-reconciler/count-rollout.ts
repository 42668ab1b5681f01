/** Counts a group's outcome for the rollout its hint belongs to, and closes the rollout with the last one. */
import type { ReleasesTable, RolloutOutcome } from '../aws/releases-table.ts';
import type { PipelineRow } from '../contract/pipeline-row.ts';
import type { Look } from './look.ts';

export async function countRollout(look: Look, row: PipelineRow, reached: RolloutOutcome): Promise<void> {
  const { rollout } = look.hint;
  if (!rollout || !row.codeKey) return;
  // As wished, but not on this release: it was stopped, pinned or moved on meanwhile.
  const outcome = reached === 'done' && row.release?.version !== rollout.version ? 'skipped' : reached;
  if (row.rollout?.id === rollout.id && row.rollout.outcome === outcome) return;
  const { releases } = look.services;
  const now = look.now();
  look.row = await releases.countOutcome(row.codeKey, row, rollout, outcome, now);
  await closeIfComplete(releases, row.codeKey, rollout.version, now);
}

/** The last outcome closes the rollout. */
export async function closeIfComplete(releases: ReleasesTable, codeKey: string, version: string, now: string): Promise<void> {
  const release = await releases.release(codeKey, version);
  if (release?.state !== 'RollingOut' || release.done + release.failed + release.skipped < release.total) return;
  const failed = release.failed > 0 ? `; ${release.failed} failed, see their status` : '';
  const message = `${release.done} of ${release.total} pipelines run it${failed}`;
  await releases.finishRollout(codeKey, version, message, now);
}

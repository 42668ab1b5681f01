/** Counts a group's outcome for the rollout its hint belongs to, and closes the rollout with the last one. */
import type { RolloutOutcome } from '../aws/releases-table.ts';
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
  const release = await releases.release(row.codeKey, rollout.version);
  if (release?.state !== 'RollingOut' || release.rolloutId !== rollout.id) return;
  if (release.done + release.failed + release.skipped < release.total) return;
  const failed = release.failed > 0 ? `; ${release.failed} failed, see their status` : '';
  await releases.updateRelease(row.codeKey, rollout.version, {
    state: 'RolledOut',
    message: `${release.done} of ${release.total} pipelines run it${failed}`,
    finishedAt: now,
    updatedAt: now,
  });
}

/** Where a rollout stands and whether it is over. Pure. */
import type { Release } from '../../lambdas/contract/release-row.ts';

/** How long nothing may move before following a rollout makes no sense. */
export const stillMs = 15 * 60_000;

export const isOver = ({ state }: Release) => state !== 'Proving' && state !== 'RollingOut';

/** For the progress line; undefined: Sluice has not seen the upload yet. */
export function standing(release: Release | undefined): string {
  if (!release) return 'uploaded; waiting for the stage to see it';
  const { state, total, done, failed, skipped, message } = release;
  if (state === 'Proving') return 'being proved: a function of its own loads it';
  if (state !== 'RollingOut') return message;
  return `rolling out: ${done + failed + skipped} of ${total} pipelines${failed > 0 ? `, ${failed} failed` : ''}`;
}

export interface ReleaseOutcome {
  key: string;
  version: string;
  sizeBytes: number;
  release: Release | undefined;
  failedPipelines: { taskGroup: string; message: string }[];
}

export const isGood = ({ release }: ReleaseOutcome) => release?.state === 'RolledOut' && release.failed === 0;

export function outcomeText({ key, release, failedPipelines }: ReleaseOutcome): string {
  if (!release) return `The stage has not seen the upload of ${key} for ${stillMs / 60_000} minutes; look at its code updater's log.`;
  const { state, total, done, failed, skipped, message } = release;
  if (!isOver(release))
    return `The rollout of ${key} has not moved for ${stillMs / 60_000} minutes: ${standing(release)}. It goes on without us.`;
  if (state !== 'RolledOut') return `${state}: ${message}.`;
  if (total === 0) return 'Released. No pipeline uses this key yet: groups that name it start with this release.';
  const parts = [
    `${done} of ${total} pipelines run it`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ];
  const lines = failedPipelines.map((pipeline) => `  ${pipeline.taskGroup}: ${pipeline.message}`);
  const remedy = failed > 0 ? ['Mend what it says and upload again, or roll back (docs/releases.md).'] : [];
  return [`Rolled out: ${parts.join(', ')}.`, ...lines, ...remedy].join('\n');
}

export function outcomeDocument({ release, ...upload }: ReleaseOutcome): Record<string, unknown> {
  const { state = 'NotSeen', message = '', total = 0, done = 0, failed = 0, skipped = 0 } = release ?? {};
  return { ...upload, state, message, total, done, failed, skipped };
}

export const sizeText = (bytes: number) =>
  bytes < 1_048_576 ? `${(bytes / 1_024).toFixed(1)} KiB` : `${(bytes / 1_048_576).toFixed(1)} MiB`;

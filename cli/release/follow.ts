/** Follows a release until its rollout is over, or does not move any more. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Release } from '../../lambdas/contract/release-row.ts';
import type { Stage } from '../aws/connect.ts';
import { releaseOf } from '../aws/releases.ts';
import { isOver, stillMs } from './rollout.ts';

const lookEveryMs = 1_000;

export async function followRelease(
  stage: Stage,
  key: string,
  version: string,
  seen: (release: Release) => void,
  signal: AbortSignal,
): Promise<Release | undefined> {
  let last: Release | undefined;
  let movedAtMs = performance.now();
  while (performance.now() - movedAtMs < stillMs && !signal.aborted) {
    const release = await releaseOf(stage, key, version);
    // Not by `updatedAt`: its last pipeline may be counted, and it closed, within one millisecond.
    if (release && !isDeepStrictEqual(release, last)) {
      last = release;
      movedAtMs = performance.now();
      seen(release);
      if (isOver(release)) return release;
    }
    await sleep(lookEveryMs, undefined, { signal }).catch(() => {});
  }
  return last;
}

/** Which release a pipeline should run. Pure. */
import type { RunningRelease } from '../contract/pipeline-row.ts';
import type { ReleasePointer } from '../contract/release-row.ts';

export interface ReleaseWish {
  codeKey: string;
  /** `code.version` of the item. */
  pinned: string | undefined;
}

/**
 * The version to run, or undefined where there is none yet. A pin overrides the pointer; while a rollout is stopped,
 * who runs a release of the key keeps it.
 */
export function chooseRelease(
  wish: ReleaseWish,
  pointer: ReleasePointer | undefined,
  running: RunningRelease | undefined,
): string | undefined {
  if (wish.pinned !== undefined) return wish.pinned;
  if (pointer?.stopped && running?.codeKey === wish.codeKey) return running.version;
  return pointer?.version;
}

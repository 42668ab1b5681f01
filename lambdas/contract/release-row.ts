/**
 * The releases table: per code key one pointer (`id: pointer`) and one row per release (`id: version#<S3 version>`).
 */
import { z } from 'zod';

export const pointerId = 'pointer';
export const releaseId = (version: string) => `version#${version}`;

/** Which release of a key the pipelines should run. */
export const ReleasePointer = z.object({
  codeKey: z.string(),
  id: z.literal(pointerId),
  /** The release to run; absent until one was proved. */
  version: z.string().optional(),
  /** The newest upload seen, whether it may run or not; an event for it again changes nothing. */
  latest: z.string(),
  /** Releases that ran before, newest first. */
  history: z.array(z.string()),
  /** True while a rollout is stopped: pipelines keep what they run, new ones get `version`. */
  stopped: z.boolean().default(false),
  movedBy: z.enum(['upload', 'rollback']).optional(),
  /** Grows with every write, so that two writers cannot overwrite each other. */
  revision: z.number(),
  updatedAt: z.string(),
});
export type ReleasePointer = z.output<typeof ReleasePointer>;

export const ReleaseState = z.enum(['Proving', 'RollingOut', 'RolledOut', 'Refused', 'Stopped', 'Superseded', 'RolledBack']);
export type ReleaseState = z.infer<typeof ReleaseState>;

export const Release = z.object({
  codeKey: z.string(),
  id: z.string(),
  version: z.string(),
  state: ReleaseState,
  message: z.string(),
  uploadedAt: z.string(),
  sizeBytes: z.number(),
  /** `runtime handler architecture` combinations for which a function loaded it. */
  provenFor: z.array(z.string()).default([]),
  /** The present rollout; a release that comes back by a rollback gets a new one. */
  rolloutId: z.string().optional(),
  /** Pipelines of the present rollout; `done + failed + skipped` reaches `total`. */
  total: z.number().default(0),
  done: z.number().default(0),
  failed: z.number().default(0),
  skipped: z.number().default(0),
  startedAt: z.string().optional(),
  finishedAt: z.string().optional(),
  updatedAt: z.string(),
});
export type Release = z.output<typeof Release>;

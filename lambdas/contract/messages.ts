/**
 * Messages between our functions. Each is a hint to look, never an order: what to do is read from the tables at the time.
 */
import { z } from 'zod';

/** Who goes first at the control plane: changes before rollouts before sweeps. */
export const hintClasses = ['change', 'rollout', 'sweep'] as const;
export const HintClass = z.enum(hintClasses);
export type HintClass = z.infer<typeof HintClass>;

/** Look at one task group. `hops` bounds hints that reconciles send to each other. */
const GroupHint = z.object({
  kind: z.literal('group'),
  taskGroup: z.string().min(1),
  class: HintClass,
  /** With class `rollout`: the rollout whose progress this look counts towards. */
  rollout: z.object({ version: z.string(), id: z.string() }).optional(),
  hops: z.int().min(0).default(0),
});

/** Take a release one step further: prove it, or bring it to the pipelines. */
const ReleaseHint = z.object({ kind: z.literal('release'), codeKey: z.string().min(1), version: z.string().min(1) });

export const Hint = z.discriminatedUnion('kind', [GroupHint, ReleaseHint]);
export type Hint = z.output<typeof Hint>;
export type GroupHint = z.output<typeof GroupHint>;
export type ReleaseHint = z.output<typeof ReleaseHint>;

/** More hints in a row than this wait for the sweep instead. */
export const maxHops = 8;

const codeKey = z.string().min(1);

/** What the code updater takes when it is invoked by hand (`aws lambda invoke`). */
export const ReleaseCommand = z.discriminatedUnion('action', [
  /** Moves the key's pointer back: to `version`, or else to the release that ran before. */
  z.strictObject({ action: z.literal('rollback'), codeKey, version: z.string().min(1).optional() }),
  /** Stops the key's rollout where it is; pipelines keep what they run. */
  z.strictObject({ action: z.literal('stop'), codeKey }),
  /** Goes on with a stopped rollout. */
  z.strictObject({ action: z.literal('resume'), codeKey }),
  /** Looks at the key again, as an upload would. */
  z.strictObject({ action: z.literal('check'), codeKey }),
]);
export type ReleaseCommand = z.output<typeof ReleaseCommand>;

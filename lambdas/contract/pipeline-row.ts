/**
 * The status of one pipeline: one item of the pipelines table per task group, written by the reconciler alone.
 */
import { z } from 'zod';

/** Raised when a field changes its meaning or goes; a reader should check it. */
export const pipelineRowSchemaVersion = 1;

export const Phase = z.enum(['Creating', 'Waiting', 'Active', 'Updating', 'Paused', 'Draining', 'Deleting', 'Invalid', 'Failed']);
export type Phase = z.infer<typeof Phase>;

/** What exists for the group, as far as the last look saw. */
export const PipelineResources = z.object({
  queueUrl: z.string().optional(),
  deadLetterQueueUrl: z.string().optional(),
  functionName: z.string().optional(),
  mappingId: z.string().optional(),
});
export type PipelineResources = z.infer<typeof PipelineResources>;

/** The release a function runs; the hash tells whether it was changed by hand. */
export const RunningRelease = z.object({ codeKey: z.string(), version: z.string(), codeSha256: z.string() });
export type RunningRelease = z.infer<typeof RunningRelease>;

/** How far a drain has come: looks in a row that found nothing. */
export const DrainState = z.object({
  /** What is drained: the pipeline, or only a queue that is being replaced. */
  queueUrl: z.string(),
  startedAtMs: z.number(),
  emptyLooks: z.number(),
  /** Whether any look found something in the dead-letter queue: then it is kept. */
  deadLettersSeen: z.boolean().default(false),
  lastLookAtMs: z.number().optional(),
  /** Whether the next look is on its way; false where only a change by the user can move things. */
  watched: z.boolean().default(true),
});
export type DrainState = z.output<typeof DrainState>;

/** A limit that whoever began under it may still run under, until that moment. */
const FormerLimit = z.object({ value: z.number(), untilMs: z.number() });
export type FormerLimit = z.infer<typeof FormerLimit>;

/** Of a group with `ratePerSecond`: the limits that its invocations may run under (domain/limits-in-force.ts). */
export const LimitsMemory = z.object({
  /** Seconds between two starts in one invocation; 0: none are kept. */
  spacingSeconds: z.number(),
  concurrency: z.number(),
  timeoutSeconds: z.number(),
  /** Shorter spacings and higher concurrencies of before. */
  formerSpacings: z.array(FormerLimit).optional(),
  formerConcurrencies: z.array(FormerLimit).optional(),
  /** Until then invocations may run that began under a longer timeout. */
  overMs: z.number().optional(),
});
export type LimitsMemory = z.infer<typeof LimitsMemory>;

/** Part of a wish that may only follow when what was changed first has been in force for a while. */
export const Withheld = z.object({
  /** Of the wish. */
  hash: z.string(),
  untilMs: z.number(),
});
export type Withheld = z.infer<typeof Withheld>;

/** What the target last refused ("too many"), with `consumer: sluice`. */
export const Limited = z.object({
  /** Nobody of the group starts a task before; in the past once the cooling is over. */
  untilMs: z.number(),
  /** The same; ISO 8601. */
  until: z.string(),
  lastLimitedAt: z.string(),
  /** Refusals of the UTC day `day` (YYYY-MM-DD), as of `updatedAt`. */
  today: z.number(),
  day: z.string(),
  message: z.string(),
  /** The mapping is disabled until it is over: it is a long one. */
  mappingDisabled: z.boolean().optional(),
  /** A look is on its way for then. */
  lookAtMs: z.number().optional(),
});
export type Limited = z.infer<typeof Limited>;

export const PipelineRow = z.object({
  taskGroup: z.string(),
  schemaVersion: z.number(),
  phase: Phase,
  /** One sentence: what is so, and what to do next where something is. */
  message: z.string(),
  /** Every problem of an invalid item, as `path: rule`. */
  problems: z.array(z.string()).optional(),
  /** What is allowed but probably not meant. */
  warnings: z.array(z.string()).optional(),
  /** The item with all defaults, as last applied or tried. */
  effective: z.record(z.string(), z.unknown()).optional(),
  /** Hash of the wish that was applied in full; absent while it is not. */
  appliedHash: z.string().optional(),
  codeKey: z.string().optional(),
  pinned: z.boolean().optional(),
  release: RunningRelease.optional(),
  resources: PipelineResources.default({}),
  /** Reserved concurrency that is held. */
  reserved: z.number().optional(),
  limits: LimitsMemory.optional(),
  withheld: Withheld.optional(),
  limited: Limited.optional(),
  drain: DrainState.optional(),
  /** Dead-letter queues kept because they hold something. */
  keptDeadLetterQueues: z.array(z.string()).optional(),
  /** Failed tries in a row. */
  attempts: z.number().default(0),
  /** The last rollout this row was counted for, and how. */
  rollout: z.object({ id: z.string(), outcome: z.enum(['done', 'failed', 'skipped']) }).optional(),
  createdAt: z.string(),
  updatedAt: z.string(),
  /** When the wish was last applied in full. */
  appliedAt: z.string().optional(),
});
export type PipelineRow = z.output<typeof PipelineRow>;

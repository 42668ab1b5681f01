/**
 * Jobs that state needs, the pools that may take them, and the limits over both: schemas that the functions parse with, the
 * client is typed by and the OpenAPI document is made of. What is stored of them is in placement-table.ts.
 */
import { z } from 'zod';

/** Whoever a job is for; shares are counted by it. */
export const Customer = z
  .string()
  .regex(/^[\w][\w.@:/+=-]{0,127}$/, 'must be 1-128 letters, digits and _ . @ : / + = -, a letter, digit or _ first')
  .describe('Whom the job is for: limits and fair shares are counted by it');

const LabelName = z.string().regex(/^[A-Za-z0-9][\w./-]{0,62}$/, 'must be 1-63 letters, digits and _ . / -, a letter or digit first');
export const Labels = z
  .record(LabelName, z.string().min(1).max(255))
  .refine((labels) => Object.keys(labels).length <= 20, 'has more than 20 labels');
export type Labels = z.infer<typeof Labels>;

const QuantityName = z.string().regex(/^[A-Za-z]\w{0,62}$/, 'must be 1-63 letters, digits and _, a letter first');
/** By name: `cpu`, `memoryMiB`, `gpu`, or whatever a stage counts. */
export const Quantities = z
  .record(QuantityName, z.number().min(0).max(1e12))
  .refine((quantities) => Object.keys(quantities).length <= 10, 'has more than 10 quantities');
export type Quantities = z.infer<typeof Quantities>;

/** All of it must be met by one pool: each label has that value there, each quantity is free. */
export const Needs = z.strictObject({
  labels: Labels.optional().describe('A pool must have each of them, with this value'),
  quantities: Quantities.optional().describe('What it takes of a pool as long as it runs'),
});
export type Needs = z.infer<typeof Needs>;

/** A place inputs are near to: `bucket` or `bucket/prefix`. */
const Prefix = z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/.{0,900})?$/, 'must be a bucket, or a bucket and a prefix behind a /');
const Region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be a region, like us-west-2');
const Zone = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, 'must be an availability zone, like us-west-2a');

/** An object the job reads. */
export const JobInput = z.strictObject({
  bucket: z.string().min(3).max(63),
  key: z.string().min(1).max(1_024),
  versionId: z.string().min(1).max(1_024).optional(),
  region: Region.optional().describe('Where it is, for pools that name regions'),
  zone: Zone.optional().describe('Where it is, for pools that name zones'),
});
export type JobInput = z.infer<typeof JobInput>;

export const affinityReasons = ['data_locality', 'cost', 'resources', 'manual'] as const;
export const Affinity = z.strictObject({
  pool: z.string().min(1).max(255).describe('Task group of the pool'),
  reason: z.enum(affinityReasons).optional().describe('Why, for people; default manual'),
  required: z.boolean().optional().describe('True: on this pool or not at all; default false: there first, wherever it fits otherwise'),
});
export type Affinity = z.infer<typeof Affinity>;

/** What decides among pools that fit: bytes of inputs nearby, price, or the least loaded. */
export const objectives = ['locality', 'cost', 'spread'] as const;
export const Objective = z.enum(objectives);
export type Objective = z.infer<typeof Objective>;

/** `pool` of a config item. */
export const PoolFields = z.strictObject({
  labels: Labels.optional(),
  capacity: z.strictObject({
    /** Jobs on the pool at once, 1-10,000. `concurrency` bounds the invocations that start or poll their work. */
    maxJobs: z.int().min(1).max(10_000),
    quantities: Quantities.optional(),
  }),
  /** In any one currency; default 0. */
  costPerHour: z.number().min(0).max(1e9).optional(),
  /** Where data is near. */
  locality: z
    .strictObject({
      prefixes: z.array(Prefix).max(50).optional(),
      regions: z.array(Region).max(20).optional(),
      zones: z.array(Zone).max(20).optional(),
    })
    .optional(),
  /** False: what runs is finished, nothing new is taken. Default true. */
  open: z.boolean().optional(),
});
export type PoolFields = z.infer<typeof PoolFields>;

/** What a pool reports of itself: the smaller of this and its config item counts. */
export const ReportedCapacity = z.strictObject({
  maxJobs: z.int().min(0).max(10_000).optional(),
  quantities: Quantities.optional(),
  ttlSeconds: z.int().min(1).max(604_800).optional().describe('How long the report holds; default until the next one'),
});
export type ReportedCapacity = z.infer<typeof ReportedCapacity>;

const MaxJobs = z.int().min(0).max(100_000);
const Weight = z.number().min(0.01).max(1_000);

/** Limits of one customer: an item `*limits/<customer>` of the config table. */
export const CustomerLimits = z.strictObject({
  maxJobs: MaxJobs.nullish().describe('Jobs at once; null or absent: as for customers without limits of their own'),
  weight: Weight.optional().describe('A customer of weight 2 gets twice the share of one of weight 1; default 1'),
});
export type CustomerLimits = z.infer<typeof CustomerLimits>;

/** Limits over all pools: the item `*limits` of the config table. */
export const OverallLimits = z.strictObject({
  maxJobs: MaxJobs.optional().describe('Jobs placed on pools at once; default 10'),
  perCustomer: z
    .strictObject({ maxJobs: MaxJobs.nullish() })
    .optional()
    .describe('Of each customer without limits of its own; default none'),
  ageingSeconds: z
    .int()
    .min(1)
    .max(2_592_000)
    .optional()
    .describe('So much sooner a job counts as handed in for each step of priority; default 3,600'),
  reserveAfterSeconds: z
    .int()
    .min(1)
    .max(2_592_000)
    .optional()
    .describe('A job that fits nowhere keeps a pool free for itself after so long; default 900'),
});
export type OverallLimits = z.infer<typeof OverallLimits>;

export const limitDefaults = { maxJobs: 10, ageingSeconds: 3_600, reserveAfterSeconds: 900, weight: 1 } as const;

/** Keys of these items; no task group can be called so. */
export const overallLimitsKey = '*limits';
export const customerLimitsKey = (customer: string) => `${overallLimitsKey}/${customer}`;
export const isLimitsKey = (key: string) => key === overallLimitsKey || key.startsWith(`${overallLimitsKey}/`);
export const customerOfLimitsKey = (key: string) =>
  key.startsWith(`${overallLimitsKey}/`) ? key.slice(overallLimitsKey.length + 1) : undefined;

export const OverallLimitsItem = OverallLimits.extend({ taskGroup: z.literal(overallLimitsKey) });
export const CustomerLimitsItem = CustomerLimits.extend({
  taskGroup: z
    .string()
    .startsWith(`${overallLimitsKey}/`)
    .refine((key) => Customer.safeParse(customerOfLimitsKey(key)).success, 'must end with the name of a customer'),
});

/** Order within a customer: the smaller goes first. Each step of priority is worth `ageingSeconds`, so that `low` starts in the end. */
export const orderOf = (priorityRank: number, readyAtMs: number, ageingSeconds: number) => readyAtMs + priorityRank * ageingSeconds * 1_000;

/** Why a job is on its pool. */
export const PlacementReason = z.enum(['affinity', 'locality', 'cost', 'spread', 'only']);
export type PlacementReason = z.infer<typeof PlacementReason>;

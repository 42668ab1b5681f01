/**
 * The settings of a stage: what an operator may choose at deploy time, with defaults, units and bounds.
 * Read by `lib` at synth time: defaults, under a preset, under CDK context `-c sluice:<name>=<value>`, under environment
 * variables (setting-facts.ts). Handed to every function.
 */
import { z } from 'zod';
import { FunctionReference } from './job.ts';

/** Lambda's log retention choices, in days (CloudWatch Logs, API_PutRetentionPolicy). */
export const logRetentionDaysChoices = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

const concurrentReconciles = z.int().min(2).max(50);

/** A guarded resource, as tasks name it in `ctx.withPermit`. */
export const PermitName = z.string().regex(/^[A-Za-z][\w.-]{0,63}$/, 'must be 1-64 letters, digits, _ . -, a letter first');
/** How many may hold it at once; with 0 nobody does, and tasks that want it wait. */
export const PermitLimit = z.int().min(0).max(1_000);

/** A JSON Schema of one document, refused where zod does not know a word of it: what nobody checks should not be there. */
const BodySchema = z.record(z.string(), z.json()).superRefine((schema, context) => {
  try {
    z.fromJSONSchema(schema);
  } catch (error) {
    context.addIssue({
      code: 'custom',
      message: `is no JSON Schema that can be checked: ${error instanceof Error ? error.message : error}`,
    });
  }
});

export const StageSettings = z
  .strictObject({
    /** Name of the stage; part of the default prefix. */
    stage: z
      .string()
      .regex(/^[a-z][a-z0-9]{0,11}$/, 'must be 1-12 lower-case letters and digits, a letter first')
      .default('dev'),
    /** Every name we make starts with it, and nothing without it is ever touched. Default: `sluice-<stage>`. */
    prefix: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,18}[a-z0-9]$/, 'must be 2-20 lower-case letters, digits and hyphens')
      .regex(/^(?!aws|ssm)/, 'must not start with aws or ssm, which SSM keeps for itself')
      .optional(),
    /** Lambda control-plane calls a second we allow ourselves, of the account's 15 (GetFunction and Invoke not counted). */
    controlPlaneBudgetPerSecond: z.number().min(1).max(15).default(10),
    /** How often every pipeline is compared with its config item, in minutes. */
    sweepPeriodMinutes: z.int().min(1).max(1_440).default(15),
    logLevel: z.enum(['DEBUG', 'INFO', 'WARN', 'ERROR']).default('INFO'),
    logRetentionDays: z.union(logRetentionDaysChoices.map((days) => z.literal(days))).default(30),
    /** Protects the config table from deletion. */
    deletionProtection: z.boolean().default(false),
    /** What `cdk destroy` does with the tasks still queued: work through them first, or drop them. */
    pipelinesOnDestroy: z.enum(['drain', 'discard']).default('drain'),
    /** Whether `cdk destroy` keeps the config table, the code bucket and the consumers' log group. */
    dataOnDestroy: z.enum(['retain', 'delete']).default('retain'),
    /** `reference` runs code in place from the code bucket; `copy` lets Lambda keep a copy of its own. */
    codeStorage: z.enum(['reference', 'copy']).default('reference'),
    /** Seconds between two looks at a draining queue; three empty looks in a row end the drain. */
    drainLookSeconds: z.int().min(1).max(900).default(90),
    /** Failed tries after which a group's phase is `Failed` and only a change or the sweep tries again. */
    reconcileAttempts: z.int().min(1).max(20).default(7),
    /** Groups looked at in parallel, by class of hint, in invocations of up to 10 groups each. */
    reconcilers: z
      .strictObject({
        changes: concurrentReconciles.default(4),
        rollouts: concurrentReconciles.default(3),
        sweeps: concurrentReconciles.default(2),
      })
      .prefault({}),
    /** Whether our own functions reserve concurrency; off for accounts that have none to reserve. */
    reserveOwnConcurrency: z.boolean().default(true),
    /**
     * Guarded resources: how many tasks of the whole stage may hold a permit of each name at once (`ctx.withPermit`).
     * `-c 'sluice:permits={"gpu": 2}'`. A change holds from the next permit taken on; holders are left to finish.
     * Handed to the API alone, which shows them: the tasks table says what holds.
     */
    permits: z.record(PermitName, PermitLimit).default({}),
    /** How often dead-letter queues are looked through: reasons added, old letters saved; in minutes. */
    deadLetterPeriodMinutes: z.int().min(1).max(1_440).default(60),
    /** Sets defaults of the job service: {@link presets}. */
    preset: z.enum(['dev', 'prod', 'high-performance']).optional(),
    /** Tasks a `POST /jobs` may carry itself; more go into a file. */
    maxTasksPerRequest: z.int().min(1).max(10_000).default(1_000),
    /** Jobs of one task group, or of one function, that run at once; the next wait. */
    maxParallelJobsPerGroup: z.int().min(1).max(100).default(2),
    /** Jobs that run at once in all. */
    maxParallelJobs: z.int().min(1).max(1_000).default(20),
    /** Whether `POST /jobs` answers at once where the request does not say; false: it waits for the end as long as it can. */
    asyncProcessing: z.boolean().default(true),
    /** Most sends in flight that a job may ask for (`maxConcurrent`). */
    maxConcurrentSends: z.int().min(1).max(1_000).default(100),
    /** Most tasks read ahead that a job may ask for (`batchSize`). */
    maxBatchSize: z.int().min(1).max(10_000).default(500),
    /** Most tasks of a function that a job may have accepted and without a result (`maxOutstanding`). */
    maxOutstanding: z.int().min(1).max(1_000).default(1_000),
    /** Lambda functions that jobs may name instead of a task group. */
    functions: z.array(FunctionReference).max(100).default([]),
    /** The function of a job that names neither a task group nor a function. */
    defaultFunction: FunctionReference.optional(),
    /** Base of the callback URLs that functions are given; default the API's own address. */
    apiBaseUrl: z.url({ protocol: /^https?$/ }).optional(),
    /** Buckets, besides the stage's own, whose files jobs may name. */
    inputBuckets: z.array(z.string().min(3).max(63)).max(20).default([]),
    /** Hosts that webhooks may go to: `hooks.example.com`, `*.example.com`, with `:port` where it is not 443. */
    webhookHosts: z
      .array(
        z
          .string()
          .regex(/^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?$/, 'must be a host in lower case, like hooks.example.com or *.example.com'),
      )
      .max(100)
      .default([]),
    /** Whether webhooks may go to private addresses: only for a stage that nobody untrusted submits jobs to. */
    webhookPrivateAddresses: z.boolean().default(false),
    /** How long jobs, results and uploads are kept after their end, in days. */
    jobRetentionDays: z.int().min(1).max(365).default(30),
    /** Requests that may wait for a job's end at once; above it they are answered at once. */
    maxWaits: z.int().min(1).max(500).default(20),
    /** Whether inputs of jobs that state needs are looked at, and their validator asked, before they take a place. */
    validateJobs: z.boolean().default(true),
    /** Whether a job that states needs is tried again after a TRANSIENT or RESOURCE failure. */
    retryJobs: z.boolean().default(true),
    /** Whether each change of state of a job that states needs is told of; false: its ends alone, as of any other job. */
    notifyJobs: z.boolean().default(true),
    /** How long a job stays with whoever works for it without a word of theirs, in seconds; a heartbeat is due each third of it. */
    leaseSeconds: z.int().min(3).max(3_600).default(300),
    /** JSON Schema that the body of a job that states needs is held against when it is handed in. For the API alone. */
    bodySchema: BodySchema.optional(),
    /** A Lambda function that looks at each job that states needs before it takes a place. */
    validatorFunction: FunctionReference.optional(),
    /** Largest input of a job that states needs, in bytes; default: no limit. */
    maxInputBytes: z
      .int()
      .min(0)
      .max(50 * 1_099_511_627_776)
      .optional(),
    /** ARN of an SNS topic that the alarms notify. */
    alarmTopicArn: z
      .string()
      .regex(/^arn:[\w-]+:sns:/, 'must be the ARN of an SNS topic')
      .optional(),
  })
  .transform((settings) => ({ ...settings, prefix: settings.prefix ?? `sluice-${settings.stage}` }));

/** What a preset sets, where nothing else does. */
export const presets = {
  dev: { maxParallelJobsPerGroup: 2, maxTasksPerRequest: 100 },
  prod: { maxParallelJobsPerGroup: 4, maxTasksPerRequest: 1_000 },
  'high-performance': { maxParallelJobsPerGroup: 8, maxTasksPerRequest: 2_000 },
} as const satisfies Record<string, Partial<StageSettingsInput>>;

/** Where a setting's value came from; the later goes over the earlier. */
export const settingSources = ['default', 'preset', 'context', 'environment'] as const;
export type SettingSource = (typeof settingSources)[number];

export type StageSettings = z.output<typeof StageSettings>;
export type StageSettingsInput = z.input<typeof StageSettings>;

/** Concurrency our own functions reserve, by function; all together must fit in the account as well. */
export function ownReservations(settings: StageSettings): Record<OwnFunction, number> {
  const { changes, rollouts, sweeps } = settings.reconcilers;
  return {
    jobApi: settings.maxWaits + 10,
    jobWait: settings.maxWaits,
    jobIntake: 2,
    jobDispatcher: 4,
    jobProgress: 8,
    jobResults: 2,
    jobNotifier: 2,
    jobSweeper: 1,
    poolScheduler: 1,
    jobValidator: 2,
    streamListener: 2,
    pipelineReconciler: changes + rollouts + sweeps,
    codeUpdater: 2,
    pipelineSweeper: 1,
    deadLetterKeeper: 1,
    permitLimits: 1,
    stackCleaner: 2,
  };
}

/** Sum of {@link ownReservations}, 0 where the stage reserves nothing for itself. */
export function ownReservedConcurrency(settings: StageSettings): number {
  if (!settings.reserveOwnConcurrency) return 0;
  return Object.values(ownReservations(settings)).reduce((sum, reserved) => sum + reserved, 0);
}

export type OwnFunction =
  | 'jobApi'
  | 'jobWait'
  | 'jobIntake'
  | 'jobDispatcher'
  | 'jobProgress'
  | 'jobResults'
  | 'jobNotifier'
  | 'jobSweeper'
  | 'poolScheduler'
  | 'jobValidator'
  | 'streamListener'
  | 'pipelineReconciler'
  | 'codeUpdater'
  | 'pipelineSweeper'
  | 'deadLetterKeeper'
  | 'permitLimits'
  | 'stackCleaner';

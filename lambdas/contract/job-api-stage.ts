/** What the job API says of the stage itself: figures, settings, pipelines. */
import { z } from 'zod';
import { JobStatus } from './job.ts';
import { Phase, RunningRelease } from './pipeline-row.ts';
import { PoolRow } from './placement-table.ts';
import { settingSources } from './settings.ts';

export const GroupStats = z.object({
  taskGroup: z.string(),
  phase: Phase,
  limit: z.int().optional().describe('Tasks at once (`concurrency`)'),
  ratePerSecond: z.number().optional(),
  reserved: z.int().optional().describe('Reserved concurrency it holds'),
  inFlight: z.int().describe('Tasks being handled, as far as SQS knows'),
  queued: z.int().describe('Tasks on its queue, those with a delay among them'),
  stored: z.int().describe('Tasks of its jobs that are not on the queue yet'),
  oldestAgeSeconds: z.int().optional().describe('Since its oldest job that has not ended was accepted'),
  deadLetters: z.int(),
  mappingRuns: z.boolean().describe('Its consumer is fed: not paused, and not cooling for long'),
  dispatching: z.boolean().describe('Tasks of a running job are being put on its queue'),
  jobs: z.object({ running: z.int(), waiting: z.int() }),
});
export type GroupStats = z.infer<typeof GroupStats>;

export const PermitStats = z.object({
  name: z.string(),
  total: z.int(),
  free: z.int(),
  waiting: z.int().describe('Tasks in line for it'),
});
export type PermitStats = z.infer<typeof PermitStats>;

/** What of a quantity is used; more than there is where the capacity shrank below it. */
const Use = z.object({ used: z.number(), total: z.number() });

/** Of jobs that state needs. A customer has such of its own, and so has a pool. */
const placedCounts = {
  ready: z.int().describe('Jobs that wait for a pool; of a pool: those that it could take'),
  inProgress: z.int().describe('Jobs that are on a pool'),
  retrying: z.int().describe('Jobs that failed and come back; of a pool: those that failed there last'),
  failed: z.int().describe('Jobs made in the last day that are FAILED; of a pool: those that failed there last'),
};

export const PoolStats = z.object({
  pool: z.string().describe('Its task group'),
  state: PoolRow.shape.state,
  why: z.string().optional().describe('Why it is not open'),
  ...placedCounts,
  maxJobs: z.int().describe('Jobs it takes at once'),
  quantities: z.record(z.string(), Use).describe('Use of each quantity'),
});
export type PoolStats = z.infer<typeof PoolStats>;

export const CustomerStats = z.object({
  customer: z.string().optional().describe('Absent: jobs without one, which count as one customer'),
  ...placedCounts,
  maxJobs: z.int().optional().describe('Jobs it may have on pools at once; absent: as many as there is room for'),
  weight: z.number(),
  share: z.number().describe('What it uses of the scarcest quantity of all open pools (0 to 1), divided by its weight'),
  oldestWaitSeconds: z.int().optional(),
});
export type CustomerStats = z.infer<typeof CustomerStats>;

export const PlacementStats = z.object({
  ...placedCounts,
  maxJobs: z.int().describe('Jobs that may be on pools at once'),
  oldestWaitSeconds: z.int().optional(),
  quantities: z.record(z.string(), Use).describe('Of all open pools'),
  pools: z.array(PoolStats),
  customers: z.array(CustomerStats).describe('Those with a job that waits or is on a pool, or with limits of their own'),
  areMinimums: z.boolean().describe('More jobs are retrying or failed than were counted'),
});
export type PlacementStats = z.infer<typeof PlacementStats>;

export const ConcurrencyStats = z.object({
  overall: z.object({
    limit: z.int().describe('Of the groups of this page, added up, as are the next five'),
    inFlight: z.int(),
    queued: z.int(),
    stored: z.int(),
    deadLetters: z.int(),
    oldestAgeSeconds: z.int().optional(),
    maxParallelJobs: z.int(),
    maxParallelJobsPerGroup: z.int(),
    runningJobs: z.int(),
    dispatcherRuns: z.boolean().describe('Whether any job is being dispatched'),
    jobs: z.record(JobStatus, z.int()).describe('By status, up to 5,000 each'),
    jobsAreMinimums: z.boolean().describe('Of some status there are more than were counted'),
    reservedConcurrency: z
      .object({
        account: z.int().describe('Concurrency of the account'),
        own: z.int().describe('Reserved by our own functions'),
        groups: z.int().describe('Reserved by the pipelines of the stage'),
        others: z.int().describe('Reserved by everything else in the account'),
        free: z.int().describe('What can still be reserved'),
      })
      .optional()
      .describe('As it was when a pipeline last asked; absent before'),
  }),
  permits: z.array(PermitStats),
  placement: PlacementStats.optional().describe('Of jobs that state needs, and of the pools; absent where the stage has neither'),
  groups: z.array(GroupStats),
  next: z.string().optional().describe('There is more: pass it as `after`'),
});
export type ConcurrencyStats = z.infer<typeof ConcurrencyStats>;

export const SettingView = z.object({
  name: z.string(),
  value: z.json().optional().describe('Absent where it is not set'),
  unit: z.string().optional(),
  source: z.enum(settingSources).describe('Where the value came from'),
});
export type SettingView = z.infer<typeof SettingView>;
export const StageConfig = z.object({ settings: z.array(SettingView) });

export const PipelineView = z.object({
  taskGroup: z.string(),
  phase: Phase,
  message: z.string(),
  problems: z.array(z.string()).optional(),
  warnings: z.array(z.string()).optional(),
  consumer: z.enum(['plain', 'sluice']).optional().describe('`sluice`: jobs can be submitted to it'),
  concurrency: z.int().optional(),
  ratePerSecond: z.number().optional(),
  paused: z.boolean().optional(),
  fifo: z.boolean().optional(),
  queueUrl: z.string().optional(),
  deadLetterQueueUrl: z.string().optional(),
  functionName: z.string().optional(),
  codeKey: z.string().optional(),
  release: RunningRelease.optional(),
  reserved: z.int().optional(),
  coolingUntil: z.string().optional().describe('Its target said "too many": nothing starts before'),
  createdAt: z.string(),
  updatedAt: z.string(),
  appliedAt: z.string().optional(),
});
export type PipelineView = z.infer<typeof PipelineView>;
export const PipelinePage = z.object({
  pipelines: z.array(PipelineView),
  next: z.string().optional().describe('There is more: pass it as `after`'),
});
export type PipelinePage = z.infer<typeof PipelinePage>;

/** What the functions of the job service share, and the environment that tells them of it. */
import type { z } from 'zod';
import type { DispatcherEnvironment, JobEnvironment } from '../../../lambdas/contract/env.ts';
import type { StageSettings } from '../../../lambdas/contract/settings.ts';
import { type LongSetting, type StageParts, sharedEnvironment } from '../stage-parts.ts';
import type { JobsTable } from './jobs-table.ts';

export interface JobParts extends StageParts {
  table: JobsTable;
}

/** Lambda sets the region itself. */
type SharedJobEnvironment = Record<Exclude<keyof z.input<typeof JobEnvironment>, 'AWS_REGION'>, string>;

export function jobEnvironment(parts: JobParts, needed: readonly LongSetting[] = []): SharedJobEnvironment {
  const { jobQueues, table } = parts;
  return {
    ...sharedEnvironment(parts, needed),
    SLUICE_JOBS_TABLE: table.tableName,
    SLUICE_DISPATCH_QUEUE_URL: jobQueues.dispatch.queueUrl,
    SLUICE_INTAKE_QUEUE_URL: jobQueues.intake.queueUrl,
    SLUICE_RESULTS_QUEUE_URL: jobQueues.results.queueUrl,
    SLUICE_EVENTS_QUEUE_URL: jobQueues.events.queueUrl,
    SLUICE_VALIDATION_QUEUE_URL: jobQueues.validation.queueUrl,
  };
}

/** Where whoever works for a job finds the API: `apiUrl`, unless the stage says otherwise. */
export const apiAddress = ({ apiBaseUrl }: StageSettings, apiUrl: string) =>
  ({ SLUICE_API_URL: apiBaseUrl?.replace(/\/+$/, '') ?? apiUrl }) satisfies Partial<z.input<typeof DispatcherEnvironment>>;

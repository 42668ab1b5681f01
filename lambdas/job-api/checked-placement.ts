/** What a job that states needs is held against before it is stored: whether any pool could ever take it, and how it waits. */
import type { JobApiServices } from '../aws/jobs/job-api-services.ts';
import type { JobRequest } from '../contract/job.ts';
import { limitDefaults } from '../contract/placement.ts';
import type { OverallRow, PoolRow } from '../contract/placement-table.ts';
import { placementWarnings, unmetNeeds } from '../domain/job/needs-met.ts';
import type { PlacingRules } from '../domain/job/new-job.ts';
import { fieldProblem } from '../framework/http/problem.ts';

export interface CheckedPlacement {
  placing: PlacingRules;
  warnings: string[];
}

export async function checkedPlacement({ placement, stage }: JobApiServices, request: JobRequest): Promise<CheckedPlacement> {
  const [pools, overall]: [PoolRow[], OverallRow | undefined] = await Promise.all([placement.pools(), placement.overall()]);
  const wish = { needs: request.needs ?? {}, affinity: request.affinity };
  const problems = unmetNeeds(pools, wish);
  if (problems.length > 0) throw fieldProblem('invalid', problems);
  const { validateJobs, validatorFunction } = stage.settings;
  return {
    placing: {
      validates: validateJobs && (validatorFunction !== undefined || (request.inputs ?? []).length > 0),
      ageingSeconds: overall?.ageingSeconds ?? limitDefaults.ageingSeconds,
    },
    warnings: placementWarnings(pools, wish),
  };
}

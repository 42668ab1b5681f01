/** What routes of jobs that state needs have in common. */
import { viewJob } from '../aws/jobs/job-view.ts';
import { followStep } from '../aws/placement/follow-step.ts';
import type { Stepped } from '../aws/placement/steps.ts';
import { isPlaced, type PlacedJob } from '../domain/placement/placed-job.ts';
import { HttpProblem } from '../framework/http/problem.ts';
import { errorFields } from '../framework/log.ts';
import { type Call, jobIdOf, noSuchJob } from './route.ts';

export async function placedJobOf(call: Call): Promise<PlacedJob> {
  const id = jobIdOf(call);
  const row = await call.services.jobs.get(id);
  if (row === undefined) throw noSuchJob(id);
  if (!isPlaced(row)) throw new HttpProblem('conflict', 'The job names who does its tasks: this is for jobs that state needs (body)');
  return row;
}

/** Whoever goes on with it hears of the step; 409 with how the job stands where it was past it. */
export async function followed(call: Call, job: string, stepped: Stepped, rule: string): Promise<void> {
  if (stepped.kind === 'past') throw await notNow(call, job, rule);
  await followStep(call.services, stepped).catch((error: unknown) =>
    call.services.log.warn('nobody was told; the sweep finds it', { job, ...errorFields(error) }),
  );
}

export async function notNow({ services }: Call, job: string, rule: string): Promise<HttpProblem> {
  const seen = await viewJob(services, job);
  return seen === undefined ? noSuchJob(job) : new HttpProblem('conflict', `The job is ${seen.status} (${seen.message}): ${rule}`);
}

/** POST /jobs/{id}/retry: the failed tasks of a job that has ended, once more; of one that states needs, from a step of it on. */

import { hasEnded } from '../contract/job.ts';
import { RetryQuery } from '../contract/job-api.ts';
import type { Counts, JobRow } from '../contract/job-table.ts';
import { isPlaced, type PlacedJob } from '../domain/placement/placed-job.ts';
import type { Answer } from '../framework/http/answer.ts';
import { fieldProblem, HttpProblem } from '../framework/http/problem.ts';
import { queryOf } from '../framework/http/query.ts';
import { errorFields } from '../framework/log.ts';
import { jobAnswer } from './job-answers.ts';
import { followed } from './placed-job.ts';
import { type Call, jobIdOf, noSuchJob } from './route.ts';

export async function retryJob(call: Call): Promise<Answer> {
  const { services, request } = call;
  const { from } = queryOf(request, RetryQuery);
  const id = jobIdOf(call);
  const looked = await services.jobs.look(id);
  if (looked === undefined) throw noSuchJob(id);
  const refusal = whyNot(looked.row, looked.counts);
  if (refusal !== undefined) throw new HttpProblem('conflict', refusal);
  if (isPlaced(looked.row)) return retriedPlaced(call, looked.row, from);
  if (from !== undefined)
    throw fieldProblem('invalid', [{ field: 'from', message: 'is of jobs that state needs: others have steps of their tasks' }]);
  if (!(await services.jobs.retry(looked.row))) throw new HttpProblem('conflict', 'Somebody else has it tried again already');
  await services.hints
    .schedule()
    .catch((error: unknown) => services.log.warn('not hinted; the sweep finds it', { job: id, ...errorFields(error) }));
  return jobAnswer(call, id);
}

/** Its recorded steps are kept, so that it goes on where it failed; those from `from` on are forgotten first. */
async function retriedPlaced(call: Call, row: PlacedJob, from: string | undefined): Promise<Answer> {
  const { placement } = call.services;
  if (from !== undefined && !(await placement.forgetSteps(row, from)))
    throw fieldProblem('invalid', [{ field: 'from', message: 'is no step of the job: neither named in its steps nor recorded' }]);
  await followed(call, row.job, await placement.retry(row.job), 'only one that has FAILED is tried again');
  return jobAnswer(call, row.job);
}

function whyNot(row: JobRow, { failed }: Counts): string | undefined {
  if (!hasEnded(row.status)) return `The job is ${row.status}; only one that has ended is tried again`;
  // Its tasks are told apart by its id, and none of a cancelled job ever starts.
  if (row.status === 'CANCELLED') return 'The job was cancelled: submit its failed tasks anew, from GET /jobs/{id}/results?only=failed';
  if (row.total === undefined) return 'Its file could not be read: put it right and submit it anew';
  return failed === 0 ? 'No task of it failed' : undefined;
}

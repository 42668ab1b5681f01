/** POST /jobs/{id}/retry: the failed tasks of a job that has ended, once more. */

import { hasEnded } from '../contract/job.ts';
import { NoQuery } from '../contract/job-api.ts';
import type { Counts, JobRow } from '../contract/job-table.ts';
import type { Answer } from '../framework/http/answer.ts';
import { HttpProblem } from '../framework/http/problem.ts';
import { queryOf } from '../framework/http/query.ts';
import { errorFields } from '../framework/log.ts';
import { jobAnswer } from './job-answers.ts';
import { type Call, jobIdOf, noSuchJob } from './route.ts';

export async function retryJob(call: Call): Promise<Answer> {
  const { services, request } = call;
  queryOf(request, NoQuery);
  const id = jobIdOf(call);
  const looked = await services.jobs.look(id);
  if (looked === undefined) throw noSuchJob(id);
  const refusal = whyNot(looked.row, looked.counts);
  if (refusal !== undefined) throw new HttpProblem('conflict', refusal);
  if (!(await services.jobs.retry(looked.row))) throw new HttpProblem('conflict', 'Somebody else has it tried again already');
  await services.hints
    .schedule()
    .catch((error: unknown) => services.log.warn('not hinted; the sweep finds it', { job: id, ...errorFields(error) }));
  return jobAnswer(call, id);
}

function whyNot(row: JobRow, { failed }: Counts): string | undefined {
  if (!hasEnded(row.status)) return `The job is ${row.status}; only one that has ended is tried again`;
  // Its tasks are told apart by its id, and none of a cancelled job ever starts.
  if (row.status === 'CANCELLED') return 'The job was cancelled: submit its failed tasks anew, from GET /jobs/{id}/results?only=failed';
  if (row.total === undefined) return 'Its file could not be read: put it right and submit it anew';
  return failed === 0 ? 'No task of it failed' : undefined;
}

/** POST /jobs/{id}/cancel: what has not started never runs. Once more does no harm. */
import { afterEnd } from '../aws/jobs/follow-up.ts';
import { followStep } from '../aws/placement/follow-step.ts';
import { hasEnded } from '../contract/job.ts';
import { NoQuery } from '../contract/job-api.ts';
import type { JobRow } from '../contract/job-table.ts';
import { endEvent } from '../domain/job/ending.ts';
import type { Answer } from '../framework/http/answer.ts';
import { HttpProblem } from '../framework/http/problem.ts';
import { queryOf } from '../framework/http/query.ts';
import { errorFields } from '../framework/log.ts';
import { jobAnswer } from './job-answers.ts';
import { type Call, jobIdOf, noSuchJob } from './route.ts';

/** It starts, or its file is read to the end, while it is being cancelled: then it is looked at again. */
const tries = 5;

export async function cancelJob(call: Call): Promise<Answer> {
  const { services, request } = call;
  queryOf(request, NoQuery);
  const id = jobIdOf(call);
  for (let tried = 0; tried < tries; tried += 1) {
    const row = await services.jobs.get(id);
    if (row === undefined) throw noSuchJob(id);
    if (row.status === 'CANCELLED') return jobAnswer(call, id);
    if (hasEnded(row.status)) throw new HttpProblem('conflict', `The job is ${row.status} already: nothing is left to cancel`);
    const told = await cancelled(services, row);
    if (told === undefined) continue;
    await told().catch((error: unknown) =>
      services.log.warn('nobody was told of the end; the sweep will', { job: id, ...errorFields(error) }),
    );
    return jobAnswer(call, id);
  }
  throw new HttpProblem('busy', 'The job changed whenever it was to be cancelled; try again', [], { 'retry-after': '1' });
}

/** What has others hear of it; undefined where the job changed meanwhile. */
async function cancelled(services: Call['services'], row: JobRow): Promise<(() => Promise<void>) | undefined> {
  if (row.placed === undefined)
    return (await services.jobs.cancel(row)) ? () => afterEnd(services, row, endEvent(row, 'CANCELLED')) : undefined;
  const stepped = await services.placement.cancel(row.job);
  return stepped.kind === 'done' ? () => followStep(services, stepped) : undefined;
}

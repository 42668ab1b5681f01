/** PATCH /jobs/{id}: another priority, another pool, more or fewer retries, as long as the job waits. */
import { NoQuery } from '../contract/job-api.ts';
import { JobChange } from '../contract/lease-api.ts';
import { unmetNeeds } from '../domain/job/needs-met.ts';
import type { Answer } from '../framework/http/answer.ts';
import { fieldProblem } from '../framework/http/problem.ts';
import { queryOf } from '../framework/http/query.ts';
import { smallBodyLimit } from './body-limit.ts';
import { jobAnswer } from './job-answers.ts';
import { parsedBody } from './parsed-body.ts';
import { followed, placedJobOf } from './placed-job.ts';
import type { Call } from './route.ts';

export async function changeJob(call: Call): Promise<Answer> {
  const { services, request } = call;
  queryOf(request, NoQuery);
  const { job, placed } = await placedJobOf(call);
  const change = parsedBody(call, JobChange, { limit: smallBodyLimit });
  if (change.affinity) {
    const problems = unmetNeeds(await services.placement.pools(), { needs: placed.needs, affinity: change.affinity });
    if (problems.length > 0) throw fieldProblem('invalid', problems);
  }
  await followed(call, job, await services.placement.change(job, change), 'it is changed only while it waits');
  return jobAnswer(call, job);
}

/** POST /jobs/{id}/release: takes a job off its pool, by hand. */
import { NoQuery } from '../contract/job-api.ts';
import type { Answer } from '../framework/http/answer.ts';
import { queryOf } from '../framework/http/query.ts';
import { jobAnswer } from './job-answers.ts';
import { followed, placedJobOf } from './placed-job.ts';
import type { Call } from './route.ts';

export async function releaseJob(call: Call): Promise<Answer> {
  queryOf(call.request, NoQuery);
  const { job } = await placedJobOf(call);
  await followed(call, job, await call.services.placement.release(job), 'it is on no pool, and holds nothing to release');
  return jobAnswer(call, job);
}

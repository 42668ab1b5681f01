/** GET /jobs/{id}: how it stands; with `Prefer: wait` how it stands when it has ended, if that is soon enough. */
import { viewJob } from '../aws/jobs/job-view.ts';
import { hasEnded } from '../contract/job.ts';
import { longestWaitSeconds, NoQuery } from '../contract/job-api.ts';
import { type Answer, json } from '../framework/http/answer.ts';
import { preferencesOf } from '../framework/http/prefer.ts';
import { queryOf } from '../framework/http/query.ts';
import { retryAfter, waited } from './job-answers.ts';
import { type Call, jobIdOf, noSuchJob } from './route.ts';

export async function getJob(call: Call): Promise<Answer> {
  queryOf(call.request, NoQuery);
  const id = jobIdOf(call);
  const job = await viewJob(call.services, id);
  if (job === undefined) throw noSuchJob(id);
  const { wait = 0 } = preferencesOf(call.request.headers.get('prefer'));
  if (hasEnded(job.status) || wait === 0) return json(200, job, retryAfter(call, job));
  const then = await waited(call, id, Math.min(wait, longestWaitSeconds), false);
  if (then === undefined) return json(200, job, retryAfter(call, job));
  return json(200, then, { ...retryAfter(call, then), 'preference-applied': 'wait' });
}

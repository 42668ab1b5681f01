/**
 * POST /jobs. In this order: whether it is a repeat, what is wrong with it, its tasks to S3, then the job in one write. So a
 * request that is refused leaves nothing behind, and one that is accepted is sent though everything may die right after.
 */
import { viewJob } from '../aws/jobs/job-view.ts';
import { hasEnded, type Job, type JobAccepted } from '../contract/job.ts';
import { IdempotencyKey, SubmitQuery } from '../contract/job-api.ts';
import { type WaitWish, waitWish } from '../domain/job/wait-wish.ts';
import { type Answer, json } from '../framework/http/answer.ts';
import { jsonBody } from '../framework/http/json-body.ts';
import { preferencesOf } from '../framework/http/prefer.ts';
import { fieldProblem } from '../framework/http/problem.ts';
import { headerOf, queryOf } from '../framework/http/query.ts';
import { bodyLimit } from './body-limit.ts';
import { checkedRequest } from './checked-request.ts';
import { dryRun } from './explain-job.ts';
import { retryAfter, waited } from './job-answers.ts';
import type { Call } from './route.ts';
import { repeatedJob, storedJob } from './stored-job.ts';

export async function submitJob(call: Call): Promise<Answer> {
  const { services, request } = call;
  const query = queryOf(request, SubmitQuery);
  const key = headerOf(request, 'Idempotency-Key', IdempotencyKey);
  const wish = waitWish(
    { preferences: preferencesOf(request.headers.get('prefer')), async: query.async },
    services.stage.settings.asyncProcessing,
  );
  const body = jsonBody(request, bodyLimit);
  if (query.dryRun === true) return wouldBe(call, body);

  const id = (await repeatedJob(call, key, body)) ?? (await storedJob(call, key, body, (job) => checkedRequest(services, body, job)));
  const ended = wish.seconds > 0 ? await waited(call, id, wish.seconds, true) : undefined;
  return answerFor(call, id, wish, ended);
}

/** Nothing is stored, and no key is remembered. */
async function wouldBe({ services }: Call, body: unknown): Promise<Answer> {
  const { request, placing, nowMs } = await checkedRequest(services, body, services.newId());
  if (placing !== undefined) return json(200, await dryRun(services, request, nowMs));
  throw fieldProblem('malformed', [
    { field: 'dryRun', message: 'is of jobs that state needs: those that name who does them wait for their turn alone' },
  ]);
}

/** 200 with everything if it has ended in time, else 202 with where to look. */
async function answerFor(call: Call, id: string, { applied }: WaitWish, seen: Job | undefined): Promise<Answer> {
  const headers = {
    location: `/jobs/${id}`,
    ...(applied === undefined || (applied === 'wait' && seen === undefined) ? {} : { 'preference-applied': applied }),
  };
  if (seen !== undefined && hasEnded(seen.status)) return json(200, seen, headers);
  const job = seen ?? (await viewJob(call.services, id).catch(() => undefined));
  const accepted: JobAccepted = {
    id,
    status: job?.status ?? 'PENDING',
    message: job === undefined ? 'accepted' : `accepted: ${job.message}`,
  };
  return json(202, accepted, { ...headers, ...(job === undefined ? { 'retry-after': '2' } : retryAfter(call, job)) });
}

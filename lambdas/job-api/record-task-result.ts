/**
 * POST /jobs/{id}/tasks/{taskId}/result: how a function, or whoever works for it, ends one attempt of one task. API Gateway
 * lets everybody through; the token is the right to it, and to nothing else.
 */
import { followUp } from '../aws/jobs/follow-up.ts';
import { TaskResult } from '../contract/job.ts';
import { type CallbackAnswer, NoQuery, TaskNumber } from '../contract/job-api.ts';
import type { JobRow, TaskRow } from '../contract/job-table.ts';
import { fieldErrors } from '../contract/problems.ts';
import { textProblems } from '../domain/job/request-rules.ts';
import { type Attempt, attemptOf } from '../domain/job/token.ts';
import { type Answer, json } from '../framework/http/answer.ts';
import { jsonBody } from '../framework/http/json-body.ts';
import { fieldProblem, HttpProblem } from '../framework/http/problem.ts';
import { queryOf } from '../framework/http/query.ts';
import { errorFields } from '../framework/log.ts';
import { bearerToken } from './bearer-token.ts';
import { resultBodyLimit } from './body-limit.ts';
import { type Call, jobIdOf, noSuchJob } from './route.ts';
import { takeOutcome } from './task-outcome.ts';

export async function recordTaskResult(call: Call): Promise<Answer> {
  const { services, request } = call;
  queryOf(request, NoQuery);
  const token = bearerToken(call);
  const id = jobIdOf(call);
  const row = await services.jobs.get(id);
  if (row === undefined) throw noSuchJob(id);
  const n = taskNumber(call, row);
  const attempt = attemptOf(row.tokenKey, n, token);
  if (attempt === undefined) throw new HttpProblem('token-wrong', 'The token is not of this task; send back the one that came with it');

  const applied = await takeOutcome(services, row, attempt, resultIn(call));
  // Counted already: the next word about the job, or the sweep, makes good what fails here.
  await followUp(services, id).catch((error: unknown) => services.log.warn('nobody followed up', { job: id, ...errorFields(error) }));
  const status = (await services.jobs.get(id))?.status ?? row.status;
  const recorded = applied.recorded.has(n);
  return json(200, {
    recorded,
    message: recorded ? 'recorded' : whyNot(applied.rows.get(n), attempt),
    job: { id, status },
  } satisfies CallbackAnswer);
}

function taskNumber({ parameters }: Call, { total, job }: JobRow): number {
  const given = TaskNumber.safeParse(parameters.get('taskId'));
  const n = Number(given.data);
  if (given.success && (total === undefined || n <= total)) return n;
  throw new HttpProblem('not-found', `Job ${job} has no such task`);
}

function resultIn({ request }: Call): TaskResult {
  const body = jsonBody(request, resultBodyLimit);
  const parsed = TaskResult.safeParse(body);
  if (!parsed.success) throw fieldProblem('invalid', fieldErrors(parsed.error));
  const { status, ...rest } = parsed.data;
  const problems = status === 'failed' ? textProblems(rest) : [];
  if (problems.length > 0) throw fieldProblem('invalid', problems);
  return parsed.data;
}

function whyNot(row: TaskRow | undefined, { attempt, life }: Attempt): string {
  if (row === undefined) return 'not recorded';
  if (row.status === 'done' || row.status === 'failed') return `not recorded: the task is ${row.status} already`;
  if (row.life > life || row.attempt > attempt || row.status === 'retrying')
    return 'not recorded: this attempt was given up, and the task is being tried again';
  return 'not recorded: a later word about the task is there already';
}

/** PATCH /jobs/{id}: another priority, another pool, more or fewer retries, as long as the job waits. */
import { NoQuery } from '../contract/job-api.ts';
import { functionOfTarget } from '../contract/job-messages.ts';
import type { JobRow } from '../contract/job-table.ts';
import { JobChange } from '../contract/lease-api.ts';
import type { FieldError } from '../contract/problems.ts';
import { unmetNeeds } from '../domain/job/needs-met.ts';
import { isPlaced, type PlacedJob } from '../domain/placement/placed-job.ts';
import type { Answer } from '../framework/http/answer.ts';
import { fieldProblem, HttpProblem } from '../framework/http/problem.ts';
import { queryOf } from '../framework/http/query.ts';
import { errorFields } from '../framework/log.ts';
import { smallBodyLimit } from './body-limit.ts';
import { jobAnswer } from './job-answers.ts';
import { parsedBody } from './parsed-body.ts';
import { followed, notNow } from './placed-job.ts';
import { type Call, jobIdOf, noSuchJob } from './route.ts';

/** It starts, or somebody else changes it, while it is being changed: then it is looked at again. */
const tries = 5;
const rule = 'it is changed only while it waits';

export async function changeJob(call: Call): Promise<Answer> {
  const { services, request } = call;
  queryOf(request, NoQuery);
  const id = jobIdOf(call);
  const row = await services.jobs.get(id);
  if (row === undefined) throw noSuchJob(id);
  const change = parsedBody(call, JobChange, { limit: smallBodyLimit });
  await (isPlaced(row) ? changePlaced(call, row, change) : changeUnplaced(call, row, change));
  return jobAnswer(call, id);
}

async function changePlaced(call: Call, { job, placed }: PlacedJob, change: JobChange): Promise<void> {
  const { placement } = call.services;
  if (change.affinity) {
    const problems = unmetNeeds(await placement.pools(), { needs: placed.needs, affinity: change.affinity });
    if (problems.length > 0) throw fieldProblem('invalid', problems);
  }
  await followed(call, job, await placement.change(job, change), rule);
}

/** Of one that names who does its tasks. */
async function changeUnplaced(call: Call, seen: JobRow, change: JobChange): Promise<void> {
  const { jobs, hints, log } = call.services;
  const problems = unplacedProblems(seen, change);
  if (problems.length > 0) throw fieldProblem('invalid', problems);
  let row: JobRow | undefined = seen;
  for (let tried = 0; tried < tries; tried += 1) {
    if (row?.status !== 'PENDING') throw await notNow(call, seen.job, rule);
    if (await jobs.changeWaiting(row, change)) {
      await hints.schedule().catch((error: unknown) => log.warn('not hinted; the sweep does', { job: seen.job, ...errorFields(error) }));
      return;
    }
    row = await jobs.get(seen.job);
  }
  throw new HttpProblem('busy', 'The job changed whenever it was to be changed; try again', [], { 'retry-after': '1' });
}

function unplacedProblems({ target }: JobRow, { affinity, maxRetries }: JobChange): FieldError[] {
  return [
    ...(affinity === undefined ? [] : [{ field: 'affinity', message: 'is of jobs that state needs: this one names who does its tasks' }]),
    ...(maxRetries === undefined || functionOfTarget(target) !== undefined
      ? []
      : [{ field: 'maxRetries', message: 'is for functions: a task group has its own retries, in its config item' }]),
  ];
}

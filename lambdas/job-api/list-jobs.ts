/** GET /jobs: the newest first, by status, target, customer, pool, priority and time. */

import { leaseOf } from '../aws/jobs/job-view.ts';
import { ListCursor } from '../aws/jobs/jobs-table.ts';
import type { JobPage } from '../contract/job-api.ts';
import { ListJobsQuery } from '../contract/job-api.ts';
import { functionTarget, groupTarget, needsTarget } from '../contract/job-messages.ts';
import type { JobRow } from '../contract/job-table.ts';
import { noCounts } from '../contract/job-table.ts';
import { listedFunction } from '../domain/job/function-reference.ts';
import { apiView } from '../domain/job/view.ts';
import { type Answer, json } from '../framework/http/answer.ts';
import { fieldProblem } from '../framework/http/problem.ts';
import { queryOf } from '../framework/http/query.ts';
import { inWaves } from '../framework/in-waves.ts';
import type { Call } from './route.ts';

const ordinaryPage = 20;
const looksAtOnce = 20;
/** The last millisecond that is written with four digits for the year: keys are compared as text. */
const lastMs = 253_402_300_799_999;
/** Another machine's clock may be ahead; a job is never made a day from now. */
const dayMs = 86_400_000;

export async function listJobs({ services, request }: Call): Promise<Answer> {
  const query = queryOf(request, ListJobsQuery);
  if (query.taskGroup !== undefined && query.function !== undefined)
    throw fieldProblem('malformed', [{ field: 'function', message: 'must not be there together with taskGroup' }]);
  if (query.pool !== undefined && (query.taskGroup !== undefined || query.function !== undefined))
    throw fieldProblem('malformed', [{ field: 'pool', message: 'must not be there together with taskGroup or function' }]);
  if (query.after !== undefined && !ListCursor.safeParse(query.after).success)
    throw fieldProblem('malformed', [{ field: 'after', message: 'must be `next` of the page before' }]);
  const { fromMs, toMs } = span(query, services.clock.nowMs());
  if (fromMs > toMs) return json(200, { jobs: [] } satisfies JobPage);

  const { status, customer, pool, priority, after, limit = ordinaryPage } = query;
  const page = await services.jobs
    .list({ target: targetOf(query, services), status, customer, pool, priority, fromMs, toMs, limit, after })
    .catch((error: unknown) => {
      if (!isForeignCursor(error)) throw error;
      throw fieldProblem('malformed', [{ field: 'after', message: 'is of a list that was asked for otherwise' }]);
    });
  const jobs = await inWaves(page.rows, looksAtOnce, (row) => viewed(services, row));
  return json(200, { jobs, ...(page.next === undefined ? {} : { next: page.next }) } satisfies JobPage);
}

/** A list lags behind a little: the job as it is now, counts with it. */
async function viewed(services: Call['services'], listed: JobRow) {
  const { row, counts } = (await services.jobs.look(listed.job)) ?? { row: listed, counts: noCounts };
  return apiView(row, counts, services.clock.nowMs(), await leaseOf(services, row));
}

function targetOf(query: ListJobsQuery, { stage }: Call['services']): string | undefined {
  if (query.pool !== undefined) return needsTarget;
  if (query.taskGroup !== undefined) return groupTarget(query.taskGroup);
  if (query.function === undefined) return undefined;
  const { functions, defaultFunction } = stage.settings;
  const all = [...(defaultFunction === undefined ? [] : [defaultFunction]), ...functions];
  return functionTarget(listedFunction(query.function, all, stage) ?? query.function);
}

function span({ from, to }: ListJobsQuery, nowMs: number): { fromMs: number; toMs: number } {
  const fromMs = Math.max(0, from === undefined ? 0 : Date.parse(from));
  const toMs = Math.min(lastMs, to === undefined ? nowMs + dayMs : Date.parse(to));
  if (from !== undefined && to !== undefined && fromMs > toMs)
    throw fieldProblem('malformed', [{ field: 'to', message: 'must not be before from' }]);
  return { fromMs, toMs };
}

/** DynamoDB refuses a start that is outside of what is asked for. */
const isForeignCursor = (error: unknown) => error instanceof Error && error.name === 'ValidationException';

/** GET /jobs/{id}/results: a link to the file of results, which is written when somebody first asks for it. */
import { linkSeconds } from '../aws/jobs/signed-links.ts';
import { hasEnded } from '../contract/job.ts';
import { type ResultsPlace, ResultsQuery } from '../contract/job-api.ts';
import { resultsName } from '../contract/job-table.ts';
import { isoTime } from '../framework/clock.ts';
import { type Answer, json } from '../framework/http/answer.ts';
import { HttpProblem } from '../framework/http/problem.ts';
import { queryOf } from '../framework/http/query.ts';
import { type Call, jobIdOf, noSuchJob } from './route.ts';

const retryAfterSeconds = 2;

export async function getResults(call: Call): Promise<Answer> {
  const { services, request } = call;
  const { only = 'all' } = queryOf(request, ResultsQuery);
  const id = jobIdOf(call);
  const row = await services.jobs.get(id);
  if (row === undefined) throw noSuchJob(id);
  if (!hasEnded(row.status))
    throw new HttpProblem(
      'conflict',
      `The job is ${row.status}; its results are written once it has ended. GET /jobs/${id}/tasks shows them as they come`,
    );
  if (row.total === undefined) throw new HttpProblem('conflict', 'The job has no tasks: it ended before its file was read to the end');

  const key = row.resultsFiles[resultsName(only, row.life)];
  if (key === undefined) {
    await services.hints.results({ job: id, life: row.life, only });
    return json(202, { message: 'the file is being written' }, { 'retry-after': String(retryAfterSeconds) });
  }
  const url = await services.links.get(key, `${id}-${only}.ndjson`);
  return json(200, { url, expiresAt: isoTime(services.clock.nowMs() + linkSeconds * 1_000) } satisfies ResultsPlace);
}

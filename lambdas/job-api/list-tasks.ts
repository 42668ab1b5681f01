/** GET /jobs/{id}/tasks: in order of their numbers, page by page. */
import { taskPage } from '../aws/jobs/task-pages.ts';
import { ListTasksQuery, mostResultBytes, type TaskPage } from '../contract/job-api.ts';
import { type Answer, json } from '../framework/http/answer.ts';
import { queryOf } from '../framework/http/query.ts';
import { type Call, jobIdOf, noSuchJob } from './route.ts';

const ordinaryPage = 100;

export async function listTasks(call: Call): Promise<Answer> {
  const { status, limit = ordinaryPage, after = 0 } = queryOf(call.request, ListTasksQuery);
  const id = jobIdOf(call);
  const row = await call.services.jobs.get(id);
  if (row === undefined) throw noSuchJob(id);
  const { tasks, next } = await taskPage(call.services.tasks, row, { status, limit, after, maxBytes: mostResultBytes });
  return json(200, { tasks, ...(next === undefined ? {} : { next: String(next) }) } satisfies TaskPage);
}
